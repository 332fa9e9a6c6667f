import { createWriteStream } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { ComposeError } from '../util/errors.ts';
import type { Context } from './context.ts';

/** Refuses to write an archive to a terminal. */
export function checkOutput(output: string | undefined, { stdout }: Context): void {
  if (output !== undefined || stdout.isTTY !== true) return;
  throw new ComposeError('USAGE', 'an archive is nothing for a terminal', {
    hint: 'name a file with --output, or send standard output somewhere',
  });
}

/** Writes an archive to a file, which is there only when it is whole, or to standard output. */
export async function writeArchive(output: string | undefined, write: (fd: number) => Promise<unknown>): Promise<void> {
  if (output === undefined || output === '-') {
    await write(1);
    return;
  }
  const beside = `${output}.${process.pid}.part`;
  const file = await openNew(beside, output);
  try {
    await write(file.fd);
    await file.close();
    await rename(beside, output);
  } catch (error) {
    await file.close().catch(() => {});
    await unlink(beside).catch(() => {});
    throw asSpaceError(error, output);
  }
}

/** The same for what comes in pieces. */
export async function streamArchive(
  output: string | undefined,
  context: Context,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { signal, stdout } = context;
  if (output === undefined || output === '-') return await pipeline(pieces, stdout, { signal, end: false });
  await writeArchive(output, (fd) =>
    pipeline(pieces, createWriteStream('', { fd, autoClose: false, highWaterMark: 1024 * 1024 }), { signal }),
  );
}

async function openNew(path: string, shown: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ComposeError('INVALID', `cannot write ${shown}: ${code}`, { cause: error });
  }
}

function asSpaceError(error: unknown, output: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new ComposeError('NO_SPACE', `cannot write ${output}: no space is left`, { cause: error });
}
