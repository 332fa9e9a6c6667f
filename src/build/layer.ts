/** An overlay's upper directory as a layer of the store: archived, and moved to where layers are. */
import { readdirSync } from 'node:fs';
import { open, rename, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { mediaTypes } from '../image/oci.ts';
import type { Lease } from '../image/store/lease.ts';
import type { ImageStore } from '../image/store/store.ts';
import { writeLayer } from '../native/archive.ts';
import type { BuiltLayer } from './cache.ts';

export interface LayerSource {
  readonly store: ImageStore;
  readonly lease: Lease;
  /** On the store's file system; its `upper` is the layer. */
  readonly directory: string;
  readonly sourceDateEpoch: number | null;
  readonly signal: AbortSignal;
}

/** Keeps what a step has changed; null when that is nothing. The upper directory is the store's afterwards. */
export async function keepLayer(source: LayerSource): Promise<BuiltLayer | null> {
  const { store, directory, signal, lease } = source;
  const upper = join(directory, 'upper');
  if (readdirSync(upper).length === 0) return null;
  const archive = join(directory, 'layer.tar');
  const file = await open(archive, 'w', 0o600);
  let summary: Awaited<ReturnType<typeof writeLayer>>;
  try {
    summary = await writeLayer([upper], file.fd, {
      form: 'diff',
      compression: 'zstd',
      sourceDateEpoch: source.sourceDateEpoch,
      signal,
    });
    await file.sync();
  } finally {
    await file.close();
  }
  if (summary.entries === 0) return null;
  const { diffId, digest, sizeBytes, entries, diffSizeBytes } = summary;
  lease.protect(diffId, digest);
  // Whole, synced and named by its digest: what the store asks of a blob.
  if (store.blobs.has(digest)) await unlink(archive);
  else await rename(archive, store.blobs.path(digest));
  await using layer = await store.layers.begin(diffId, { signal });
  if (layer !== null) {
    await rmdir(layer.directory);
    await rename(upper, layer.directory);
    await layer.commit({ sizeBytes: diffSizeBytes, entries });
  }
  return { diffId, blob: { mediaType: mediaTypes.ociLayerZstd, digest, size: sizeBytes } };
}
