/** Digests of secrets and configs, which say that one has changed and nothing about what is in it. */
import { createHmac, randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Paths } from '../state/paths.ts';
import { hasErrno } from '../util/errno.ts';

/**
 * Keyed: a short secret could be guessed from a plain digest, and digests are written down and part of a label. The key is
 * this machine's own; whoever may not make one, and only looks, gets a digest that equals no other.
 */
export function contentDigest(paths: Pick<Paths, 'digestKey'>, name: string, content: string | Uint8Array): string {
  return createHmac('sha256', readKey(paths.digestKey)).update(`${name}\0`).update(content).digest('hex');
}

function readKey(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (hasErrno(error, 'EACCES')) return randomBytes(32);
    if (!hasErrno(error, 'ENOENT')) throw error;
  }
  const own = `${path}.${process.pid}`;
  try {
    writeFileSync(own, randomBytes(32), { mode: 0o600, flag: 'wx' });
    // The first one stays.
    linkSync(own, path);
  } catch (error) {
    if (hasErrno(error, 'ENOENT') || hasErrno(error, 'EACCES') || hasErrno(error, 'EROFS')) return randomBytes(32);
    if (!hasErrno(error, 'EEXIST')) throw error;
  } finally {
    rmSync(own, { force: true });
  }
  return readFileSync(path);
}
