/**
 * What mounts need to be put on and the tree does not have. It goes into a layer of its own below what a step writes, so
 * that nothing of it becomes part of the image.
 */
import { chmodSync, chownSync, closeSync, lstatSync, mkdirSync, openSync, type Stats, utimesSync } from 'node:fs';
import { resolveInTree } from './resolve.ts';

export interface MountPoint {
  readonly path: string;
  readonly isDirectory: boolean;
}

/** Makes what is missing of `points` in the empty directory `stubs`; true when there is any. */
export function makeStubs(root: string, stubs: string, points: readonly MountPoint[]): boolean {
  let isNeeded = false;
  for (const { path, isDirectory } of points) {
    const resolved = resolveInTree(root, path);
    if (resolved.stats !== null) continue;
    isNeeded = true;
    const parts = resolved.path.split('/');
    const directories = isDirectory ? parts.length : parts.length - 1;
    for (let depth = 1; depth <= directories; depth++) {
      const place = parts.slice(0, depth).join('/');
      makeDirectory(`${stubs}/${place}`, statsOf(`${root}/${place}`));
    }
    if (!isDirectory) closeSync(openSync(`${stubs}/${resolved.path}`, 'a', 0o644));
  }
  return isNeeded;
}

/** A directory of the tree shows in the merged one as the uppermost layer has it. */
function makeDirectory(path: string, like: Stats | null): void {
  if (statsOf(path) !== null) return;
  mkdirSync(path, { mode: 0o755 });
  if (like !== null) takeAttributes(path, like);
}

/** Owner, mode and time of another directory. */
export function takeAttributes(path: string, { uid, gid, mode, atime, mtime }: Stats): void {
  chownSync(path, uid, gid);
  chmodSync(path, mode & 0o7777);
  utimesSync(path, atime, mtime);
}

function statsOf(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}
