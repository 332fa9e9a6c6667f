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
    /** Anonymous volumes taken over from the container that this one replaces: target → volume name. */
    readonly inheritedVolumes: Readonly<Record<string, string>>;
  };
  startContainer: { readonly name: string };
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
}

/** Collects nodes; ids count from 1 in the order of adding, so equal inputs give equal plans. */
export class PlanBuilder {
  readonly #nodes: PlanNode[] = [];
  readonly #warnings: string[] = [];
  readonly #unchanged: Plan['unchanged'][number][] = [];

  /** Adds an operation that runs after the given nodes; returns its id. */
  add(operation: Operation, after: Iterable<number> = []): number {
    const id = this.#nodes.length + 1;
    this.#nodes.push({ id, operation, after: [...new Set(after)].sort((a, b) => a - b) });
    return id;
  }

  warn(message: string): void {
    this.#warnings.push(message);
  }

  keep(kind: ResourceKind, resource: string, service: string | null, text: string): void {
    this.#unchanged.push({ kind, resource, service, text });
  }

  build(): Plan {
    return { nodes: this.#nodes, warnings: this.#warnings, unchanged: this.#unchanged };
  }
}

/** One plan of two, of which the second begins when all of the first is done. */
export function inSequence(first: Plan, second: Plan): Plan {
  const offset = first.nodes.length;
  const ends = first.nodes.map(({ id }) => id);
  const nodes = second.nodes.map(({ id, operation, after }) => ({
    id: id + offset,
    operation,
    after: after.length === 0 ? ends : after.map((other) => other + offset),
  }));
  return {
    nodes: [...first.nodes, ...nodes],
    warnings: [...first.warnings, ...second.warnings],
    unchanged: [...first.unchanged, ...second.unchanged],
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

function describeOperation(operation: Operation): string {
  switch (operation.type) {
    case 'waitDependency':
      return `waitDependency ${operation.condition}${operation.isRequired ? '' : ' (optional)'}`;
    case 'killContainer':
      return `killContainer ${operation.signal}`;
    default:
      return operation.type;
  }
}

/** The nodes as they travel to the CLI. */
export function planData(plan: Plan): PlanNodeData[] {
  return plan.nodes.map(({ id, operation, after }) => ({
    id,
    kind: operation.kind,
    resource: operation.resource,
    service: operation.service,
    operation: operation.type,
    cause: operation.cause,
    after,
    changes: operation.changes,
  }));
}
