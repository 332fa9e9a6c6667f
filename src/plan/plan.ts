/** A plan is data: typed operations with their causes, in a graph. The executor decides nothing (STYLE.md section 3). */
import type { FieldChange, PlanNodeData, ResourceKind } from '../model/events.ts';
import type { DependencyCondition } from '../model/service.ts';

export type OperationArgs = {
  pullImage: { readonly platform: string | null; readonly isOptional: boolean };
  createNetwork: { readonly key: string };
  repairNetwork: { readonly networkId: string };
  removeNetwork: { readonly networkId: string };
  createVolume: { readonly key: string };
  removeVolume: { readonly name: string };
  createContainer: {
    readonly number: number;
    /** Its own; while another container still has `resource` for its name, a passing one. */
    readonly name: string;
    /** Held: nobody is led to it before it has proved ready. */
    readonly traffic: 'open' | 'held';
    /** Id of the container that it takes the place of while that one still runs. */
    readonly replaces: string | null;
    /** Anonymous volumes taken over from the container that this one replaces: target → volume name. */
    readonly inheritedVolumes: Readonly<Record<string, string>>;
  };
  /** A hook in a container of its own, before the first replica starts; `replica` lends its anonymous volumes. */
  runPreStart: { readonly index: number; readonly replica: string };
  startContainer: { readonly name: string };
  /** Healthy, or listening on its ports, and still so when it has run for `monitorMs`; failing is an error. */
  awaitReplica: { readonly name: string; readonly monitorMs: number };
  /** Ports and names lead to it from now on, and no more to the one whose place it takes, which gives it its name. */
  shiftTraffic: { readonly name: string; readonly lastingName: string; readonly fromId: string | null };
  /** Nobody new is led to it; connections that it has may end, for as long as it may take to stop. */
  drainContainer: { readonly containerId: string; readonly timeoutMs: number | null };
  delayUpdate: { readonly ms: number };
  adoptContainer: { readonly containerId: string };
  replugContainer: { readonly containerId: string };
  stopContainer: { readonly containerId: string; readonly timeoutMs: number | null };
  killContainer: { readonly containerId: string; readonly signal: string };
  pauseContainer: { readonly containerId: string };
  unpauseContainer: { readonly containerId: string };
  removeContainer: { readonly containerId: string; readonly volumes: readonly string[] };
  waitDependency: {
    readonly condition: DependencyCondition | 'running_or_healthy';
    readonly isRequired: boolean;
    /** Names of the replicas that are awaited. */
    readonly names: readonly string[];
  };
  repairFirewall: Record<never, never>;
};

export type OperationType = keyof OperationArgs;

export type Operation = {
  readonly [T in OperationType]: {
    readonly type: T;
    readonly kind: ResourceKind;
    /** Name on this machine. */
    readonly resource: string;
    readonly service: string | null;
    readonly cause: string;
    readonly changes: readonly FieldChange[];
  } & OperationArgs[T];
}[OperationType];

export type OperationOf<T extends OperationType> = Extract<Operation, { readonly type: T }>;

export interface PlanNode {
  readonly id: number;
  readonly operation: Operation;
  /** Ids of nodes that must be done before, ascending. */
  readonly after: readonly number[];
  /** The replica whose update it is a step of: `web 1`. When one step fails, the others of its group may be skipped. */
  readonly group: string | null;
}

/** What becomes of a service's update when replicas fail. */
export interface UpdateTerms {
  readonly failureAction: 'pause' | 'continue' | 'rollback';
  /** So many failures are none. */
  readonly toleratedFailures: number;
}

export interface Plan {
  readonly nodes: readonly PlanNode[];
  /** What a person should know and nothing is done about. */
  readonly warnings: readonly string[];
  /** Resources that are already as wanted: shown by `up`, nothing happens to them. */
  readonly unchanged: readonly {
    readonly kind: ResourceKind;
    readonly resource: string;
    readonly service: string | null;
    readonly text: string;
  }[];
  /** By service: those that are updated replica by replica. */
  readonly updates: Readonly<Record<string, UpdateTerms>>;
}

/** Collects nodes; ids count from 1 in the order of adding, so equal inputs give equal plans. */
export class PlanBuilder {
  readonly #nodes: PlanNode[] = [];
  readonly #warnings: string[] = [];
  readonly #unchanged: Plan['unchanged'][number][] = [];
  readonly #updates: Record<string, UpdateTerms> = {};

