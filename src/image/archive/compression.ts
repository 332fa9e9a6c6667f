/** How a stream of bytes is compressed, by its first bytes. */
import { type Duplex, PassThrough } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { ComposeError } from '../../util/errors.ts';
import { mediaTypes } from '../oci.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

const magics: readonly (readonly [name: Compression | 'bzip2' | 'xz', bytes: readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
];

/** Throws UNSUPPORTED for a compression that layers cannot have. */
export function compressionOf(beginning: Uint8Array): Compression {
  const [name] = magics.find(([, bytes]) => bytes.every((byte, index) => beginning[index] === byte)) ?? ['none'];
  if (name === 'bzip2' || name === 'xz') {
    throw new ComposeError('UNSUPPORTED', `an archive compressed with ${name} cannot be read`, {
      hint: 'decompress it first: gzip and zstd are read as they are',
    });
  }
  return name as Compression;
}

/** The media type of a layer's blob, by its first bytes. */
export async function mediaTypeOfLayer(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  for await (const chunk of bytes) return layerTypes[compressionOf(chunk)];
  return mediaTypes.ociLayer;
}

export const layerTypes: Readonly<Record<Compression, string>> = {
  none: mediaTypes.ociLayer,
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
};

/** What comes out is not compressed. */
export function decompressor(compression: Compression): Duplex {
  if (compression === 'gzip') return createGunzip();
  return compression === 'zstd' ? createZstdDecompress() : new PassThrough();
}
