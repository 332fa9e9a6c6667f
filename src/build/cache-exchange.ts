/** Steps of builds that travel: in the configuration of an image, whose layers are what they have made. */
import { type Descriptor, describe, mediaTypes, type Platform } from '../image/oci.ts';
import type { Lease } from '../image/store/lease.ts';
import type { StoredImage } from '../image/store/resolve.ts';
import type { ImageStore } from '../image/store/store.ts';
import type { BuildCache, BuiltLayer, StepResult } from './cache.ts';

/** A step and what it has made. */
export interface KeyedResult extends StepResult {
  readonly key: string;
}

/** In the configuration of an image. */
export const cacheField = 'dev.tscompose.build-cache';

/** Null: it changed no file. */
type WrittenStep = { readonly key: string; readonly createdAt: string; readonly diffId: string | null };

export function writtenSteps(steps: readonly KeyedResult[]): WrittenStep[] {
  return steps.map(({ key, createdAt, layer }) => ({ key, createdAt, diffId: layer?.diffId ?? null }));
}

/** An image that is not to be run: its layers are those of all the steps. */
export async function storeCacheImage(
  store: ImageStore,
  lease: Lease,
  platform: Platform,
  steps: readonly KeyedResult[],
): Promise<Descriptor> {
  const layers = new Map<string, BuiltLayer>();
  for (const { layer } of steps) if (layer !== null) layers.set(layer.diffId, layer);
  const configuration = Buffer.from(
    JSON.stringify({
      ...platform,
      config: {},
      rootfs: { type: 'layers', diff_ids: [...layers.keys()] },
      [cacheField]: writtenSteps(steps),
    }),
  );
  const config = describe(mediaTypes.ociConfig, configuration);
  const blobs = [...layers.values()].map(({ blob }) => blob);
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: blobs };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const target = describe(mediaTypes.ociManifest, bytes);
  lease.protect(config.digest, target.digest, ...layers.keys(), ...blobs.map(({ digest }) => digest));
  await store.blobs.put(mediaTypes.ociConfig, configuration);
  await store.blobs.put(mediaTypes.ociManifest, bytes);
  await store.addImage(target, platform);
  return target;
}

/** Takes over the steps that an image has, whose layers are here; how many. */
export async function takeSteps(store: ImageStore, cache: BuildCache, image: StoredImage): Promise<number> {
  const document = JSON.parse((await store.blobs.read(image.id)).toString('utf8')) as Readonly<Record<string, unknown>>;
  const written = document[cacheField];
  if (!Array.isArray(written)) return 0;
  const blobs = new Map(image.document.rootfs.diff_ids.map((diffId, index) => [diffId, image.manifest.layers[index]]));
  let taken = 0;
  for (const step of written as readonly (Partial<WrittenStep> | null)[]) {
    const { key, createdAt, diffId } = step ?? {};
    if (typeof key !== 'string' || !/^[0-9a-f]{64}$/.test(key) || typeof createdAt !== 'string') continue;
    const blob = typeof diffId === 'string' ? blobs.get(diffId) : undefined;
    if (diffId !== null && blob === undefined) continue;
    const layer = typeof diffId === 'string' && blob !== undefined ? { diffId, blob } : null;
    if (layer !== null) cache.pin([layer]);
    await cache.keep(key, { layer, createdAt });
    taken += 1;
  }
  return taken;
}
