import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { ComposeError } from '../util/errors.ts';
import type { Context } from './context.ts';
import { writeError, writeOutputFile } from './output-file.ts';

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
    try {
      await write(1);
    } catch (error) {
      // Who read it has had enough.
      if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return;
      throw writeError(error, 'standard output');
    }
    return;
  }
  await writeOutputFile(output, 0o600, (file) => write(file.fd));
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
