import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';

export type Compression = 'none' | 'gzip' | 'zstd';

export interface LayoutImage {
  /** Tar archives, bottom first. */
  readonly layers: readonly Buffer[];
  readonly compression?: Compression;
  readonly config?: object;
  readonly architecture?: string;
}

export interface WrittenImage {
  readonly manifest: { readonly mediaType: string; readonly digest: string; readonly size: number };
  readonly id: string;
  readonly diffIds: readonly string[];
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
}

export const machineArchitecture = process.arch === 'x64' ? 'amd64' : process.arch;

/** Adds an image under a name to the OCI layout in `directory`, which is made when missing. */
export function addToLayout(directory: string, name: string, image: LayoutImage): WrittenImage {
  const { layers, compression = 'gzip', config = {}, architecture = machineArchitecture } = image;
  const blobs = join(directory, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (mediaType: string, bytes: Buffer) => {
    const digest = digestOf(bytes);
    writeFileSync(join(blobs, digest.slice('sha256:'.length)), bytes);
    return { mediaType: `application/vnd.oci.image.${mediaType}`, digest, size: bytes.length };
  };
  const suffix = compression === 'none' ? '' : `+${compression}`;
  const packed = layers.map((tar) => put(`layer.v1.tar${suffix}`, compress(tar, compression)));
  const diffIds = layers.map(digestOf);
  const document = {
    architecture,
    os: 'linux',
    created: '2026-01-01T00:00:00Z',
    config,
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: layers.map((_layer, index) => ({ created_by: `layer ${index}` })),
  };
  const configBlob = put('config.v1+json', Buffer.from(JSON.stringify(document)));
  const body = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config: configBlob };
  const manifest = put('manifest.v1+json', Buffer.from(JSON.stringify({ ...body, layers: packed })));
  addToIndex(directory, { ...manifest, platform: { os: 'linux', architecture } }, name);
  return { manifest, id: configBlob.digest, diffIds, layers: packed };
}

/** Adds an index of several platforms. */
export function addIndexToLayout(
  directory: string,
  name: string,
  images: readonly (readonly [image: WrittenImage, architecture: string])[],
): string {
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const manifests = images.map(([{ manifest }, architecture]) => ({
    ...manifest,
    platform: { os: 'linux', architecture },
  }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  const digest = digestOf(bytes);
  writeFileSync(join(directory, 'blobs/sha256', digest.slice('sha256:'.length)), bytes);
  addToIndex(directory, { mediaType, digest, size: bytes.length }, name);
  return digest;
}

function addToIndex(directory: string, descriptor: object, name: string): void {
  const path = join(directory, 'index.json');
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { manifests: object[] }).manifests : [];
  const named = { ...descriptor, annotations: { 'org.opencontainers.image.ref.name': name } };
  writeFileSync(path, JSON.stringify({ schemaVersion: 2, manifests: [...before, named] }));
}

/** A tar archive of files, by path; a directory's path ends with a slash, and `prepare` may add what has no content. */
export function tarOf(files: Readonly<Record<string, string | Buffer>>, prepare?: (directory: string) => void): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'tscompose-tar-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      const target = join(directory, path);
      mkdirSync(path.endsWith('/') ? target : dirname(target), { recursive: true });
      if (!path.endsWith('/')) writeFileSync(target, content);
    }
    prepare?.(directory);
    const fixed = ['--sort=name', '--mtime=@1700000000', '--format=posix', '--xattrs', '--xattrs-include=*'];
    const owner = ['--owner=0', '--group=0', '--numeric-owner'];
    const options = [...fixed, ...owner, '--pax-option=delete=atime,delete=ctime', '-C', directory, '-cf', '-', '.'];
    return execFileSync('tar', options, { maxBuffer: 1 << 30 });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function compress(tar: Buffer, compression: Compression): Buffer {
  if (compression === 'none') return tar;
  return compression === 'gzip' ? gzipSync(tar, { level: 1 }) : zstdCompressSync(tar);
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
