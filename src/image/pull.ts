/** From a registry into the store. */
import { ComposeError } from '../util/errors.ts';
import {
  type Descriptor,
  type ImageDocument,
  isIndex,
  type Manifest,
  maxDocumentBytes,
  mediaTypes,
  type Platform,
  parseImageDocument,
  parseManifest,
} from './oci.ts';
import { formatPlatform, platformsOf, selectManifest, suits } from './platform.ts';
import { type LayerProgress, pullLayer } from './pull-layer.ts';
import { familiarName, formatReference, type ImageReference, parseReference, withDefaultTag } from './reference.ts';
import type { RegistryClient } from './registry/client.ts';
import type { Lease } from './store/lease.ts';
import { mismatch, type StoredImage } from './store/resolve.ts';
import type { ImageStore } from './store/store.ts';

export interface PullOptions {
  readonly store: ImageStore;
  readonly registry: Pick<RegistryClient, 'fetchManifest' | 'fetchBlob'>;
  readonly platform: Platform;
  readonly signal: AbortSignal;
  /** Layers that are fetched at a time, by all pulls that share it. */
  readonly slots: Slots;
  readonly onLayer?: (progress: LayerProgress) => void;
}

export interface Pulled {
  readonly image: StoredImage;
  /** What the name stands for. */
  readonly target: Descriptor;
  /** Whether something was fetched, or the name stood for something else before. */
  readonly isNew: boolean;
}

/**
 * Pulls the image of a name for a platform: its layers side by side, each unpacked as it comes. The name is changed last,
 * when all is there. Throws what the registry client throws, UNSUPPORTED, INVALID, LIMIT and NO_SPACE.
 */
export async function pullImage(name: string, options: PullOptions): Promise<Pulled> {
  const { store, registry, platform, signal } = options;
  const reference = withDefaultTag(parseReference(name));
  const shown = familiarName(reference);
  await using lease = await store.lease();
  const target = await pullManifest(options, lease, reference);
  const index = parseManifest(await store.blobs.read(target.digest), target.mediaType, `image ${shown}`);
  let descriptor = target;
  if (isIndex(index)) {
    const selected = selectManifest(index, platform);
    if (selected === null) throw mismatch(shown, platform, platformsOf(index));
    descriptor = await pullManifest(options, lease, { ...reference, digest: selected.digest });
  }
  const manifest = parseManifest(await store.blobs.read(descriptor.digest), descriptor.mediaType, `image ${shown}`);
  if (isIndex(manifest)) throw new ComposeError('INVALID', `image ${shown} is an index within an index`);
  const document = await pullDocument(options, lease, reference, manifest, shown);
  const own: Platform = { os: document.os || 'linux', architecture: document.architecture, ...variantOf(document) };
  if (own.architecture !== '' && !suits(own, platform)) throw mismatch(shown, platform, [formatPlatform(own)]);

  const layers = layersOf(manifest, document, shown);
  lease.protect(...layers.flatMap(({ descriptor: layer, diffId }) => [layer.digest, diffId]));
  const isNew = { value: false };
  const failed = new AbortController();
  const joint = AbortSignal.any([signal, failed.signal]);
  const work = layers.map(({ descriptor: layer, diffId }) =>
    options.slots.run(joint, (release) =>
      pullLayer(store, {
        descriptor: layer,
        diffId,
        fetch: (offset, fetchSignal) => registry.fetchBlob(reference, layer, { offset, signal: fetchSignal }),
        signal: joint,
        onUnpacked: release,
        report(progress) {
          if (progress.status === 'done') isNew.value = true;
          options.onLayer?.(progress);
        },
      }),
    ),
  );
  // The first failure ends the others, which are waited for.
  for (const each of work) each.catch((error: unknown) => failed.abort(error));
  await Promise.allSettled(work);
  joint.throwIfAborted();

  // The documents were written before the layers, which have waited for the disk if any of them was new.
  const isRecorded = store.catalog.images().some((known) => known.manifest.digest === descriptor.digest);
  if (!isNew.value && !isRecorded) await store.disk.wait();
  const before = store.catalog.reference(formatReference(nameOf(reference)));
  const image = await store.addImage(descriptor, platform);
  store.catalog.transaction(() => {
    store.tag(name, target);
    store.tag(formatReference({ ...reference, tag: null, digest: target.digest }), target);
  });
  return {
    image: { ...image, reference: name },
    target,
    isNew: isNew.value || before?.target.digest !== target.digest,
  };
}

function nameOf(reference: ImageReference): ImageReference {
  return reference.digest === null ? reference : { ...reference, tag: null };
}

async function pullManifest(
  { store, registry, signal }: PullOptions,
  lease: Lease,
  reference: ImageReference,
): Promise<Descriptor> {
  const { descriptor, bytes } = await registry.fetchManifest(reference, { signal });
  lease.protect(descriptor.digest);
  return await store.blobs.put(descriptor.mediaType, bytes, { isOnDisk: true });
}

async function pullDocument(
  { store, registry, signal }: PullOptions,
  lease: Lease,
  reference: ImageReference,
  { config }: Manifest,
  shown: string,
): Promise<ImageDocument> {
  const isImage = config.mediaType === mediaTypes.ociConfig || config.mediaType === mediaTypes.dockerConfig;
  if (!isImage) {
    throw new ComposeError(
      'UNSUPPORTED',
      `${shown} is no container image: it holds ${config.mediaType || 'something'}`,
    );
  }
  if (config.size > maxDocumentBytes) {
    throw new ComposeError('INVALID', `the configuration of image ${shown} is too large`);
  }
  lease.protect(config.digest);
  {
    await using blob = await store.blobs.begin(config, { signal });
    if (blob !== null) {
      // It is small: written in one piece.
      const chunks: Uint8Array[] = [];
      if (blob.offset < config.size) {
        for await (const chunk of registry.fetchBlob(reference, config, { offset: blob.offset, signal }))
          chunks.push(chunk);
      }
      await blob.write(...chunks);
      await blob.commit({ isOnDisk: true });
    }
  }
  return parseImageDocument(await store.blobs.read(config.digest), `the configuration of image ${shown}`);
}

interface Layer {
  readonly descriptor: Descriptor;
  readonly diffId: string;
}

/** Each once: an empty layer is in many images several times. */
function layersOf(manifest: Manifest, document: ImageDocument, shown: string): Layer[] {
  const diffIds = document.rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) {
    throw new ComposeError('INVALID', `image ${shown} has another number of layers than its configuration says`);
  }
  /* OVL_MAX_STACK (fs/overlayfs/params.h) */
  if (diffIds.length > 500) throw new ComposeError('LIMIT', `image ${shown} has more than 500 layers`);
  const layers = new Map<string, Layer>();
  for (const [index, descriptor] of manifest.layers.entries()) {
    const diffId = diffIds[index];
    if (diffId !== undefined) layers.set(`${diffId} ${descriptor.digest}`, { descriptor, diffId });
  }
  return [...layers.values()];
}

function variantOf({ variant }: ImageDocument): { readonly variant?: string } {
  return variant === undefined ? {} : { variant };
}

/** So many at a time, in the order in which they came. */
export class Slots {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Runs `action` when there is room; it may make room for others before it ends. Rejects with the signal's reason when it
   * is aborted before.
   */
  async run<T>(signal: AbortSignal, action: (release: () => void) => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let isHeld = true;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    };
    try {
      signal.throwIfAborted();
      return await action(release);
    } finally {
      release();
    }
  }
}
