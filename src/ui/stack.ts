import type { PlanNodeData, ProgressEvent } from '../model/events.ts';
import type { PublishedPort } from '../model/records.ts';

/** One container as the footer of `up` shows it. */
export interface StackRow {
  readonly name: string;
  readonly service: string;
  /** `planned`, what is being done to it (`creating`), or what its process does (`running`, `exited (0)`). */
  readonly state: string;
  readonly tone: 'good' | 'busy' | 'bad' | 'quiet';
  readonly health: string | null;
  readonly restarts: number;
  readonly cpuPercent: number | null;
  readonly memoryBytes: number | null;
  readonly ports: string;
  /** What its start waits for, and which condition of that: `db (healthy)`. */
  readonly waitingFor: readonly string[];
}

export interface StackState {
  /** By the container's name on this machine. */
  readonly rows: ReadonlyMap<string, StackRow>;
  readonly nodes: readonly PlanNodeData[];
  readonly doneNodes: ReadonlySet<number>;
  /** What we do ourselves at the moment: `stopping`. */
  readonly notice: string | null;
  /** What the last key came to, until the next one. */
  readonly hint: string | null;
  /** What somebody is asked to pick from. */
  readonly choice: { readonly title: string; readonly items: readonly string[] } | null;
  /** Whether changes of files are followed. */
  readonly isWatching: boolean;
}

export type StackEvent =
  | { readonly type: 'progress'; readonly event: ProgressEvent }
  | {
      readonly type: 'running';
      readonly name: string;
      readonly service: string;
      /** Undefined: as before. */
      readonly health?: string | null;
      readonly restarts?: number;
      readonly ports: readonly PublishedPort[];
    }
  | { readonly type: 'health'; readonly name: string; readonly health: string }
  | { readonly type: 'paused'; readonly name: string }
  | { readonly type: 'exited'; readonly name: string; readonly exitCode: number; readonly next: 'restart' | 'gone' }
  | { readonly type: 'usage'; readonly name: string; readonly cpuPercent: number | null; readonly memoryBytes: number }
  | { readonly type: 'notice'; readonly text: string | null }
  | { readonly type: 'hint'; readonly text: string | null }
  | { readonly type: 'choice'; readonly choice: StackState['choice'] }
  | { readonly type: 'watching'; readonly isOn: boolean };

export const emptyStack: StackState = {
  rows: new Map(),
  nodes: [],
  doneNodes: new Set(),
  notice: null,
  hint: null,
  choice: null,
  isWatching: false,
};

/** The state after `event`. */
export function reduceStack(state: StackState, event: StackEvent): StackState {
  switch (event.type) {
    case 'progress':
      return withProgress(state, event.event);
    case 'running': {
      const { name, service, ports } = event;
      const before = state.rows.get(name);
      const health = event.health === undefined ? (before?.health ?? null) : event.health;
      const restarts = event.restarts ?? before?.restarts ?? 0;
      const tone = toneOf(health);
      return withRow(state, name, service, { state: 'running', tone, health, restarts, ports: shortPorts(ports) });
    }
    case 'health':
      return withRow(state, event.name, null, { health: event.health, tone: toneOf(event.health) });
    case 'paused':
      return withRow(state, event.name, null, { state: 'paused', tone: 'quiet' });
    case 'exited':
      return withExit(state, event);
    case 'usage':
      return withRow(state, event.name, null, { cpuPercent: event.cpuPercent, memoryBytes: event.memoryBytes });
    case 'notice':
      return { ...state, notice: event.text };
    case 'hint':
      return { ...state, hint: event.text };
    case 'choice':
      return { ...state, choice: event.choice };
    case 'watching':
      return { ...state, isWatching: event.isOn };
  }
}

function toneOf(health: string | null): StackRow['tone'] {
  if (health === 'unhealthy') return 'bad';
  return health === 'starting' ? 'busy' : 'good';
}

