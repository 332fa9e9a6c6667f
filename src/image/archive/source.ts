/** Where a saved image is read from: a tar archive, or a directory. */
import { createReadStream, realpathSync, statSync } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { hasErrno } from '../../util/errno.ts';
import { ComposeError } from '../../util/errors.ts';
import { maxDocumentBytes } from '../oci.ts';
import { indexTar, readAt, readRange } from './tar.ts';

export interface ArchiveSource extends AsyncDisposable {
  /** How messages call it. */
  readonly what: string;
  has(name: string): boolean;
  /** Throws INVALID when there is no such file. */
  sizeOf(name: string): number;
  /** A small file. Throws INVALID when it is not there or too large. */
  document(name: string): Promise<Buffer>;
  read(name: string, start?: number): AsyncIterable<Uint8Array>;
}

/** Opens a tar archive, not compressed, or a directory. Throws INVALID, FILE_NOT_FOUND. */
export async function openArchive(path: string, what = path): Promise<ArchiveSource> {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) throw new ComposeError('FILE_NOT_FOUND', `there is no file ${what}`);
  return status.isDirectory() ? await openDirectory(path, what) : await openTar(await open(path, 'r'), what);
}

/** A tar archive; the file is closed with it. */
export async function openTar(file: FileHandle, what: string): Promise<ArchiveSource> {
  try {
    const index = await indexTar(file, what);
    const find = (name: string) => {
      const found = index.get(name);
      if (found === undefined) throw missing(what, name);
      return found;
    };
    return {
      what,
      has: (name) => index.has(name),
      sizeOf: (name) => find(name).size,
      async document(name) {
        const { offset, size } = find(name);
        checkSize(what, name, size);
        return await readAt(file, offset, size);
      },
      read(name, start = 0) {
        const { offset, size } = find(name);
        return readRange(file, offset + start, offset + size);
      },
      [Symbol.asyncDispose]: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openDirectory(path: string, what: string): Promise<ArchiveSource> {
  const root = await realpath(path);
  /** No link of the directory leads out of it. */
  const inside = (name: string): string | null => {
    try {
      const full = realpathSync(join(root, name));
      return full.startsWith(root + sep) && statSync(full).isFile() ? full : null;
    } catch (error) {
      if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENOTDIR') || hasErrno(error, 'ELOOP')) return null;
      throw error;
    }
  };
  const find = (name: string): string => {
    const full = inside(name);
    if (full === null) throw missing(what, name);
    return full;
  };
  const sizeOf = (name: string): number => statSync(find(name)).size;
  return {
    what,
    has: (name) => inside(name) !== null,
    sizeOf,
    async document(name) {
      const size = sizeOf(name);
      checkSize(what, name, size);
      const file = await open(find(name), 'r');
      try {
        return await readAt(file, 0, size);
      } finally {
        await file.close();
      }
    },
    read: (name, start = 0) => createReadStream(find(name), { start, highWaterMark: 1024 * 1024 }),
    async [Symbol.asyncDispose]() {},
  };
}

function checkSize(what: string, name: string, size: number): void {
  if (size > maxDocumentBytes) throw new ComposeError('INVALID', `cannot read ${what}: ${name} is too large`);
}

function missing(what: string, name: string): ComposeError {
  return new ComposeError('INVALID', `cannot read ${what}: it has no ${JSON.stringify(name)}`);
}
