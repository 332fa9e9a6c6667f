/** From a Dockerfile to an image in the store. */
import {
  type Descriptor,
  describe,
  type ImageDocument,
  mediaTypes,
  type Platform,
  type RunConfig,
} from '../image/oci.ts';
import type { Slots } from '../image/pull.ts';
import type { Lease } from '../image/store/lease.ts';
import type { StoredImage } from '../image/store/resolve.ts';
import type { BuildEvent } from '../model/build.ts';
import type { BuildCache } from './cache.ts';
import { cacheField, type KeyedResult, writtenSteps } from './cache-exchange.ts';
import type { CacheSource } from './cache-places.ts';
import type { BuildMachine } from './machine.ts';
import { type BuildPlan, type ImageFinder, planBuild } from './plan.ts';
import type { BuildRequest } from './request.ts';
import type { SharedWork } from './shared-work.ts';
import { StageBuilder } from './stage-builder.ts';
import type { StageState } from './stage-state.ts';
import type { Workspace } from './workspace.ts';

export interface BuildOptions {
  readonly machine: BuildMachine;
  readonly workspace: Workspace;
  readonly cache: BuildCache;
  readonly shared: SharedWork;
  readonly lease: Lease;
  readonly slots: Slots;
  readonly findImage: ImageFinder;
  /** Brings what a source of `cacheFrom` has; one that cannot be had is warned about. */
  importCache(source: CacheSource, platform: Platform): Promise<void>;
  readonly nextId: () => number;
  readonly emit: (event: BuildEvent) => void;
  readonly signal: AbortSignal;
}

export interface BuiltImage {
  readonly image: StoredImage;
  /** What it took: `min`: the steps it is made of; `max`: all of them. */
  steps(mode: 'min' | 'max'): KeyedResult[];
}

/**
 * Builds an image and records it; whoever asked names it. When a step fails the others are ended and waited for. Throws
 * SourceError for a file that cannot be read and BuildFailure for a step that failed.
 */
export async function buildImage(request: BuildRequest, options: BuildOptions): Promise<BuiltImage> {
  const { emit } = options;
  const plan = await planBuild(request, options.findImage);
  for (const name of plan.unusedArguments) {
    emit({ type: 'buildWarning', message: `no ARG takes the build argument ${name}` });
  }
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const { shared } = options;
  await shared.join();
  let state: StageState;
  let steps: BuiltImage['steps'];
  let imports: Promise<void> | null = null;
  const importAll = async () => {
    await Promise.all(request.cacheFrom.map((source) => options.importCache(source, request.platform)));
  };
  try {
    await using builder = new StageBuilder({
      ...options,
      importCaches: () => {
        imports ??= importAll();
        return imports;
      },
      request,
      plan,
      signal,
      fail: (error) => failed.abort(error),
    });
    try {
      state = await builder.stage(plan.target.stage.index);
      steps = (mode) => builder.steps(mode);
    } catch (error) {
      failed.abort(error);
      throw failed.signal.reason;
    }
  } catch (error) {
    // What its steps have made is kept all the same. Why it failed is what is told.
    void shared.leave();
    throw error;
  }
  await shared.leave();
  const inline = request.cacheTo.isInline ? { [cacheField]: writtenSteps(steps('min')) } : {};
  return { image: await storeImage(request, plan, state, inline, options), steps };
}

async function storeImage(
  request: BuildRequest,
  plan: BuildPlan,
  state: StageState,
  inline: object,
  { machine, lease }: BuildOptions,
): Promise<StoredImage> {
  const { store } = machine;
  const { config, author } = plan.target;
  const { os, architecture, variant } = request.platform;
  const labels = { ...config.Labels, ...request.labels };
  const document: ImageDocument = {
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    created: state.createdAt,
    ...(author === '' ? {} : { author }),
    config: { ...config, ...(Object.keys(labels).length === 0 ? {} : { Labels: sorted(labels) }) } satisfies RunConfig,
    rootfs: { type: 'layers', diff_ids: state.layers.map(({ diffId }) => diffId) },
    history: state.history,
  };
  const configuration = Buffer.from(JSON.stringify({ ...document, ...inline }));
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: describe(mediaTypes.ociConfig, configuration),
    layers: state.layers.map(({ blob }) => asOci(blob)),
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const target = describe(mediaTypes.ociManifest, bytes);
  if (store.find(target.digest) !== null) return await store.image(target.digest, request.platform);
  lease.protect(manifest.config.digest, target.digest);
  // Together they wait for the disk once.
  await Promise.all([
    store.blobs.put(mediaTypes.ociConfig, configuration),
    store.blobs.put(mediaTypes.ociManifest, bytes),
  ]);
  return await store.addImage(target, request.platform);
}

/** Layers of a base keep their archive; a manifest has all its types from one specification. */
function asOci({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType: mediaType === mediaTypes.dockerLayerGzip ? mediaTypes.ociLayerGzip : mediaType, digest, size };
}

function sorted(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
