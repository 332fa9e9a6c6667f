/** Whether the store still is what its digests say. */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { nativeArchive } from '../../native/archive.ts';
import { native } from '../../native/binding.ts';
import { ComposeError } from '../../util/errors.ts';
import { isIndex, isSha256, parseImageDocument, parseManifest } from '../oci.ts';
import { layerFacts, readLayer } from './layers.ts';
import { lockPath } from './lock.ts';
import type { ImageStore } from './store.ts';

export interface StoreProblem {
  readonly kind: 'blob' | 'layer' | 'image' | 'name';
  /** Of what is wrong. */
  readonly digest: string;
  readonly message: string;
}

export interface Verification {
  readonly blobs: number;
  readonly layers: number;
  /** Layers whose blob is not here: nothing to compare them with. */
  readonly unverifiable: readonly string[];
  readonly problems: readonly StoreProblem[];
}

/**
 * Reads every blob and compares every unpacked layer with what its blob unpacks to; checks that what is recorded is
 * there. Changes nothing.
 */
export async function verifyStore(
  store: ImageStore,
  options: { readonly signal: AbortSignal; readonly onProgress?: (done: number, total: number) => void },
): Promise<Verification> {
  const { signal } = options;
  const problems: StoreProblem[] = [];
  const digests = readdirSync(store.layout.blobs)
    .map((hex) => `sha256:${hex}`)
    .filter(isSha256);
  const layers = store.catalog.layers().map(({ diffId }) => diffId);
  await using lease = await store.lease();
  lease.protect(...digests, ...layers);
  const damaged = new Set<string>();
  let done = 0;
  const step = (): void => options.onProgress?.(++done, digests.length + layers.length);
  for (const digest of digests) {
    const actual = await digestOf(store.blobs.path(digest), signal);
    if (actual !== null && actual !== digest) {
      damaged.add(digest);
      problems.push({ kind: 'blob', digest, message: `its content has the digest ${actual}` });
    }
    step();
  }
  const sources = await blobsOfLayers(store, damaged);
  const unverifiable: string[] = [];
  for (const diffId of layers) {
    const source = sources.get(diffId);
    const isGone = !store.layers.has(diffId);
    if (isGone) problems.push({ kind: 'layer', digest: diffId, message: 'its directory is missing' });
    else if (source === undefined || damaged.has(source) || !store.blobs.has(source)) unverifiable.push(diffId);
    else {
      const message = await compareLayer(store, diffId, source, signal);
      if (message !== null) problems.push({ kind: 'layer', digest: diffId, message });
    }
    step();
  }
  problems.push(...(await findMissing(store, damaged)));
  return { blobs: digests.length, layers: layers.length, unverifiable, problems };
}

/** Null: it was removed meanwhile. */
async function digestOf(path: string, signal: AbortSignal): Promise<string | null> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal })) hash.update(chunk as Buffer);
  } catch (error) {
    signal.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return `sha256:${hash.digest('hex')}`;
}

/** The blob of each unpacked layer, as the images say. */
async function blobsOfLayers(store: ImageStore, damaged: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
  const sources = new Map<string, string>();
  for (const { manifest, id } of store.catalog.images()) {
    if ([manifest.digest, id].some((digest) => damaged.has(digest) || !store.blobs.has(digest))) continue;
    const document = parseManifest(await store.blobs.read(manifest.digest), manifest.mediaType, manifest.digest);
    if (isIndex(document)) continue;
    const { rootfs } = parseImageDocument(await store.blobs.read(id), id);
    for (const [index, diffId] of rootfs.diff_ids.entries()) {
      const layer = document.layers[index];
      if (layer !== undefined) sources.set(diffId, layer.digest);
    }
  }
  return sources;
}

/** Unpacks it once more and compares; null: they are equal. */
async function compareLayer(
  { layout, blobs, layers }: ImageStore,
  diffId: string,
  source: string,
  signal: AbortSignal,
): Promise<string | null> {
  const id = `verify-${randomUUID()}`;
  // In the form of a layer that is being made: what a kill leaves of it is removed with those.
  const lock = await lockPath(join(layout.locks, id), signal);
  const directory = join(layout.ingest, `layer-${id}`);
  try {
    await mkdir(directory, { mode: 0o755 });
    const sizeBytes = blobs.sizeOf(source) ?? 0;
    const reading = readLayer({ path: blobs.path(source), sizeBytes, availableBytes: sizeBytes, directory });
    const facts = await layerFacts(reading, signal);
    if (facts.diffId !== diffId) return `its blob unpacks to ${facts.diffId}`;
    const comparison = nativeArchive().compareTrees(layers.path(diffId), directory);
    const cancel = (): void => comparison.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    const path = await comparison.result.finally(() => signal.removeEventListener('abort', cancel));
    return path === null ? null : `${path === '' ? '/' : path} is not as in the image`;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ComposeError) || error.code === 'NO_SPACE') throw error;
    return error.message;
  } finally {
    await native().removeTree(directory);
    await native().removeTree(join(layout.locks, id));
    lock.release();
  }
}

async function findMissing(store: ImageStore, damaged: ReadonlySet<string>): Promise<StoreProblem[]> {
  const problems: StoreProblem[] = [];
  for (const { reference, target } of store.catalog.references()) {
    if (store.blobs.has(target.digest)) continue;
    problems.push({ kind: 'name', digest: target.digest, message: `${reference} stands for it, and it is missing` });
  }
  for (const { manifest, id } of store.catalog.images()) {
    if ([manifest.digest, id].some((digest) => damaged.has(digest))) continue;
    const parts = store.blobs.has(manifest.digest) ? await partsOf(store, manifest, id) : [manifest.digest];
    for (const digest of parts) {
      if (store.blobs.has(digest)) continue;
      problems.push({ kind: 'image', digest, message: `image ${id} needs it, and it is missing` });
    }
  }
  return problems;
}

async function partsOf(
  { blobs }: ImageStore,
  manifest: { readonly digest: string; readonly mediaType: string },
  id: string,
): Promise<string[]> {
  const document = parseManifest(await blobs.read(manifest.digest), manifest.mediaType, manifest.digest);
  return isIndex(document) ? [] : [id, ...document.layers.map(({ digest }) => digest)];
}
