/** An image on its way to a registry: what it lacks of it, layers side by side, the names last. */
import { createReadStream } from 'node:fs';
import { ComposeError } from '../util/errors.ts';
import { type Descriptor, isIndex, isIndexType, type Manifest, type Platform, parseManifest } from './oci.ts';
import { machine } from './platform.ts';
import { type ImageReference, parseReference, withDefaultTag } from './reference.ts';
import type { RegistryClient } from './registry/client.ts';
import type { BlobSource, Pushed } from './registry/upload.ts';
import { absent, type ImageStore } from './store/store.ts';

export interface PushProgress {
  readonly digest: string;
  readonly status: 'waiting' | 'uploading' | Pushed;
  readonly currentBytes: number;
  readonly totalBytes: number;
}

export interface PushOptions {
  readonly signal: AbortSignal;
  /** Only this variant of an image for several platforms. */
  readonly platform?: Platform;
  readonly report?: (progress: PushProgress) => void;
}

const maxUploads = 5;
const maxMounts = 3;

/**
 * Sends the image of a name to the registry that the name says; what it is stored as there. An index goes with all its
 * variants when they are here, else this machine's goes alone, under the index's name. Throws IMAGE_NOT_FOUND,
 * NO_PERMISSION and REGISTRY.
 */
export async function pushImage(
  store: ImageStore,
  client: RegistryClient,
  name: string,
  { signal, platform, report = () => {} }: PushOptions,
): Promise<Descriptor> {
  const image = withDefaultTag(parseReference(name));
  if (image.tag === null) {
    throw new ComposeError('INVALID', `cannot push image ${name}: a digest is no place`, { hint: 'name a tag' });
  }
  await using lease = await store.lease();
  const target = store.find(name);
  if (target === null) throw absent(name);
  lease.protect(target.digest);
  const found = await selectTarget(store, name, target, platform);
  const manifests = await manifestsOf(store, found);
  const blobs = new Map<string, Descriptor>();
  for (const { document } of manifests) {
    // Layers first, the largest ones first: the last upload should not be the one that takes longest.
    const layers = document.layers.filter(({ urls }) => urls === undefined).toSorted((a, b) => b.size - a.size);
    for (const descriptor of [...layers, document.config]) blobs.set(descriptor.digest, descriptor);
  }
  const neighbours = await repositoriesWith(store, image, new Set(blobs.keys()));
  await pushBlobs([...blobs.values()], signal, async (descriptor, ownSignal) => {
    const { digest, size: totalBytes } = descriptor;
    const tell = (status: PushProgress['status'], currentBytes: number): void =>
      report({ digest, status, currentBytes, totalBytes });
    tell('waiting', 0);
    const mountFrom = (neighbours.get(digest) ?? []).slice(0, maxMounts);
    const pushed = await client.pushBlob(image, sourceOf(store, descriptor), {
      signal: ownSignal,
      mountFrom,
      onProgress: (sentBytes) => tell('uploading', sentBytes),
    });
    tell(pushed, totalBytes);
  });
  for (const { descriptor, bytes } of manifests) {
    if (descriptor.digest === found.digest) continue;
    await client.pushManifest({ ...image, tag: null }, descriptor.mediaType, bytes, { signal });
  }
  return await client.pushManifest(image, found.mediaType, await store.blobs.read(found.digest), { signal });
}

interface StoredManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
  readonly document: Manifest;
}

/** The whole index where all of it is here and nobody wants less, else one variant of it. */
async function selectTarget(
  store: ImageStore,
  name: string,
  target: Descriptor,
  platform: Platform | undefined,
): Promise<Descriptor> {
  if (!isIndexType(target.mediaType)) return target;
  if (platform === undefined && (await isWhole(store, target))) return target;
  return (await store.image(name, platform ?? machine())).descriptor;
}

async function isWhole(store: ImageStore, target: Descriptor): Promise<boolean> {
  const index = parseManifest(await store.blobs.read(target.digest), target.mediaType, target.digest);
  if (!isIndex(index)) return true;
  for (const { digest, mediaType } of index.manifests) {
    if (!store.blobs.has(digest)) return false;
    const manifest = parseManifest(await store.blobs.read(digest), mediaType, digest);
    if (isIndex(manifest)) return false;
    const parts = [manifest.config, ...manifest.layers.filter(({ urls }) => urls === undefined)];
    if (!parts.every((part) => store.blobs.has(part.digest))) return false;
  }
  return true;
}

async function manifestsOf(store: ImageStore, target: Descriptor): Promise<StoredManifest[]> {
  const bytes = await store.blobs.read(target.digest);
  const document = parseManifest(bytes, target.mediaType, `image ${target.digest}`);
  if (!isIndex(document)) return [{ descriptor: { ...target, mediaType: document.mediaType }, bytes, document }];
  return (await Promise.all(document.manifests.map((each) => manifestsOf(store, each)))).flat();
}

function sourceOf({ blobs }: ImageStore, { digest, size }: Descriptor): BlobSource {
  return {
    descriptor: { digest, size },
    read: (start, end) =>
      createReadStream(blobs.path(digest), { start, end: Math.max(start, end - 1), highWaterMark: 1024 * 1024 }),
  };
}

/** Other repositories of the registry of which an image here came or went, by the blobs that it shares. */
async function repositoriesWith(
  store: ImageStore,
  { domain, repository }: ImageReference,
  digests: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  for (const { reference, target } of store.catalog.references()) {
    const other = parseReference(reference);
    if (other.domain !== domain || other.repository === repository || !store.blobs.has(target.digest)) continue;
    // What is damaged here is no hint.
    const manifests = await manifestsOf(store, target).catch(() => []);
    for (const { digest } of manifests.flatMap(({ document }) => [document.config, ...document.layers])) {
      const repositories = found.get(digest) ?? [];
      if (digests.has(digest) && !repositories.includes(other.repository)) {
        found.set(digest, [...repositories, other.repository]);
      }
    }
  }
  return found;
}

/** A few at a time; the first failure ends the others, which are waited for. */
async function pushBlobs(
  blobs: readonly Descriptor[],
  signal: AbortSignal,
  push: (descriptor: Descriptor, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const joined = AbortSignal.any([signal, failed.signal]);
  const queue = blobs.values();
  const work = async (): Promise<void> => {
    for (const descriptor of queue) {
      joined.throwIfAborted();
      await push(descriptor, joined);
    }
  };
  const workers = Array.from({ length: Math.min(maxUploads, blobs.length) }, () =>
    work().catch((error: unknown) => failed.abort(error)),
  );
  await Promise.all(workers);
  joined.throwIfAborted();
}
