/** The two ends of `cp` that are archives: both go through a directory of their own. */
import { createWriteStream, mkdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openWorkspace } from '../../build/workspace.ts';
import { layerFacts, readLayer } from '../../image/store/layers.ts';
import { writeLayer } from '../../native/archive.ts';
import { native } from '../../native/binding.ts';
import { ComposeError } from '../../util/errors.ts';
import { writeArchive } from '../archive-output.ts';
import type { Context } from '../context.ts';
import { writtenPath } from './place.ts';
import { machinePlace } from './root.ts';
import { type CopyEnd, type CopyOptions, copyTree } from './tree.ts';

/** What standard input holds, unpacked; the directory goes when it is disposed of. */
export async function unpackStdin(context: Context): Promise<{ readonly directory: string } & AsyncDisposable> {
  const { paths, stdin, signal } = context;
  const workspace = await openWorkspace(paths, native());
  try {
    const { directory } = workspace.step();
    const target = join(directory, 'tree');
    mkdirSync(target);
    const path = join(directory, 'archive');
    await pipeline(stdin, createWriteStream(path, { mode: 0o600 }), { signal });
    const { size: sizeBytes } = await stat(path);
    if (sizeBytes === 0) throw new ComposeError('INVALID', 'there is no archive on standard input');
    await layerFacts(readLayer({ path, sizeBytes, availableBytes: sizeBytes, directory: target }), signal);
    return { directory: target, [Symbol.asyncDispose]: () => workspace[Symbol.asyncDispose]() };
  } catch (error) {
    await workspace[Symbol.asyncDispose]();
    throw error;
  }
}

/** Writes what `from` means to standard output, below its own name. */
export async function packToStdout(from: CopyEnd, options: CopyOptions, context: Context): Promise<void> {
  await using workspace = await openWorkspace(context.paths, native());
  const { directory } = workspace.step();
  const tree = join(directory, 'tree');
  mkdirSync(tree);
  const isContent = from.written.isContent || from.written.path === '/';
  const path = isContent ? tree : join(tree, posix.basename(from.written.path));
  await using place = machinePlace(path);
  await copyTree(from, { place, written: writtenPath(path, '/'), name: path }, options);
  const form = { form: 'tree', compression: 'none', sourceDateEpoch: null, signal: options.signal } as const;
  await writeArchive(undefined, (fd) => writeLayer([tree], fd, form));
}