function withExit(state: StackState, event: Extract<StackEvent, { type: 'exited' }>): StackState {
  const before = state.rows.get(event.name);
  const isRestarting = event.next === 'restart';
  return withRow(state, event.name, null, {
    state: isRestarting ? 'restarting' : `exited (${event.exitCode})`,
    tone: isRestarting ? 'busy' : event.exitCode === 0 ? 'quiet' : 'bad',
    health: null,
    restarts: (before?.restarts ?? 0) + (isRestarting ? 1 : 0),
    cpuPercent: null,
    memoryBytes: null,
  });
}

function withProgress(state: StackState, event: ProgressEvent): StackState {
  if (event.type === 'plan') {
    let next: StackState = { ...state, nodes: event.nodes, doneNodes: new Set() };
    for (const { kind, operation, resource, service } of event.nodes) {
      if (kind !== 'container' || operation === 'waitDependency' || next.rows.has(resource)) continue;
      next = withRow(next, resource, service, {});
    }
    return withWaits(next);
  }
  if (event.type !== 'step') return state;
  const doneNodes = event.status === 'started' ? state.doneNodes : new Set([...state.doneNodes, event.id]);
  const next = { ...state, doneNodes };
  if (event.kind !== 'container' || event.operation === 'waitDependency') return withWaits(next);
  if (event.operation === 'removeContainer' && event.status === 'done') {
    const rows = new Map(next.rows);
    rows.delete(event.resource);
    return withWaits({ ...next, rows });
  }
  const isFailed = event.status === 'failed';
  // A replica that has taken another's place had begun to run before.
  const isServing = event.operation === 'shiftTraffic' && event.status === 'done';
  const text = isServing ? 'Running' : event.text;
  return withWaits(
    withRow(next, event.resource, event.service, {
      state: isFailed ? 'failed' : text.toLowerCase(),
      tone: isFailed ? 'bad' : text === 'Running' || text === 'Started' ? 'good' : 'busy',
    }),
  );
}

/** Which awaited nodes stand before each container that has not started yet. */
function withWaits(state: StackState): StackState {
  const byId = new Map(state.nodes.map((node) => [node.id, node]));
  const rows = new Map(state.rows);
  for (const node of state.nodes) {
    const row = node.operation === 'startContainer' ? rows.get(node.resource) : undefined;
    if (row === undefined) continue;
    const waitingFor = state.doneNodes.has(node.id)
      ? []
      : node.after
          .filter((id) => !state.doneNodes.has(id))
          .flatMap((id) => byId.get(id) ?? [])
          .filter(({ operation }) => operation === 'waitDependency')
          .map(awaitedText);
    rows.set(node.resource, { ...row, waitingFor });
  }
  return { ...state, rows };
}

function awaitedText({ service, resource, awaits }: PlanNodeData): string {
  return `${service ?? resource}${awaits === undefined ? '' : ` (${conditionTexts[awaits]})`}`;
}

const conditionTexts: Readonly<Record<NonNullable<PlanNodeData['awaits']>, string>> = {
  service_started: 'started',
  service_healthy: 'healthy',
  service_completed_successfully: 'completed',
  running_or_healthy: 'running',
};

function withRow(state: StackState, name: string, service: string | null, change: Partial<StackRow>): StackState {
  const before: StackRow = state.rows.get(name) ?? {
    name,
    service: service ?? name,
    state: 'planned',
    tone: 'quiet',
    health: null,
    restarts: 0,
    cpuPercent: null,
    memoryBytes: null,
    ports: '',
    waitingFor: [],
  };
  return { ...state, rows: new Map(state.rows).set(name, { ...before, ...change }) };
}

/** `8080→80`: the address only where it is not every address, the protocol only where it is not TCP. */
export function shortPorts(ports: readonly PublishedPort[]): string {
  const texts = ports.map(({ hostIp, hostPort, containerPort, protocol }) => {
    const isAny = hostIp === '0.0.0.0' || hostIp === '::' || hostIp === '';
    return `${isAny ? '' : `${hostIp}:`}${hostPort}→${containerPort}${protocol === 'tcp' ? '' : `/${protocol}`}`;
  });
  return [...new Set(texts)].join(' ');
}
