import { type BigIntStats, lstatSync } from 'node:fs';
import { hasErrno } from '../util/errno.ts';

/** What is at a path, as far as it can be told without reading it. */
export interface Stamp {
  readonly kind: 'directory' | 'file' | 'other' | 'none';
  /** Equal when nothing has changed; null: it changed so lately that the next change may look the same. */
  readonly mark: string | null;
  /** It is gone or empty, which may be one half of a save. */
  readonly isPassing: boolean;
}

/** Times in inodes advance with the kernel's tick, which is 10 ms at most (CONFIG_HZ). */
const tickMs = 10n;

const nothing: Stamp = { kind: 'none', mark: 'none', isPassing: true };

/** Looks at a path without following a symlink. Sockets and what cannot be looked at count as nothing. */
export function stampOf(path: string, nowMs = Date.now()): Stamp {
  let stats: BigIntStats;
  try {
    stats = lstatSync(path, { bigint: true });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP'].some((code) => hasErrno(error, code))) return nothing;
    throw error;
  }
  if (stats.isSocket()) return nothing;
  if (stats.isDirectory()) return { kind: 'directory', mark: `directory ${stats.ino}`, isPassing: false };
  const isRacy = BigInt(nowMs) - stats.mtimeMs < tickMs;
  const mark = isRacy ? null : `${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.mode} ${stats.rdev}`;
  return stats.isFile()
    ? { kind: 'file', mark, isPassing: stats.size === 0n }
    : { kind: 'other', mark, isPassing: false };
}
