/** What is in the store, for people. */
import { isIndex, isIndexType, parseImageDocument, parseManifest } from '../oci.ts';
import { formatPlatform } from '../platform.ts';
import type { ImageRecord } from './catalog.ts';
import type { ImageStore } from './store.ts';

export interface ImageSummary {
  readonly id: string;
  readonly manifestDigest: string;
  /** Whole references with a tag; none: the image is dangling. */
  readonly tags: readonly string[];
  /** `domain/repository@digest`, under which it came. */
  readonly digests: readonly string[];
  /** When it was built; null when it does not say. */
  readonly createdAt: string | null;
  /** When a name was last given to it; null when it has none. */
  readonly taggedAt: string | null;
  readonly platform: string;
  /** Of the files in all its layers. */
  readonly sizeBytes: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** All images, newest first; those that others hide behind the same name included. */
export async function listImages(store: ImageStore): Promise<ImageSummary[]> {
  const names = await namesByManifest(store);
  const images = await Promise.all(
    store.catalog.images().map((record) => summarize(store, record, names.get(record.manifest.digest) ?? [])),
  );
  return images.sort((a, b) => compare(b.createdAt ?? '', a.createdAt ?? '') || compare(a.id, b.id));
}

async function summarize(
  store: ImageStore,
  { manifest, id }: ImageRecord,
  names: readonly Name[],
): Promise<ImageSummary> {
  const document = parseImageDocument(await store.blobs.read(id), `the configuration of image ${id}`);
  const { os, architecture, variant } = document;
  const sizes = document.rootfs.diff_ids.map((diffId) => store.catalog.layer(diffId)?.sizeBytes ?? 0);
  const tagged = names.filter(({ reference }) => !reference.includes('@'));
  return {
    id,
    manifestDigest: manifest.digest,
    tags: tagged.map(({ reference }) => reference),
    digests: names.map(({ reference }) => reference).filter((reference) => reference.includes('@')),
    createdAt: document.created ?? null,
    taggedAt:
      tagged
        .map(({ updatedAt }) => updatedAt)
        .sort(compare)
        .at(-1) ?? null,
    platform: formatPlatform({ os, architecture, ...(variant === undefined ? {} : { variant }) }),
    sizeBytes: sizes.reduce((sum, size) => sum + size, 0),
    labels: document.config?.Labels ?? {},
  };
}

interface Name {
  readonly reference: string;
  readonly updatedAt: string;
}

/** A name of an index names each image of it that is here. */
async function namesByManifest({ catalog, blobs }: ImageStore): Promise<ReadonlyMap<string, Name[]>> {
  const names = new Map<string, Name[]>();
  const add = (digest: string, name: Name): void => void names.set(digest, [...(names.get(digest) ?? []), name]);
  for (const { reference, target, updatedAt } of catalog.references()) {
    add(target.digest, { reference, updatedAt });
    if (!isIndexType(target.mediaType)) continue;
    const index = parseManifest(await blobs.read(target.digest), target.mediaType, reference);
    if (!isIndex(index)) continue;
    for (const { digest } of index.manifests) add(digest, { reference, updatedAt });
  }
  return names;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
