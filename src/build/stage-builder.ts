/** Builds the stages of a plan: each step once, those that do not wait for each other at the same time. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Slots } from '../image/pull.ts';
import type { Lease } from '../image/store/lease.ts';
import type { BuildEvent } from '../model/build.ts';
import { monotonicMs } from '../util/elapsed.ts';
import { type BuildCache, type BuiltLayer, cacheKey, type StepResult } from './cache.ts';
import type { KeyedResult } from './cache-exchange.ts';
import { copyInto, makeDirectory } from './copy-step.ts';
import { stepFailure } from './failure.ts';
import type { CopyStep, DirectoryStep, RunStep, Step } from './graph/steps.ts';
import { imageState } from './image-state.ts';
import type { BuildMachine } from './machine.ts';
import type { BuildPlan, PlannedStage } from './plan.ts';
import { isRemoteSource } from './remote-sources.ts';
import type { BuildRequest } from './request.ts';
import { runStep } from './run-step.ts';
import type { SharedWork } from './shared-work.ts';
import { Sources } from './sources.ts';
import { chainOf, layerDirectories, type StageState, withLayer } from './stage-state.ts';
import { isNumericOwner } from './tree/owner.ts';
import type { ScannedSource } from './tree/scan.ts';
import { unpackSources } from './unpack.ts';
import type { Workspace } from './workspace.ts';

export interface StageBuilderOptions {
  readonly machine: BuildMachine;
  readonly request: BuildRequest;
  readonly plan: BuildPlan;
  readonly workspace: Workspace;
  readonly cache: BuildCache;
  readonly shared: SharedWork;
  readonly lease: Lease;
  /** How many steps work at the same time. */
  readonly slots: Slots;
  /** Brings what `cacheFrom` has, once: when a step is not known here. */
  readonly importCaches: () => Promise<void>;
  readonly nextId: () => number;
  readonly emit: (event: BuildEvent) => void;
  /** The first step that fails ends all others: `signal` follows. */
  readonly fail: (error: unknown) => void;
  readonly signal: AbortSignal;
}

type FileStep = Exclude<Step, { kind: 'config' }>;

export class StageBuilder implements AsyncDisposable {
  readonly #options: StageBuilderOptions;
  readonly #sources: Sources;
  readonly #stages = new Map<number, Promise<StageState>>();
  readonly #steps: (KeyedResult & { readonly stage: number })[] = [];

  constructor(options: StageBuilderOptions) {
    this.#options = options;
    const { images } = options.plan;
    const { layers } = options.shared;
    this.#sources = new Sources({ ...options, images, layers, stageState: (index) => this.stage(index) });
  }

  /** What a stage is when all its steps are done. */
  stage(index: number): Promise<StageState> {
    let state = this.#stages.get(index);
    if (state === undefined) {
      const planned = this.#options.plan.stages.get(index);
      if (planned === undefined) throw new Error(`stage ${index} was not planned`);
      state = this.#build(planned);
      this.#stages.set(index, state);
    }
    return state;
  }

  /** Every step that was taken or found; `min`: those that the target is made of. */
  steps(mode: 'min' | 'max'): KeyedResult[] {
    const { plan } = this.#options;
    const stages = new Set<number>();
    for (let each: PlannedStage | undefined = plan.target; each !== undefined; ) {
      const { base, index }: PlannedStage['stage'] = each.stage;
      stages.add(index);
      each = base.kind === 'stage' ? plan.stages.get(base.stage) : undefined;
    }
    const steps = this.#steps.filter(({ stage }) => mode === 'max' || stages.has(stage));
    const sorted = steps.toSorted((a, b) => a.stage - b.stage);
    return sorted.map(({ key, layer, createdAt }) => ({ key, layer, createdAt }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#stages.values());
    await this.#sources[Symbol.asyncDispose]();
  }

  async #build(planned: PlannedStage): Promise<StageState> {
    // They are built beside this one until a step needs them.
    for (const index of planned.reads) this.stage(index).catch(() => {});
    let state = await this.#begin(planned);
    const fileSteps = planned.steps.filter(({ kind }) => kind !== 'config');
    const hasFrom = planned.image !== null ? 1 : 0;
    const total = fileSteps.length + hasFrom;
    for (const step of planned.steps) {
      if (step.kind === 'config') {
        state = withLayer(state, null, { createdBy: step.createdBy, createdAt: null });
        continue;
      }
      const place = `${this.#nameOf(planned)}${fileSteps.indexOf(step) + 1 + hasFrom}/${total}`;
      state = await this.#take(planned, state, step, `[${place}] ${step.title}`);
    }
    return state;
  }

  #nameOf({ stage }: PlannedStage): string {
    const { request, plan } = this.#options;
    const isOnly = plan.stages.size === 1 && stage.name === null;
    const stageName = isOnly ? '' : `${stage.name ?? `stage-${stage.index}`} `;
    return `${request.label === null ? '' : `${request.label} `}${stageName}`;
  }

