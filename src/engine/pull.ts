/** Pulls what services are made of: a plan of its own, before anything else is planned. */
import { readCredentials } from '../image/credentials.ts';
import { machine, parsePlatform } from '../image/platform.ts';
import { pullImage, Slots } from '../image/pull.ts';
import type { LayerProgress } from '../image/pull-layer.ts';
import { parseReference } from '../image/reference.ts';
import { openRegistryClient, type RegistryClient } from '../image/registry/client.ts';
import { readRegistrySettings, registrySettingsPaths } from '../image/registry/settings.ts';
import { isRootfsReference } from '../image/rootfs.ts';
import type { ImageStore } from '../image/store/store.ts';
import type { ProgressEvent } from '../model/events.ts';
import { imageName, type NameSeparator } from '../model/names.ts';
import type { Project } from '../model/project.ts';
import { parsePullPolicy } from '../model/pull-policy.ts';
import type { FoundImage, ImageNeed } from '../plan/images.ts';
import { type OperationOf, type Plan, planData } from '../plan/plan.ts';
import { monotonicMs } from '../util/elapsed.ts';
import { about, ComposeError } from '../util/errors.ts';
import { planHash } from './engine.ts';
import { errorData, execute, OperationFailure } from './execute.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Layers that are fetched and unpacked at a time. */
const parallelLayers = 6;
/** Events of a layer that is only further on come no more often. */
const minIntervalMs = 100;

/** What the named services are made of, and what of it is here. Throws INVALID for a policy or a platform that is none. */
export function imageNeeds(
  project: Project,
  services: Iterable<string>,
  options: { readonly store: ImageStore; readonly environment: Environment; readonly nameSeparator: NameSeparator },
): ImageNeed[] {
  const needs: ImageNeed[] = [];
  for (const name of services) {
    const service = project.services[name];
    if (service === undefined || service.provider !== undefined) continue;
    const reference = imageName(project.name, name, service, options.nameSeparator);
    if (isRootfsReference(reference)) continue;
    // An image that is only built here has no registry to come from.
    if (service.image === undefined && service.build !== undefined) continue;
    const platform = service.platform ?? options.environment.DOCKER_DEFAULT_PLATFORM ?? null;
    if (platform) parsePlatform(platform);
    needs.push({
      reference,
      service: name,
      platform: platform || null,
      policy: parsePullPolicy(service.pull_policy, service.pull_refresh_after),
      isBuildable: service.build !== undefined,
      found: findImage(options.store, reference),
    });
    for (const { image } of service.pre_start ?? []) {
      if (image === undefined || isRootfsReference(image)) continue;
      const found = findImage(options.store, image);
      const policy = parsePullPolicy(service.pull_policy === 'build' ? undefined : service.pull_policy);
      needs.push({ reference: image, service: name, platform: platform || null, policy, isBuildable: false, found });
    }
  }
  return needs;
}

function findImage(store: ImageStore, reference: string): FoundImage | null {
  if (store.find(reference) === null) return null;
  const isId = /^(?:sha256:)?[0-9a-f]{4,64}$/.test(reference);
  if (isId || parseReference(reference).digest !== null) return { isPinned: true, taggedAt: null };
  return { isPinned: false, taggedAt: store.reference(reference)?.updatedAt ?? null };
}

export interface PullRun {
  readonly store: ImageStore;
  readonly environment: Environment;
  readonly signal: AbortSignal;
  /** Images at once; null: no limit was asked for. */
  readonly parallel: number | null;
  /** Whether one that cannot be pulled is only warned about. */
  readonly failures: 'stop' | 'warn';
  readonly clock: () => Date;
}

/** Carries out a plan of pulls; the plan and its steps are what comes. Throws what the first failing pull threw. */
export async function* carryOutPulls(plan: Plan, run: PullRun): AsyncGenerator<ProgressEvent, void> {
  const queue: ProgressEvent[] = [];
  let wake = Promise.withResolvers<void>();
  const emit = (event: ProgressEvent): void => {
    queue.push(event);
    wake.resolve();
  };
  // Who stops reading has all of it stopped.
  const left = new AbortController();
  const signal = AbortSignal.any([run.signal, left.signal]);
  let isOver = false;
  const work = pullAll(plan, { ...run, signal }, emit).finally(() => {
    isOver = true;
    wake.resolve();
  });
  work.catch(() => {});
  try {
    for (;;) {
      yield* queue.splice(0);
      if (isOver && queue.length === 0) break;
      await wake.promise;
      wake = Promise.withResolvers();
    }
    await work;
  } finally {
    left.abort(new Error('nobody follows'));
    await work.catch(() => {});
  }
}

async function pullAll(plan: Plan, run: PullRun, emit: (event: ProgressEvent) => void): Promise<void> {
  const { signal, environment, clock, parallel } = run;
  emit({ type: 'plan', hash: planHash(plan, { services: {} }), nodes: planData(plan) });
  using registry = openRegistryClient({
    signal,
    environment,
    credentials: await readCredentials(environment),
    settings: readRegistrySettings(registrySettingsPaths(environment)),
  });
  const slots = new Slots(parallelLayers);
  const pull = { ...run, registry, slots, emit };
  try {
    await execute(
      plan,
      { pullImage: (operation, options) => pullOne(operation, { ...pull, signal: options.signal }) },
      { signal, emit, parallel, clock, describeError: (error) => errorData(error) },
    );
  } catch (error) {
    throw error instanceof OperationFailure ? error.cause : error;
  }
}

async function pullOne(
  { resource, service, platform, isOptional }: OperationOf<'pullImage'>,
  options: PullRun & {
    readonly registry: RegistryClient;
    readonly slots: Slots;
    readonly emit: (event: ProgressEvent) => void;
  },
): Promise<string | undefined> {
  const { store, registry, slots, signal, emit } = options;
  try {
    await pullImage(resource, {
      store,
      registry,
      slots,
      signal,
      platform: platform === null ? machine() : parsePlatform(platform),
      onLayer: sparsely((progress) => emit({ type: 'layer', resource, ...progress })),
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof ComposeError) || signal.aborted) throw error;
    if (!isOptional && options.failures === 'stop') {
      throw about(error, { path: ['services', service ?? '', 'image'] });
    }
    emit({ type: 'warning', message: error.message });
    return 'Warning';
  }
}

/** Leaves out what is only a little further on than before. */
function sparsely(report: (progress: LayerProgress) => void): (progress: LayerProgress) => void {
  const latest = new Map<string, { readonly status: string; readonly at: number }>();
  return (progress) => {
    const before = latest.get(progress.digest);
    const at = monotonicMs();
    if (before?.status === progress.status && at - before.at < minIntervalMs) return;
    latest.set(progress.digest, { status: progress.status, at });
    report(progress);
  };
}
