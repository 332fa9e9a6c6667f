/** Tar archives of a few plain files, as images are saved in: headers read and written. Layers' own archives are native. */
import type { FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { ComposeError } from '../../util/errors.ts';

export const blockBytes = 512;

export interface TarFile {
  readonly name: string;
  /** Where its content begins in the archive. */
  readonly offset: number;
  readonly size: number;
}

/** The plain files of an archive by name, links resolved; directories and the rest are left out. */
export type TarIndex = ReadonlyMap<string, TarFile>;

/** As many as a saved image can need, and far more. */
const maxEntries = 100_000;
const maxLinks = 10;
const maxExtensionBytes = 1024 * 1024;

/** Reads where everything in an archive is. Throws INVALID when it is none, or ends too early. */
export async function indexTar(file: FileHandle, what: string): Promise<TarIndex> {
  const files = new Map<string, TarFile>();
  const links = new Map<string, string>();
  const { size: totalBytes } = await file.stat();
  let extended: ReadonlyMap<string, string> = new Map();
  let longName: string | null = null;
  let longLink: string | null = null;
  let entries = 0;
  if (totalBytes < blockBytes) throw invalid(what, 'it is no tar archive');
  for (let position = 0; position + blockBytes <= totalBytes; ) {
    const header = await readAt(file, position, blockBytes);
    if (header.every((byte) => byte === 0)) break;
    checkHeader(header, what);
    if (++entries > maxEntries) throw invalid(what, `it has more than ${maxEntries} files`);
    const type = String.fromCharCode(header[156] ?? 0);
    const size = extended.has('size') ? Number(extended.get('size')) : numberAt(header, 124, 12);
    if (!Number.isSafeInteger(size) || size < 0) throw invalid(what, 'a size in it cannot be read');
    const offset = position + blockBytes;
    position = offset + Math.ceil(size / blockBytes) * blockBytes;
    if (offset + size > totalBytes) throw invalid(what, 'it is cut short');
    if (type === 'x' || type === 'g' || type === 'L' || type === 'K') {
      if (size > maxExtensionBytes) throw invalid(what, 'a name in it is too long');
      const text = await readAt(file, offset, size);
      if (type === 'x') extended = parseExtended(text, what);
      if (type === 'L') longName = textAt(text, 0, size);
      if (type === 'K') longLink = textAt(text, 0, size);
      continue;
    }
    const name = normalized(extended.get('path') ?? longName ?? nameIn(header));
    const link = extended.get('linkpath') ?? longLink ?? textAt(header, 157, 100);
    extended = new Map();
    longName = null;
    longLink = null;
    if (type === '0' || type === '\0' || type === '7') files.set(name, { name, offset, size });
    // Docker has saved a layer that two images share as a link to it.
    else if (type === '2') links.set(name, normalized(posix.join(posix.dirname(name), link)));
    else if (type === '1') links.set(name, normalized(link));
  }
  // A link may lead to a link, and in a circle to nothing.
  for (const name of links.keys()) {
    let target = name;
    for (let steps = 0; steps < maxLinks && links.has(target); steps += 1) target = links.get(target) ?? '';
    const found = files.get(target);
    if (found !== undefined && !files.has(name)) files.set(name, { ...found, name });
  }
  return files;
}

/** The header of a plain file, or with `isDirectory` of a directory; the size may be anything that JavaScript can count. */
export function formatTarHeader(name: string, size: number, options: { readonly isDirectory?: boolean } = {}): Buffer {
  const header = Buffer.alloc(blockBytes);
  if (Buffer.byteLength(name) > 100) throw new Error(`${name} is too long for a header`);
  header.write(name, 0);
  header.write(options.isDirectory ? '0000755\0' : '0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  if (size < 8 ** 11) header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  else {
    // As GNU tar writes what does not fit: the number itself, marked by the first bit.
    header.writeUInt8(0x80, 124);
    header.writeBigUInt64BE(BigInt(size), 128);
  }
  // No archive differs for when it was written.
  header.write('00000000000\0', 136);
  header.write(options.isDirectory ? '5' : '0', 156);
  header.write('ustar\x0000', 257);
  header.write('        ', 148);
  header.write(`${sumOf(header).toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** What fills a file up to the next block. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
}

/** Two blocks of zeros. */
export const tarEnd: Buffer = Buffer.alloc(2 * blockBytes);

/** Exactly `size` bytes at a position. Throws when they are not there. */
export async function readAt(file: FileHandle, position: number, size: number): Promise<Buffer> {
  const buffer = Buffer.alloc(size);
  for (let done = 0; done < size; ) {
    const { bytesRead } = await file.read(buffer, done, size - done, position + done);
    if (bytesRead === 0) throw new ComposeError('INVALID', 'the file became shorter while it was read');
    done += bytesRead;
  }
  return buffer;
}

/** The bytes from `start` up to `end`. A stream of the handle would close with it, and keep it from being read elsewhere. */
export async function* readRange(file: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let position = start; position < end; ) {
    const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, end - position));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

const pieceBytes = 1024 * 1024;

function checkHeader(header: Buffer, what: string): void {
  const expected = numberAt(header, 148, 8);
  const blank = Buffer.from(header);
  blank.fill(' ', 148, 156);
  if (expected !== sumOf(blank)) throw invalid(what, 'it is no tar archive');
}

/** With the place of the sum blank. */
function sumOf(header: Buffer): number {
  return header.reduce((sum, byte) => sum + byte, 0);
}

function numberAt(header: Buffer, start: number, length: number): number {
  if (((header[start] ?? 0) & 0x80) !== 0) {
    const bytes = Buffer.from(header.subarray(start, start + length));
    bytes.writeUInt8((bytes[0] ?? 0) & 0x7f, 0);
    return Number(BigInt(`0x${bytes.toString('hex')}`));
  }
  const digits = textAt(header, start, length).trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : Number.NaN;
}

function nameIn(header: Buffer): string {
  const prefix = header.toString('latin1', 257, 262) === 'ustar' ? textAt(header, 345, 155) : '';
  const name = textAt(header, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

function textAt(bytes: Buffer, start: number, length: number): string {
  const end = bytes.indexOf(0, start);
  return bytes.toString('utf8', start, end < 0 || end > start + length ? start + length : end);
}

/** `LENGTH KEY=VALUE\n`, again and again (pax, POSIX.1-2001). */
function parseExtended(bytes: Buffer, what: string): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let position = 0; position < bytes.length; ) {
    const space = bytes.indexOf(0x20, position);
    const length = Number(bytes.toString('latin1', position, Math.max(position, space)));
    if (space < 0 || !Number.isSafeInteger(length) || length <= space - position) {
      throw invalid(what, 'an extended header in it cannot be read');
    }
    const record = bytes.toString('utf8', space + 1, position + length - 1);
    const equals = record.indexOf('=');
    records.set(record.slice(0, equals), record.slice(equals + 1));
    position += length;
  }
  return records;
}

function normalized(name: string): string {
  return posix
    .normalize(name)
    .replace(/^(?:\.?\/)+/, '')
    .replace(/\/$/, '');
}

function invalid(what: string, reason: string): ComposeError {
  return new ComposeError('INVALID', `cannot read ${what}: ${reason}`);
}
