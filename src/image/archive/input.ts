/** Archives that come from anywhere: a file, a directory, a pipe, compressed or not. */
import { randomUUID } from 'node:crypto';
import { createReadStream, fstatSync, statSync } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { hasErrno } from '../../util/errno.ts';
import { ComposeError } from '../../util/errors.ts';
import type { StoreLayout } from '../store/layout.ts';
import { compressionOf, decompressor } from './compression.ts';
import { type ArchiveSource, openArchive, openTar } from './source.ts';
import { readAt, readRange } from './tar.ts';

export interface Input {
  /** Null: standard input. */
  readonly path: string | null;
  readonly stdin: Readable & { readonly fd?: number };
}

/**
 * Opens an archive of images. What cannot be read at any place is written to the store's directory first, under no name:
 * it goes with the process. Throws FILE_NOT_FOUND, INVALID, NO_SPACE.
 */
export async function openInput(
  input: Input,
  layout: Pick<StoreLayout, 'ingest'>,
  signal: AbortSignal,
): Promise<ArchiveSource> {
  const what = nameOf(input);
  if (input.path !== null && statSync(input.path, { throwIfNoEntry: false })?.isDirectory()) {
    return await openArchive(input.path);
  }
  const file = await openSeekable(input, layout, signal);
  try {
    const compression = compressionOf(await beginningOf(file));
    if (compression === 'none') return await openTar(file, what);
    await using compressed = file;
    const plain = await unnamedFile(layout);
    try {
      const from = readRange(compressed, 0, (await compressed.stat()).size);
      await writeTo(plain, what, (target) => pipeline(from, decompressor(compression), target, { signal }));
    } catch (error) {
      await plain.close();
      throw error;
    }
    return await openTar(plain, what);
  } catch (error) {
    await file.close().catch(() => {});
    throw error;
  }
}

/** The input as a file that can be read at any place, as it is. */
export async function openSeekable(
  input: Input,
  layout: Pick<StoreLayout, 'ingest'>,
  signal: AbortSignal,
): Promise<FileHandle> {
  const what = nameOf(input);
  const path = input.path ?? seekablePath(input.stdin);
  if (path !== null) {
    const file = await open(path, 'r').catch((error: unknown) => {
      if (hasErrno(error, 'ENOENT')) throw new ComposeError('FILE_NOT_FOUND', `there is no file ${what}`);
      throw new ComposeError('INVALID', `cannot read ${what}: ${(error as NodeJS.ErrnoException).code}`, {
        cause: error,
      });
    });
    if ((await file.stat()).isFile()) return file;
    await file.close();
  }
  const from = input.path === null ? input.stdin : createReadStream(input.path);
  const spool = await unnamedFile(layout);
  try {
    await writeTo(spool, what, (target) => pipeline(from, target, { signal }));
    return spool;
  } catch (error) {
    await spool.close();
    throw error;
  }
}

/** The first bytes of a file. */
export async function beginningOf(file: FileHandle): Promise<Buffer> {
  const { size } = await file.stat();
  return await readAt(file, 0, Math.min(size, 8));
}

export function nameOf({ path }: Input): string {
  return path ?? 'standard input';
}

/** A file that is gone when it is closed, or when this process ends in whatever way. */
export async function unnamedFile({ ingest }: Pick<StoreLayout, 'ingest'>): Promise<FileHandle> {
  const path = join(ingest, `spool-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}

/** `tscompose image load <file`: the file itself. */
function seekablePath(stdin: Input['stdin']): string | null {
  if (stdin.fd === undefined) return null;
  return fstatSync(stdin.fd).isFile() ? `/proc/self/fd/${stdin.fd}` : null;
}

async function writeTo(
  file: FileHandle,
  what: string,
  write: (target: (pieces: AsyncIterable<Uint8Array>) => Promise<void>) => Promise<void>,
): Promise<void> {
  try {
    await write(async (pieces) => {
      for await (const piece of pieces) {
        for (let done = 0; done < piece.length; ) done += (await file.write(piece, done)).bytesWritten;
      }
    });
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code.startsWith('Z_') || code.startsWith('ZSTD_')) {
      throw new ComposeError('INVALID', `cannot read ${what}: it cannot be decompressed`, { cause: error });
    }
    throw asSpaceError(error, `read ${what}`);
  }
}

/** NO_SPACE where the disk is full, else the error itself. */
export function asSpaceError(error: unknown, what: string): unknown {
  if (!hasErrno(error, 'ENOSPC') && !hasErrno(error, 'EDQUOT')) return error;
  return new ComposeError('NO_SPACE', `no space is left to ${what}`, {
    hint: 'tscompose image prune removes images that nothing uses',
    cause: error,
  });
}