  /** Adds an operation that runs after the given nodes; returns its id. */
  add(operation: Operation, after: Iterable<number> = [], group: string | null = null): number {
    const id = this.#nodes.length + 1;
    this.#nodes.push({ id, operation, after: [...new Set(after)].sort((a, b) => a - b), group });
    return id;
  }

  update(service: string, terms: UpdateTerms): void {
    this.#updates[service] = terms;
  }

  /** The node that removes a container, if one is planned. */
  removalOf(containerId: string): number | undefined {
    return this.#nodes.find(
      ({ operation }) => operation.type === 'removeContainer' && operation.containerId === containerId,
    )?.id;
  }

  warn(message: string): void {
    this.#warnings.push(message);
  }

  keep(kind: ResourceKind, resource: string, service: string | null, text: string): void {
    this.#unchanged.push({ kind, resource, service, text });
  }

  build(): Plan {
    return { nodes: this.#nodes, warnings: this.#warnings, unchanged: this.#unchanged, updates: this.#updates };
  }
}

/** The same plan with ids above `offset`: its steps are told after those of another. */
export function renumber(plan: Plan, offset: number): Plan {
  const nodes = plan.nodes.map((node) => ({
    ...node,
    id: node.id + offset,
    after: node.after.map((id) => id + offset),
  }));
  return { ...plan, nodes };
}

/** One plan of two, of which the second begins when all of the first is done. */
export function inSequence(first: Plan, second: Plan): Plan {
  const offset = first.nodes.length;
  const ends = first.nodes.map(({ id }) => id);
  const nodes = renumber(second, offset).nodes.map((node) =>
    node.after.length === 0 ? { ...node, after: ends } : node,
  );
  return {
    nodes: [...first.nodes, ...nodes],
    warnings: [...first.warnings, ...second.warnings],
    unchanged: [...first.unchanged, ...second.unchanged],
    updates: { ...first.updates, ...second.updates },
  };
}

/**
 * The plan as text, one line a node: `#3 container shop-web-1: startContainer, not running [1,2]`. Equal plans have equal
 * text, character for character: it is what tests compare and what the plan's hash is taken of.
 */
export function formatPlan(plan: Plan): string {
  return plan.nodes
    .map(({ id, operation, after }) => {
      const dependencies = after.length === 0 ? '' : ` [${after.join(',')}]`;
      return `#${id} ${operation.kind} ${operation.resource}: ${describeOperation(operation)}, ${operation.cause}${dependencies}`;
    })
    .join('\n');
}

/** What a plan does, one line a node, without the numbers that say in which order. */
export function planLines(plan: Plan): string[] {
  return plan.nodes.map(
    ({ operation }) => `${operation.kind} ${operation.resource}: ${describeOperation(operation)}, ${operation.cause}`,
  );
}

/** The lines of which there are more in one than in the other: `-` before, `+` now. */
export function planDifference(before: readonly string[], now: readonly string[]): string[] {
  const without = (lines: readonly string[], others: readonly string[]): string[] => {
    const left = [...others];
    return lines.filter((line) => {
      const at = left.indexOf(line);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
  };
  return [...without(before, now).map((line) => `- ${line}`), ...without(now, before).map((line) => `+ ${line}`)];
}

function describeOperation(operation: Operation): string {
  switch (operation.type) {
    case 'waitDependency':
      return `waitDependency ${operation.condition}${operation.isRequired ? '' : ' (optional)'}`;
    case 'killContainer':
      return `killContainer ${operation.signal}`;
    case 'createContainer':
      return operation.name === operation.resource ? operation.type : `createContainer as ${operation.name}`;
    case 'delayUpdate':
      return `delayUpdate ${operation.ms}ms`;
    default:
      return operation.type;
  }
}

/** The nodes as they travel to the CLI. */
export function planData(plan: Plan): PlanNodeData[] {
  return plan.nodes.map(({ id, operation, after, group }) => ({
    id,
    ...(group === null ? {} : { group }),
    ...(operation.type === 'waitDependency' ? { awaits: operation.condition } : {}),
    kind: operation.kind,
    resource: operation.resource,
    service: operation.service,
    operation: operation.type,
    cause: operation.cause,
    after,
    changes: operation.changes,
  }));
}
