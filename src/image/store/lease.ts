import { unlinkSync } from 'node:fs';
import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { randomHex } from '../../native/digest.ts';
import { hasErrno } from '../../util/errno.ts';
import type { Catalog } from './catalog.ts';
import type { StoreLayout } from './layout.ts';
import { lockPath, tryLockPath } from './lock.ts';

/**
 * Holds what one operation uses or makes, until it is disposed of or its process ends. First protect, then look whether a
 * thing is there: what is there then stays.
 */
export interface Lease extends AsyncDisposable {
  /** Digests of blobs or of unpacked layers; what a manifest or an index refers to is meant too. */
  protect(...digests: readonly string[]): void;
}

const prefix = 'lease ';

/** Takes a lease. The lock on its file tells whether the process lives that took it. */
export async function takeLease(layout: StoreLayout, catalog: Catalog): Promise<Lease> {
  const id = randomHex(16);
  const path = join(layout.leases, id);
  const lock = await lockPath(path, new AbortController().signal);
  return {
    protect: (...digests) => catalog.pin(prefix + id, digests),
    async [Symbol.asyncDispose]() {
      try {
        catalog.unpin(prefix + id);
        try {
          unlinkSync(path);
        } catch {
          // Somebody has found it without its lock and taken it away.
        }
      } catch {
        // The disk is full. Without its lock a lease counts no more, and goes with the next collection.
      } finally {
        lock.release();
      }
    },
  };
}

/** Removes the leases whose process is gone. */
export async function dropDeadLeases(layout: StoreLayout, catalog: Catalog): Promise<void> {
  // Names before files: a lease taken meanwhile has a file by the time it pins anything.
  const pinned = catalog.pins().flatMap(({ owner }) => (owner.startsWith(prefix) ? owner.slice(prefix.length) : []));
  const files = await readdir(layout.leases);
  for (const id of new Set([...pinned, ...files])) {
    const path = join(layout.leases, id);
    const lock = await tryLockPath(path);
    if (lock === null) continue;
    catalog.unpin(prefix + id);
    await unlink(path).catch((error: unknown) => {
      if (!hasErrno(error, 'ENOENT')) throw error;
    });
    lock.release();
  }
}
