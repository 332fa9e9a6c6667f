/** What happens while a plan is carried out, and afterwards: plain data, streamed by the supervisor, drawn by `ui`. */

import type { DependencyCondition } from './service.ts';

export type ResourceKind = 'network' | 'volume' | 'container' | 'image' | 'firewall' | 'project' | 'provider';

/** One step of a plan as it goes by. The same `id` comes first as `started`, then as `done`, `failed` or `skipped`. */
export interface StepEvent {
  readonly type: 'step';
  /** Number of the plan node, unique within one apply. */
  readonly id: number;
  readonly kind: ResourceKind;
  /** `shop-web-1`, `shop_default`. */
  readonly resource: string;
  readonly service: string | null;
  /** Name of the operation: `createContainer`. */
  readonly operation: string;
  /** Why the plan has it. */
  readonly cause: string;
  readonly status: 'started' | 'done' | 'failed' | 'skipped';
  /** As Compose words it: Creating, Created, Starting, Started, Waiting, Healthy, Exited, Running, Stopping … */
  readonly text: string;
  readonly at: string;
  readonly durationMs: number | null;
  readonly error: ErrorData | null;
}

export interface WarningEvent {
  readonly type: 'warning';
  readonly message: string;
}

/** First event of every apply: what will be done. `hash` names this plan (`expectedPlanHash` of the API). */
export interface PlanEvent {
  readonly type: 'plan';
  readonly hash: string;
  readonly nodes: readonly PlanNodeData[];
}

export interface PlanNodeData {
  readonly id: number;
  readonly kind: ResourceKind;
  readonly resource: string;
  readonly service: string | null;
  readonly operation: string;
  readonly cause: string;
  /** Nodes that must be done before. */
  readonly after: readonly number[];
  /** What it waits for, where that is all it does. */
  readonly awaits?: DependencyCondition | 'running_or_healthy';
  /** The replica whose update it is a step of. */
  readonly group?: string;
  /** Field by field, where the cause is a difference: secrets hidden. */
  readonly changes: readonly FieldChange[];
}

export interface FieldChange {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface DoneEvent {
  readonly type: 'done';
}

export interface ErrorEvent {
  readonly type: 'error';
  readonly error: ErrorData;
}

/** A ComposeError on the wire. */
export interface ErrorData {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly exitCode: number | null;
  /** The part of the project that is to blame, from its root. */
  readonly path?: readonly (string | number)[] | null;
  /** What else is wrong, found at the same time. */
  readonly others?: readonly ErrorData[];
  /** Last lines of the failing container's log. */
  readonly log: readonly string[];
}

/** How far a layer of an image is; many while it is pulled, pushed or loaded. */
export interface LayerEvent {
  readonly type: 'layer';
  /** The image, as its step names it. */
  readonly resource: string;
  readonly digest: string;
  readonly status:
    | 'waiting'
    | 'downloading'
    | 'unpacking'
    | 'done'
    | 'present'
    | 'uploading'
    | 'mounted'
    | 'sent'
    | 'loaded';
  readonly currentBytes: number;
  readonly totalBytes: number;
}

/** A line that a hook printed: whoever shows logs shows it among them. */
export interface OutputEvent {
  readonly type: 'output';
  readonly service: string;
  /** A container's name, or `SERVICE pre_start[0]`. */
  readonly source: string;
  readonly text: string;
  readonly at: string;
}

export type ProgressEvent = PlanEvent | StepEvent | LayerEvent | OutputEvent | WarningEvent | DoneEvent | ErrorEvent;

/** What happens to containers while nobody asks: the stream of `events`. */
export interface ContainerEvent {
  readonly type: 'container';
  /**
   * As Docker names them: create start kill die stop restart oom pause unpause destroy, `health_status: healthy`,
   * `exec_create: COMMAND`, `exec_start: COMMAND`, exec_die. Or one of `internalActions`.
   */
  readonly action: string;
  readonly id: string;
  readonly name: string;
  readonly service: string;
  readonly isOneOff: boolean;
  readonly at: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What only our own parts need to know: scripts expect Docker's actions. */
export const internalActions: ReadonlySet<string> = new Set(['gone', 'lost', 'restarting', 'log_dropped']);

/** Something drifted and was put right. */
export interface RepairEvent {
  readonly type: 'repair';
  readonly kind: ResourceKind;
  readonly resource: string;
  /** What was found: "link veth0a1b2c3d4e5 is missing". */
  readonly cause: string;
  readonly status: 'repaired' | 'failed';
  readonly message: string | null;
  readonly at: string;
}

export type WorldEvent = ContainerEvent | RepairEvent;
