/** The merged layers of a stage as a directory, mounted nowhere. */
import { close, constants, open } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Binding } from '../../native/binding.ts';

export interface OpenTree extends AsyncDisposable {
  /** `/proc/self/fd/N`: paths below it are paths in the tree. */
  readonly path: string;
  readonly fd: number;
}

/**
 * Opens layers (top first), for reading, or with `directory`, in which `upper` takes what is written. Without layers the
 * upper directory alone is the tree.
 */
export async function openTree(
  native: Binding,
  options: { readonly lower: readonly string[]; readonly directory: string; readonly isWritable: boolean },
): Promise<OpenTree> {
  const { lower, directory, isWritable } = options;
  const place = join(directory, 'place');
  const upper = join(directory, 'upper');
  const work = join(directory, 'work');
  await mkdir(place, { recursive: true });
  if (isWritable) for (const each of [upper, work]) await mkdir(each, { recursive: true, mode: 0o755 });
  // The kernel wants two directories for an overlay.
  const [first = place] = lower;
  const isPlain = isWritable ? lower.length === 0 : lower.length < 2;
  const fd = isPlain
    ? await openDirectory(isWritable ? upper : first)
    : await native.openOverlay({ lower, place, ...(isWritable ? { upper, work } : {}) });
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    fd,
    path: `/proc/self/fd/${fd}`,
    async [Symbol.asyncDispose]() {
      close(fd, () => resolve());
      await promise;
    },
  };
}

async function openDirectory(path: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  open(path, constants.O_RDONLY | constants.O_DIRECTORY, (error, fd) => (error === null ? resolve(fd) : reject(error)));
  return await promise;
}
