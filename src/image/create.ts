/** Images that are made here of a file system: what `commit` and `image import` add to the store. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { writeLayer } from '../native/archive.ts';
import { ComposeError } from '../util/errors.ts';
import { compressionOf, layerTypes } from './archive/compression.ts';
import { asSpaceError, beginningOf } from './archive/input.ts';
import {
  type Descriptor,
  type HistoryEntry,
  type ImageDocument,
  mediaTypes,
  type Platform,
  type RunConfig,
} from './oci.ts';
import { layerFacts, readLayer } from './store/layers.ts';
import type { Lease } from './store/lease.ts';
import type { StoredImage } from './store/resolve.ts';
import type { ImageStore } from './store/store.ts';

export interface NewLayer {
  readonly blob: Descriptor;
  readonly diffId: string;
}

export interface NewImage {
  /** Null: the layer is all of it. */
  readonly base: Pick<StoredImage, 'manifest' | 'document'> | null;
  /** Null: only the configuration changes. */
  readonly layer: NewLayer | null;
  readonly config: RunConfig;
  readonly platform: Platform;
  readonly created: Date;
  readonly author?: string;
  readonly comment?: string;
  readonly createdBy?: string;
}

/** What an overlay's upper directory has changed, as a layer of the store, packed and unpacked; null: nothing. */
export async function layerOfChanges(
  store: ImageStore,
  lease: Lease,
  upper: string,
  signal: AbortSignal,
): Promise<NewLayer | null> {
  const path = join(store.layout.ingest, `layer-of-changes-${randomUUID()}`);
  const file = await open(path, 'wx', 0o600);
  try {
    let summary: Awaited<ReturnType<typeof writeLayer>>;
    try {
      const options = { form: 'diff', compression: 'zstd', sourceDateEpoch: null, signal } as const;
      summary = await writeLayer([upper], file.fd, options);
      await file.sync();
    } catch (error) {
      throw asSpaceError(error, 'keep what the container has changed');
    } finally {
      await file.close();
    }
    if (summary.entries === 0) return null;
    const { digest, diffId, sizeBytes } = summary;
    return await keepLayer(
      store,
      lease,
      path,
      { digest, diffId, sizeBytes, mediaType: mediaTypes.ociLayerZstd },
      signal,
    );
  } finally {
    // After a rename it is not there any more.
    await unlink(path).catch(() => {});
  }
}

/** A tar archive, compressed or not, as a layer of the store. `path` is on the store's file system and is used up. */
export async function layerOfArchive(
  store: ImageStore,
  lease: Lease,
  path: string,
  signal: AbortSignal,
): Promise<NewLayer> {
  const file: FileHandle = await open(path, 'r');
  let mediaType: string;
  let sizeBytes: number;
  try {
    mediaType = layerTypes[compressionOf(await beginningOf(file))];
    sizeBytes = (await file.stat()).size;
    await file.sync();
  } finally {
    await file.close();
  }
  const reading = readLayer({ path, sizeBytes, availableBytes: sizeBytes, directory: null });
  const { blobDigest, diffId } = await layerFacts(reading, signal);
  return await keepLayer(store, lease, path, { digest: blobDigest, diffId, sizeBytes, mediaType }, signal);
}

/** Whole, synced and named by its digest: what the store asks of a blob. */
async function keepLayer(
  store: ImageStore,
  lease: Lease,
  path: string,
  facts: { readonly digest: string; readonly diffId: string; readonly sizeBytes: number; readonly mediaType: string },
  signal: AbortSignal,
): Promise<NewLayer> {
  const { digest, diffId, sizeBytes, mediaType } = facts;
  lease.protect(digest, diffId);
  if (!store.blobs.has(digest)) await rename(path, store.blobs.path(digest));
  await store.layers.unpack(diffId, { path: store.blobs.path(digest), sizeBytes }, { signal });
  return { blob: { mediaType, digest, size: sizeBytes }, diffId };
}

/** Records an image; its layers are in the store. */
export async function createImage(store: ImageStore, lease: Lease, image: NewImage): Promise<StoredImage> {
  const { base, layer, config, platform } = image;
  if (base === null && layer === null) throw new ComposeError('INVALID', 'cannot make an image of nothing');
  const created = image.created.toISOString();
  const history: HistoryEntry = {
    created,
    ...(image.author === undefined ? {} : { author: image.author }),
    ...(image.createdBy === undefined ? {} : { created_by: image.createdBy }),
    ...(image.comment === undefined ? {} : { comment: image.comment }),
    ...(layer === null ? { empty_layer: true } : {}),
  };
  const document: ImageDocument = {
    created,
    ...(image.author === undefined ? {} : { author: image.author }),
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    config,
    rootfs: {
      type: 'layers',
      diff_ids: [...(base?.document.rootfs.diff_ids ?? []), ...(layer === null ? [] : [layer.diffId])],
    },
    history: [...(base?.document.history ?? []), history],
  };
  const configBytes = Buffer.from(JSON.stringify(document));
  const layers = [...(base?.manifest.layers ?? []).map(asOciLayer), ...(layer === null ? [] : [layer.blob])];
  const configBlob = await store.blobs.put(mediaTypes.ociConfig, configBytes);
  lease.protect(configBlob.digest, ...layers.map(({ digest }) => digest), ...document.rootfs.diff_ids);
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: configBlob, layers };
  const manifestBlob = await store.blobs.put(mediaTypes.ociManifest, Buffer.from(JSON.stringify(manifest)));
  lease.protect(manifestBlob.digest);
  return await store.addImage(manifestBlob, platform);
}

/** Docker's media type means the same bytes; a manifest does not mix the two. */
function asOciLayer({ mediaType, digest, size }: Descriptor): Descriptor {
  const isDocker = mediaType === mediaTypes.dockerLayerGzip;
  return { mediaType: isDocker ? mediaTypes.ociLayerGzip : mediaType, digest, size };
}
