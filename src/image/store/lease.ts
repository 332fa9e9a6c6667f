import { readdirSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { randomHex } from '../../native/digest.ts';
import { hasErrno } from '../../util/errno.ts';
import { ComposeError } from '../../util/errors.ts';
import type { Catalog } from './catalog.ts';
import type { StoreLayout } from './layout.ts';
import { lockPath, tryLockPath } from './lock.ts';

/**
 * Holds what one operation uses or makes, until it is disposed of or its process ends. First protect, then look whether a
 * thing is there: what is there then stays.
 */
export interface Lease extends AsyncDisposable {
  /**
   * Digests of blobs or of unpacked layers; what a manifest or an index refers to is meant too. Throws NO_SPACE when it
   * cannot be written down.
   */
  protect(...digests: readonly string[]): void;
}

/**
 * Takes a lease: a file of digests, a line each, whose lock tells whether the process lives that took it. Nobody needs it
 * after a crash, so no write of it waits for the disk, which a record of the catalog would.
 */
export async function takeLease(layout: StoreLayout, catalog: Catalog): Promise<Lease> {
  const path = join(layout.leases, randomHex(16));
  const lock = await lockPath(path, new AbortController().signal);
  const held = new Set<string>();
  return {
    protect(...digests) {
      const added = digests.filter((digest) => !held.has(digest));
      if (added.length === 0) return;
      // While a collection goes on it waits, and finds missing then what was not held.
      catalog.transaction(() => append(lock.fd, added.map((digest) => `${digest}\n`).join('')));
      for (const digest of added) held.add(digest);
    },
    async [Symbol.asyncDispose]() {
      try {
        unlinkSync(path);
      } catch {
        // Somebody has found it without its lock and taken it away.
      } finally {
        lock.release();
      }
    },
  };
}

/** What all leases hold. To be called in a transaction of the catalog. */
export function leasedDigests(layout: StoreLayout): string[] {
  return readdirSync(layout.leases).flatMap((id) => {
    try {
      return readFileSync(join(layout.leases, id), 'utf8').split('\n');
    } catch (error) {
      // It has just been given up.
      if (hasErrno(error, 'ENOENT')) return [];
      throw error;
    }
  });
}

/** Removes the leases whose process is gone. */
export async function dropDeadLeases(layout: StoreLayout): Promise<void> {
  for (const id of await readdir(layout.leases)) {
    const path = join(layout.leases, id);
    const lock = tryLockPath(path);
    if (lock === null) continue;
    await unlink(path).catch((error: unknown) => {
      if (!hasErrno(error, 'ENOENT')) throw error;
    });
    lock.release();
  }
}

function append(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
  } catch (error) {
    if (!hasErrno(error, 'ENOSPC') && !hasErrno(error, 'EDQUOT')) throw error;
    throw new ComposeError('NO_SPACE', 'no space is left in the image store', {
      cause: error,
      hint: 'tscompose image prune removes images that nothing uses',
    });
  }
}
