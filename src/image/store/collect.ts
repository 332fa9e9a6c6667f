/** What of the store is needed, and the removal of the rest. */
import { readdirSync, readFileSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { native } from '../../native/binding.ts';
import {
  isIndex,
  isIndexType,
  isManifestType,
  isSha256,
  maxDocumentBytes,
  mediaTypes,
  parseImageDocument,
  parseManifest,
} from '../oci.ts';
import type { Catalog } from './catalog.ts';
import type { StoreLayout } from './layout.ts';
import { dropDeadLeases, leasedDigests } from './lease.ts';
import { tryLockPath } from './lock.ts';
import type { ImageStore } from './store.ts';

export interface Collected {
  readonly blobs: readonly string[];
  readonly layers: readonly string[];
  readonly reclaimedBytes: number;
}

/**
 * Removes blobs and layers that no name, image, living lease, other pin or container needs. `inUse`: ids of the images
 * that containers are made of. Partial downloads go too, unless somebody is writing them, when `partials` says so.
 */
export async function collect(
  store: ImageStore,
  options: { readonly inUse: Iterable<string>; readonly partials: boolean },
): Promise<Collected> {
  const { layout, catalog } = store;
  // First what no record speaks of: where the disk is full, records cannot be changed before.
  if (options.partials) await removePartials(layout);
  await dropDeadLeases(layout);
  const removed = catalog.transaction(() => sweep(layout, catalog, new Set(options.inUse)));
  // Outside of the transaction: a large layer takes a while.
  for (const name of await readdir(layout.trash)) await native().removeTree(join(layout.trash, name));
  return removed;
}

function sweep(layout: StoreLayout, catalog: Catalog, inUse: ReadonlySet<string>): Collected {
  const needed = reachable(layout, catalog, inUse);
  let reclaimedBytes = 0;
  const blobs: string[] = [];
  for (const hex of readdirSync(layout.blobs)) {
    const digest = `sha256:${hex}`;
    if (needed.has(digest) || !isSha256(digest)) continue;
    reclaimedBytes += statSync(layout.blob(digest)).size;
    unlinkSync(layout.blob(digest));
    blobs.push(digest);
  }
  const layers: string[] = [];
  for (const hex of readdirSync(layout.layers)) {
    const diffId = `sha256:${hex}`;
    if (needed.has(diffId)) continue;
    const record = catalog.layer(diffId);
    // Without a record it is being made, or somebody was killed then: the lease tells, and it is in `needed`.
    reclaimedBytes += record?.sizeBytes ?? 0;
    catalog.removeLayer(diffId);
    renameSync(join(layout.layers, hex), join(layout.trash, `${hex}-${Date.now()}`));
    layers.push(diffId);
  }
  return { blobs, layers, reclaimedBytes };
}

/** Digests of all blobs and layers that are needed. */
function reachable(layout: StoreLayout, catalog: Catalog, inUse: ReadonlySet<string>): ReadonlySet<string> {
  const images = catalog.images();
  const roots = [
    ...catalog.references().map(({ target }) => target),
    ...images.map(({ manifest }) => manifest),
    ...catalog.pins().map(({ digest }) => ({ digest, mediaType: '' })),
    ...leasedDigests(layout)
      .filter(isSha256)
      .map((digest) => ({ digest, mediaType: '' })),
    ...[...inUse].filter(isSha256).map((digest) => ({ digest, mediaType: mediaTypes.ociConfig as string })),
  ];
  const needed = new Set<string>();
  const follow = (digest: string, mediaType: string): void => {
    if (needed.has(digest)) return;
    needed.add(digest);
    for (const [next, type] of referencesIn(layout, digest, mediaType)) follow(next, type);
  };
  for (const { digest, mediaType } of roots) follow(digest, mediaType);
  return needed;
}

/** What a document refers to. Anything else, and what is not here or damaged, refers to nothing. */
function referencesIn(layout: StoreLayout, digest: string, mediaType: string): [digest: string, mediaType: string][] {
  const isConfig = mediaType === mediaTypes.ociConfig || mediaType === mediaTypes.dockerConfig;
  if (mediaType !== '' && !isConfig && !isIndexType(mediaType) && !isManifestType(mediaType)) return [];
  const path = layout.blob(digest);
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0 || size > maxDocumentBytes) return [];
  const bytes = readFileSync(path);
  // A pin does not say what it is of; documents are JSON objects.
  if (bytes[0] !== 0x7b) return [];
  try {
    if (isConfig) return diffIdsIn(bytes);
    const document = parseManifest(bytes, mediaType, digest);
    const parts = isIndex(document) ? document.manifests : [document.config, ...document.layers];
    return parts.map((part) => [
      part.digest,
      isConfigOf(document, part.digest) ? mediaTypes.ociConfig : part.mediaType,
    ]);
  } catch {
    return mediaType === '' ? orNothing(() => diffIdsIn(bytes)) : [];
  }
}

function isConfigOf(document: ReturnType<typeof parseManifest>, digest: string): boolean {
  return !isIndex(document) && document.config.digest === digest;
}

function diffIdsIn(bytes: Buffer): [digest: string, mediaType: string][] {
  return parseImageDocument(bytes, '').rootfs.diff_ids.map((diffId) => [diffId, mediaTypes.ociLayer]);
}

function orNothing<T>(read: () => T[]): T[] {
  try {
    return read();
  } catch {
    return [];
  }
}

/** Partial blobs, half-made layers and locks that nobody holds. */
async function removePartials(layout: StoreLayout): Promise<void> {
  for (const name of await readdir(layout.ingest)) {
    const isLayer = name.startsWith('layer-');
    const [maker = ''] = name.slice('layer-'.length).split('.');
    const lock = tryLockPath(isLayer ? join(layout.locks, maker) : join(layout.ingest, name));
    if (lock === null) continue;
    try {
      await native().removeTree(join(layout.ingest, name));
    } finally {
      lock.release();
    }
  }
  for (const name of await readdir(layout.locks)) {
    const lock = tryLockPath(join(layout.locks, name));
    if (lock === null) continue;
    await unlink(join(layout.locks, name));
    lock.release();
  }
}
