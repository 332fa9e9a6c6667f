import { type Collected, collect } from './collect.ts';
import { type ImageSummary, listImages } from './list.ts';
import type { ImageStore } from './store.ts';

export interface Pruned extends Collected {
  readonly untagged: readonly string[];
  /** Ids of images. */
  readonly deleted: readonly string[];
}

/**
 * Removes images that no container is made of: those without a name, or, with `all`, any. Then collects what nothing needs
 * any more, what was downloaded in part included.
 */
export async function pruneImages(
  store: ImageStore,
  options: {
    readonly inUse: ReadonlySet<string>;
    readonly scope: 'dangling' | 'all';
    /** Only of these; absent: of all. */
    readonly isMeant?: (image: ImageSummary) => boolean;
  },
): Promise<Pruned> {
  const { inUse, scope, isMeant = () => true } = options;
  const doomed = (await listImages(store)).filter(
    (image) => !inUse.has(image.id) && (scope === 'all' || image.tags.length === 0) && isMeant(image),
  );
  const { catalog } = store;
  const untagged = catalog.transaction(() => {
    const names = new Set(doomed.flatMap(({ tags, digests }) => [...tags, ...digests]));
    for (const { manifestDigest } of doomed) catalog.removeImage(manifestDigest);
    const kept = new Set(catalog.images().map(({ manifest }) => manifest.digest));
    return [...names].filter((name) => {
      const target = catalog.reference(name)?.target.digest;
      // A name of several platforms stays with the one that stays.
      if (target === undefined || kept.has(target)) return false;
      catalog.removeReference(name);
      return true;
    });
  });
  const collected = await collect(store, { inUse, partials: true });
  return { ...collected, untagged, deleted: doomed.map(({ id }) => id) };
}
