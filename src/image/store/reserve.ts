/** Some space that the store gives up when the disk is full: to list and to remove images must need none. */
import { rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';

/** The catalog's log and shared memory, a lease, a lock. */
const reserveBytes = 512 * 1024;
/** Below this the disk counts as full; with this much it may be reserved again. */
const fullBytes = 1024 * 1024;
const plentyBytes = 64 * 1024 * 1024;

/** Keeps the reserve `path` where there is plenty of space, and gives it up where there is none. */
export function makeRoom(root: string, path: string): void {
  const { bavail, bsize } = statfsSync(root);
  const freeBytes = bavail * bsize;
  if (freeBytes < fullBytes) rmSync(path, { force: true });
  else if (freeBytes > plentyBytes && statSync(path, { throwIfNoEntry: false }) === undefined) {
    writeFileSync(path, Buffer.alloc(reserveBytes), { mode: 0o600 });
  }
}
