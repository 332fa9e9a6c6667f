/** Archives that ADD unpacks. */
import { spawn } from 'node:child_process';
import { closeSync, createReadStream, createWriteStream, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { layerFacts, readLayer } from '../image/store/layers.ts';
import { ComposeError } from '../util/errors.ts';
import { nothingIgnored } from './context/ignore.ts';
import { plainTree, type ScannedSource, scanSource } from './tree/scan.ts';

type Packing = 'tar' | 'gzip' | 'zstd' | 'bzip2' | 'xz';

/** Sources in whose place is what they hold, where they are archives. `directory` is the step's own. */
export async function unpackSources(
  sources: readonly ScannedSource[],
  directory: string,
  signal: AbortSignal,
): Promise<ScannedSource[]> {
  const found: ScannedSource[] = [];
  for (const [index, source] of sources.entries()) {
    const [entry] = source.entries;
    const isFile = !source.isDirectory && entry?.stats.isFile() === true;
    const target = join(directory, `unpacked-${index}`);
    if (!isFile || !(await unpackFile(entry.path, target, signal))) {
      found.push(source);
      continue;
    }
    const unpacked = scanSource(plainTree(target), '/', { excluded: nothingIgnored, hasParents: false });
    found.push(...unpacked.map((each) => ({ ...each, isUnpacked: true })));
  }
  return found;
}

/** Unpacks an archive, however it is packed, into the directory `target`, which is made; false: it is none. */
export async function unpackFile(path: string, target: string, signal: AbortSignal): Promise<boolean> {
  const packing = packingOf(path);
  const archive = packing === null ? null : await asTar(path, packing, `${target}.tar`, signal);
  if (archive === null) return false;
  mkdirSync(target);
  const { size: sizeBytes } = statSync(archive);
  await layerFacts(readLayer({ path: archive, sizeBytes, availableBytes: sizeBytes, directory: target }), signal);
  return true;
}

/** How a file is packed, by how it begins; null: it is no archive. */
function packingOf(path: string): Packing | null {
  const head = readHead(path);
  const begins = (...bytes: readonly number[]) => bytes.every((byte, index) => head[index] === byte);
  if (begins(0x1f, 0x8b)) return 'gzip';
  if (begins(0x28, 0xb5, 0x2f, 0xfd)) return 'zstd';
  if (begins(0x42, 0x5a, 0x68)) return 'bzip2';
  if (begins(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return 'xz';
  return isTar(head) ? 'tar' : null;
}

const headerBytes = 512;

function readHead(path: string): Buffer {
  const head = Buffer.alloc(headerBytes);
  const fd = openSync(path, 'r');
  try {
    readSync(fd, head, 0, head.length, 0);
  } finally {
    closeSync(fd);
  }
  return head;
}

/** The archive as the unpacker reads it; null: what is packed is no archive. */
async function asTar(path: string, packing: Packing, place: string, signal: AbortSignal): Promise<string | null> {
  switch (packing) {
    case 'tar':
      return path;
    case 'gzip':
    case 'zstd':
      return isTar(await unpackedHead(path, packing)) ? path : null;
    default:
      await unpackBy(packing, path, place, signal);
      return isTar(readHead(place)) ? place : null;
  }
}

/** The first bytes of what a file holds; fewer when there are no more, or when it is damaged. */
async function unpackedHead(path: string, packing: 'gzip' | 'zstd'): Promise<Buffer> {
  const unpacker = packing === 'gzip' ? createGunzip() : createZstdDecompress();
  const file = createReadStream(path);
  file.on('error', (error) => unpacker.destroy(error));
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of file.pipe(unpacker)) {
      chunks.push(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      if (bytes >= headerBytes) break;
    }
  } catch {
    // Then it is copied as it is.
  } finally {
    file.destroy();
  }
  return Buffer.concat(chunks);
}

function isTar(head: Buffer): boolean {
  return head.length >= headerBytes && (head.toString('latin1', 257, 262) === 'ustar' || hasTarChecksum(head));
}

/** Archives from before ustar have nothing but the sum of their header. */
function hasTarChecksum(head: Buffer): boolean {
  const written = Number.parseInt(head.toString('latin1', 148, 156).replaceAll(/[\0 ]/g, ''), 8);
  let sum = 0;
  for (const [index, byte] of head.subarray(0, headerBytes).entries()) sum += index >= 148 && index < 156 ? 0x20 : byte;
  return written === sum && sum > 8 * 0x20;
}

/** By the program that knows how. */
async function unpackBy(packing: 'bzip2' | 'xz', path: string, place: string, signal: AbortSignal): Promise<void> {
  const child = spawn(packing, ['--decompress', '--stdout', '--', path], {
    stdio: ['ignore', 'pipe', 'ignore'],
    signal,
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('close', resolve);
  promise.catch(() => {});
  try {
    await pipeline(child.stdout, createWriteStream(place));
    if ((await promise) === 0) return;
  } catch (error) {
    signal.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new ComposeError('BUILD_FAILED', `${path} is packed with ${packing}, and that program is not here`, {
      cause: error,
      hint: `install ${packing === 'xz' ? 'xz-utils' : 'bzip2'}`,
    });
  }
  throw new ComposeError('BUILD_FAILED', `${packing} cannot unpack ${path}`);
}
