import type { ErrorData, LayerEvent, PlanNodeData, ProgressEvent, ResourceKind, StepEvent } from '../model/events.ts';

/** What is known of one resource while a plan is carried out. */
export interface ResourceProgress {
  readonly kind: ResourceKind;
  readonly resource: string;
  /** `Creating`, `Started`, `Healthy`: the latest word; empty before its first step. */
  readonly text: string;
  /** `waiting`: between two steps. */
  readonly status: 'planned' | 'working' | 'waiting' | 'done' | 'failed';
  /** Milliseconds that its finished steps took. */
  readonly durationMs: number;
  readonly error: ErrorData | null;
}

export interface ProgressState {
  /** By `keyOf`, in the order of the plan. */
  readonly resources: ReadonlyMap<string, ResourceProgress>;
  /** Steps of each resource that are still to come, so that the last one makes it done. */
  readonly remaining: ReadonlyMap<string, number>;
  /** By image as its step names it, then digest. */
  readonly layers: ReadonlyMap<string, ReadonlyMap<string, LayerEvent>>;
  readonly warnings: readonly string[];
  readonly outcome: 'working' | 'done' | 'failed';
  readonly error: ErrorData | null;
}

export const initialProgress: ProgressState = {
  resources: new Map(),
  remaining: new Map(),
  layers: new Map(),
  warnings: [],
  outcome: 'working',
  error: null,
};

export function keyOf(item: { readonly kind: ResourceKind; readonly resource: string }): string {
  return `${item.kind} ${item.resource}`;
}

/** Kinds that people see; rules of the firewall are part of starting a container unless they fail. */
export function isShown(item: { readonly kind: ResourceKind }): boolean {
  return item.kind !== 'firewall' && item.kind !== 'project';
}

/** The state after `event`. */
export function reduceProgress(state: ProgressState, event: ProgressEvent): ProgressState {
  switch (event.type) {
    case 'plan':
      return withPlan(state, event.nodes);
    case 'step':
      return withStep(state, event);
    case 'output':
      return state;
    case 'layer':
      return withLayer(state, event);
    case 'warning':
      return { ...state, warnings: [...state.warnings, event.message] };
    case 'done':
      return { ...state, outcome: 'done' };
    case 'error':
      return { ...state, outcome: 'failed', error: event.error };
  }
}

function withPlan(state: ProgressState, nodes: readonly PlanNodeData[]): ProgressState {
  const resources = new Map(state.resources);
  const remaining = new Map(state.remaining);
  for (const { kind, resource } of nodes) {
    const key = keyOf({ kind, resource });
    remaining.set(key, (remaining.get(key) ?? 0) + 1);
    if (resources.has(key)) continue;
    resources.set(key, { kind, resource, text: '', status: 'planned', durationMs: 0, error: null });
  }
  return { ...state, resources, remaining };
}

function withStep(state: ProgressState, step: StepEvent): ProgressState {
  const key = keyOf(step);
  const before = state.resources.get(key);
  const remaining = new Map(state.remaining);
  const left = Math.max(0, (remaining.get(key) ?? 0) - (step.status === 'started' ? 0 : 1));
  remaining.set(key, left);
  const resources = new Map(state.resources).set(key, {
    kind: step.kind,
    resource: step.resource,
    text: step.text,
    status: statusAfter(step, before, left),
    durationMs: (before?.durationMs ?? 0) + (step.durationMs ?? 0),
    error: step.error ?? before?.error ?? null,
  });
  return { ...state, resources, remaining };
}

function withLayer(state: ProgressState, event: LayerEvent): ProgressState {
  const own = new Map(state.layers.get(event.resource)).set(event.digest, event);
  return { ...state, layers: new Map(state.layers).set(event.resource, own) };
}

function statusAfter(step: StepEvent, before: ResourceProgress | undefined, left: number): ResourceProgress['status'] {
  if (step.status === 'failed' || before?.status === 'failed') return 'failed';
  if (step.status === 'started') return 'working';
  return left === 0 ? 'done' : 'waiting';
}

const kindNames: Readonly<Record<ResourceKind, string>> = {
  network: 'Network',
  volume: 'Volume',
  container: 'Container',
  image: 'Image',
  firewall: 'Firewall',
  project: 'Project',
  provider: 'Provider',
};

/** `Container shop-web-1`. */
export function describeResource(item: { readonly kind: ResourceKind; readonly resource: string }): string {
  return `${kindNames[item.kind]} ${item.resource}`;
}
