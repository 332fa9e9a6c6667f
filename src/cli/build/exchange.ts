/** Steps of builds from registries and directories, and to them. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BuiltImage } from '../../build/build.ts';
import type { BuildCache } from '../../build/cache.ts';
import { storeCacheImage, takeSteps } from '../../build/cache-exchange.ts';
import type { CacheSource, CacheTarget } from '../../build/cache-places.ts';
import { openInput } from '../../image/archive/input.ts';
import { loadArchive } from '../../image/archive/load.ts';
import { imagesToSave, saveDirectory } from '../../image/archive/save.ts';
import type { Platform } from '../../image/oci.ts';
import { pullImage, Slots } from '../../image/pull.ts';
import { pushImage } from '../../image/push.ts';
import type { Lease } from '../../image/store/lease.ts';
import type { StoredImage } from '../../image/store/resolve.ts';
import { canonicalName, type ImageStore } from '../../image/store/store.ts';
import { ComposeError } from '../../util/errors.ts';
import type { Context } from '../context.ts';

export interface CacheExchange {
  readonly store: ImageStore;
  readonly cache: BuildCache;
  readonly lease: Lease;
  readonly context: Context;
}

const layersAtOnce = 4;

/** Takes over what is kept there; how many steps. Throws when it cannot be had. */
export async function importCache(
  source: CacheSource,
  platform: Platform,
  { store, cache, lease, context }: CacheExchange,
): Promise<number> {
  const { signal } = context;
  let images: readonly StoredImage[];
  if (source.kind === 'registry') {
    images = [await pulled(source.reference, platform, { store, lease, context })];
  } else {
    if (!existsSync(join(source.directory, 'index.json'))) return 0;
    await using archive = await openInput({ path: source.directory, stdin: context.stdin }, store.layout, signal);
    images = (await loadArchive(store, archive, { signal })).map(({ image }) => image);
  }
  let taken = 0;
  for (const image of images) taken += await takeSteps(store, cache, image);
  return taken;
}

/** The name stands afterwards for what it stood for before: nobody has asked for the image. */
async function pulled(
  reference: string,
  platform: Platform,
  { store, lease, context }: Pick<CacheExchange, 'store' | 'lease' | 'context'>,
): Promise<StoredImage> {
  const { openRegistries } = await import('../registry-client.ts');
  using registry = await openRegistries(context);
  const before = store.find(reference);
  if (before !== null) lease.protect(before.digest);
  const slots = new Slots(layersAtOnce);
  const { image } = await pullImage(reference, { store, registry, platform, signal: context.signal, slots });
  lease.protect(image.target.digest, image.descriptor.digest);
  if (before === null) store.catalog.removeReference(canonicalName(reference));
  else store.tag(reference, before);
  return image;
}

/** Brings the steps of a build there. */
export async function exportCache(
  target: CacheTarget,
  platform: Platform,
  built: BuiltImage,
  { store, lease, context }: CacheExchange,
): Promise<void> {
  const manifest = await storeCacheImage(store, lease, platform, built.steps(target.mode));
  try {
    if (target.kind === 'registry') {
      const { openRegistries } = await import('../registry-client.ts');
      using registry = await openRegistries(context);
      const before = store.find(target.reference);
      store.tag(target.reference, manifest);
      try {
        await pushImage(store, registry, target.reference, { signal: context.signal, report: () => {} });
      } finally {
        if (before === null) store.catalog.removeReference(canonicalName(target.reference));
        else store.tag(target.reference, before);
      }
      return;
    }
    mkdirSync(target.directory, { recursive: true });
    if (existsSync(join(target.directory, 'index.json'))) {
      for (const name of ['index.json', 'oci-layout', 'blobs']) {
        rmSync(join(target.directory, name), { recursive: true, force: true });
      }
    }
    await saveDirectory(store, await imagesToSave(store, [manifest.digest], [platform]), target.directory);
  } catch (error) {
    if (!(error instanceof ComposeError)) throw error;
    const where = target.kind === 'registry' ? target.reference : target.directory;
    throw new ComposeError(error.code, `cannot bring the cache to ${where}: ${error.message}`, { cause: error });
  } finally {
    // Its layers are the cache's.
    store.catalog.removeImage(manifest.digest);
  }
}
