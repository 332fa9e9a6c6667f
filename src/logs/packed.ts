import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Of a rotated log that tscompose-logger has compressed. */
export const packedSuffix = '.gz';

/** Where the optional parts of a gzip header begin, and the flag of the comment (RFC 1952). */
const headerBytes = 10;
const hasComment = 0x10;

/** An inode number is given to another file as soon as it is free; when that was made tells them apart. */
export function identify({ ino, birthtimeNs }: { readonly ino: bigint; readonly birthtimeNs: bigint }): string {
  return `${ino}-${birthtimeNs}`;
}

/** What a file was before it was compressed: its comment. Itself where somebody else did it. */
export async function identityOfPacked(packed: FileHandle): Promise<string> {
  const { buffer, bytesRead } = await packed.read(Buffer.alloc(64), 0, 64, 0);
  if (bytesRead > headerBytes && buffer[3] === hasComment) {
    const comment = buffer.toString('latin1', headerBytes, buffer.indexOf(0, headerBytes));
    if (/^\d+-\d+$/.test(comment)) return comment;
  }
  return identify(await packed.stat({ bigint: true }));
}

/** Its content as a file without a name: it may be larger than memory. Of a torn one, what is there. */
export async function unpack(packed: FileHandle): Promise<FileHandle> {
  const directory = await mkdtemp(join(tmpdir(), 'tscompose-log-'));
  try {
    const content = await open(join(directory, 'log'), 'wx+', 0o600);
    try {
      // Most commands never need it.
      const { createGunzip } = await import('node:zlib');
      const { pipeline } = await import('node:stream/promises');
      const source = packed.createReadStream({ start: 0, autoClose: false });
      await pipeline(source, createGunzip(), async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) await content.appendFile(chunk);
      });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))) {
        await content.close();
        throw error;
      }
    }
    return content;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
