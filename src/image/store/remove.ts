import { ComposeError } from '../../util/errors.ts';
import { listImages } from './list.ts';
import { absent, canonicalName, type ImageStore } from './store.ts';

export interface Removal {
  /** Names that stand for nothing any more. */
  readonly untagged: readonly string[];
  /** Ids of images that are gone. */
  readonly deleted: readonly string[];
}

/**
 * Takes a name away, and the image when it was its last one; an id takes the image with its name. What nothing needs any
 * more is left to collection. Throws IMAGE_NOT_FOUND, and INVALID when a container or another name stands in the way
 * and `force` does not say otherwise; a container always does.
 */
export async function removeImage(
  store: ImageStore,
  name: string,
  options: { readonly inUse: ReadonlyMap<string, readonly string[]>; readonly force: boolean },
): Promise<Removal> {
  const target = store.find(name);
  if (target === null) throw absent(name);
  const { catalog } = store;
  const all = await listImages(store);
  const isName = !/^(?:sha256:)?[0-9a-f]{4,64}$/.test(name) || catalog.reference(canonicalName(name)) !== null;
  const byName = isName ? canonicalName(name) : null;
  const images = all.filter(({ manifestDigest, tags, digests }) =>
    byName === null ? manifestDigest === target.digest : [...tags, ...digests].includes(byName),
  );
  const doomed = images.filter(({ tags }) => tags.every((tag) => tag === byName) || byName === null);
  for (const { id, tags } of doomed) {
    const containers = options.inUse.get(id);
    if (containers !== undefined) {
      throw new ComposeError('INVALID', `image ${name} is used by container ${containers[0]}`, {
        hint: 'remove its containers first: tscompose down',
      });
    }
    if (byName === null && tags.length > 1 && !options.force) {
      throw new ComposeError('INVALID', `image ${name} has several names: ${tags.join(', ')}`, {
        hint: 'remove them by name, or all of them with --force',
      });
    }
  }
  return catalog.transaction(() => {
    const untagged = new Set(byName === null ? [] : [byName]);
    for (const { manifestDigest, tags, digests } of doomed) {
      for (const reference of [...tags, ...digests]) untagged.add(reference);
      catalog.removeImage(manifestDigest);
    }
    for (const reference of untagged) catalog.removeReference(reference);
    return { untagged: [...untagged], deleted: doomed.map(({ id }) => id) };
  });
}