  async #begin({ stage, image }: PlannedStage): Promise<StageState> {
    const { base } = stage;
    if (base.kind === 'stage') return await this.stage(base.stage);
    if (image === null) return { layers: [], history: [], createdAt: this.#now() };
    const { lease } = this.#options;
    lease.protect(image.descriptor.digest);
    return imageState(image);
  }

  /** One step: what was made before when it would be made again, else anew. */
  async #take(planned: PlannedStage, state: StageState, step: FileStep, title: string): Promise<StageState> {
    const { emit, nextId, signal } = this.#options;
    signal.throwIfAborted();
    const id = nextId();
    const began = monotonicMs();
    const tell = (status: 'started' | 'cached' | 'done' | 'failed' | 'cancelled') =>
      emit({ type: 'buildStep', id, title, status, durationMs: monotonicMs() - began });
    let isAnnounced = false;
    const announce = () => {
      isAnnounced = true;
      tell('started');
    };
    try {
      const content = step.kind === 'copy' ? await this.#sources.content(step) : null;
      const key = await this.#keyOf(state, step, content?.digest ?? null);
      const { result, isNew } = await this.#resultOf(planned, key, async () => {
        announce();
        return await this.#make(state, step, (await content?.find()) ?? [], id);
      });
      this.#steps.push({ stage: planned.stage.index, key, ...result });
      tell(isNew ? 'done' : 'cached');
      return withLayer(state, result.layer, { createdBy: step.createdBy, createdAt: result.createdAt });
    } catch (error) {
      if (!isAnnounced) tell('started');
      tell(signal.aborted ? 'cancelled' : 'failed');
      if (signal.aborted) throw error;
      const failure = stepFailure(step, error);
      this.#options.fail(failure);
      throw failure;
    }
  }

  async #resultOf(
    planned: PlannedStage,
    key: string,
    make: () => Promise<BuiltLayer | null>,
  ): Promise<{ readonly result: StepResult; readonly isNew: boolean }> {
    const { results, layers } = this.#options.shared;
    const running = results.get(key);
    if (running !== undefined) return { result: await running, isNew: false };
    const { cache, request } = this.#options;
    const { uncached } = request;
    const { name } = planned.stage;
    const mayReuse = uncached === 'none' || (uncached !== 'all' && !(name !== null && uncached.has(name)));
    const known = mayReuse ? cache.find(key) : null;
    if (known !== null) return { result: known, isNew: false };
    let isNew = true;
    const made = (mayReuse ? this.#options.importCaches() : Promise.resolve()).then(async (): Promise<StepResult> => {
      const imported = mayReuse && request.cacheFrom.length > 0 ? cache.find(key) : null;
      isNew = imported === null;
      if (imported !== null) return imported;
      const result = { layer: await make(), createdAt: this.#now() };
      layers.keep(key, result);
      return result;
    });
    results.set(key, made);
    return { result: await made, isNew };
  }

  /** Everything that decides what a step makes. */
  async #keyOf(state: StageState, step: FileStep, content: string | null): Promise<string> {
    const { request } = this.#options;
    const chain = chainOf(state);
    const epoch = request.sourceDateEpoch;
    switch (step.kind) {
      case 'directory':
        return cacheKey({ kind: step.kind, chain, epoch, path: step.path, user: step.user });
      case 'copy': {
        const { from: _from, place: _place, title: _title, createdBy: _by, sources: _written, ...rest } = step;
        return cacheKey({ ...rest, chain: isIndependent(step) ? null : chain, epoch, content });
      }
      case 'run': {
        const { place: _place, title: _title, createdBy: _by, quietEnv: _quiet, mounts, ...rest } = step;
        const mounted: object[] = [];
        for (const { place: _mountPlace, from, ...mount } of mounts) {
          const below = mount.type === 'bind' ? await this.#sources.digestBelow(from, mount.source) : null;
          // Built by now: nothing is waited for once the step has its turn.
          if (mount.type === 'cache') await this.#sources.layersOf(from);
          mounted.push({ ...mount, content: below });
        }
        return cacheKey({ ...rest, chain, epoch, mounts: mounted, settings: request.run });
      }
    }
  }

  async #make(
    state: StageState,
    step: FileStep,
    sources: readonly ScannedSource[],
    id: number,
  ): Promise<BuiltLayer | null> {
    const { workspace, slots, signal, request, shared } = this.#options;
    const { layers } = shared;
    return await slots.run(signal, async () => {
      const { directory, containerId } = workspace.step();
      const stage = layerDirectories(state, layers.pathOf);
      const lower = step.kind === 'copy' && step.isLinked ? [] : stage;
      await this.#perform(step, { lower, stage, directory, containerId, sources, id });
      return await layers.take(directory, { sourceDateEpoch: request.sourceDateEpoch, signal });
    });
  }

  async #perform(step: FileStep, work: StepWork): Promise<void> {
    switch (step.kind) {
      case 'directory':
        return await this.#makeDirectory(step, work);
      case 'copy':
        return await this.#copy(step, work);
      case 'run':
        return await this.#run(step, work);
    }
  }

  async #makeDirectory(step: DirectoryStep, work: StepWork): Promise<void> {
    const { machine, signal } = this.#options;
    await makeDirectory({ machine, signal, ...work }, step.path, step.user);
  }

  async #copy(step: CopyStep, work: StepWork): Promise<void> {
    const { machine, signal, request } = this.#options;
    const isLocal = step.sources.every(({ value }) => !isRemoteSource(value));
    const unpacks = step.isAdd && (step.unpacks ?? isLocal);
    const sources = unpacks ? await unpackSources(work.sources, work.directory, signal) : work.sources;
    await copyInto({ machine, signal, ...work }, step, sources, request.sourceDateEpoch);
  }

  async #run(step: RunStep, { id, ...work }: StepWork): Promise<void> {
    const { machine, signal, request, workspace, emit } = this.#options;
    const { paths, native } = machine;
    const { secrets, ssh } = request;
    const { privateDirectory } = workspace;
    const mountsDirectory = join(work.directory, 'mounts');
    mkdirSync(mountsDirectory);
    await runStep({
      machine,
      settings: request.run,
      step,
      buildId: workspace.id,
      ...work,
      mounts: {
        paths,
        native,
        mounts: step.mounts,
        directory: mountsDirectory,
        privateDirectory,
        secrets,
        ssh,
        layersOf: (from) => this.#sources.layersOf(from),
        signal,
      },
      onOutput: (text) => emit({ type: 'buildOutput', id, text }),
      signal,
    });
  }

  #now(): string {
    const { request, machine } = this.#options;
    const { sourceDateEpoch } = request;
    return (sourceDateEpoch === null ? machine.clock() : new Date(sourceDateEpoch * 1000)).toISOString();
  }
}

/** A copy that is the same whatever is below it. */
function isIndependent({ isLinked, chown }: CopyStep): boolean {
  return isLinked && (chown === null || isNumericOwner(chown));
}

interface StepWork {
  /** What the step's layer lies on, top first. */
  readonly lower: readonly string[];
  /** The layers of the stage, also those that the step's does not depend on. */
  readonly stage: readonly string[];
  readonly directory: string;
  readonly containerId: string;
  readonly sources: readonly ScannedSource[];
  readonly id: number;
}
