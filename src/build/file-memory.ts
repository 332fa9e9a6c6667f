/** Digests of a context's files, kept between builds: a file whose times and size are the same is not read again. */
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256 } from '../native/digest.ts';
import type { Paths } from '../state/paths.ts';
import { hasErrno } from '../util/errno.ts';
import { replaceFile } from '../util/files.ts';
import type { DigestMemory } from './tree/digest.ts';
import type { ScannedEntry } from './tree/scan.ts';

type Known = readonly [stamp: string, digest: string];

/** Clocks of file systems are coarse: what was changed just now may change again and show the same time. */
const settledMs = 100;

export interface FileMemory extends DigestMemory {
  /** Writes down what is new. */
  save(): Promise<void>;
}

export function openFileMemory(paths: Paths, root: string): FileMemory {
  const path = join(paths.buildCache, 'files', sha256(root).slice(0, 32));
  let before: ReadonlyMap<string, Known> | undefined;
  const now = new Map<string, Known>();
  let isChanged = false;
  const read = (): ReadonlyMap<string, Known> => {
    before ??= readKnown(path);
    return before;
  };
  return {
    find(entry) {
      const known = read().get(entry.path);
      if (known === undefined || known[0] !== stampOf(entry)) return null;
      now.set(entry.path, known);
      return known[1];
    },
    keep(entry, digest) {
      if (Date.now() - entry.stats.ctimeMs < settledMs) return;
      now.set(entry.path, [stampOf(entry), digest]);
      isChanged = true;
    },
    async save() {
      if (!isChanged) return;
      const kept = [...read()].filter(([file]) => !now.has(file)).slice(0, 100_000);
      try {
        mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
        await replaceFile(path, JSON.stringify([...now, ...kept]), 0o600);
      } catch (error) {
        // The build has its own to say about a full disk; without the memory the next one reads files again.
        if (!hasErrno(error, 'ENOSPC') && !hasErrno(error, 'EDQUOT')) throw error;
      }
    },
  };
}

function readKnown(path: string): ReadonlyMap<string, Known> {
  try {
    return new Map(JSON.parse(readFileSync(path, 'utf8')) as [string, Known][]);
  } catch {
    // Not there, or not readable: the files are read again.
    return new Map();
  }
}

function stampOf({ stats: { dev, ino, size, mtimeMs, ctimeMs } }: ScannedEntry): string {
  return [dev, ino, size, mtimeMs, ctimeMs].join(' ');
}
