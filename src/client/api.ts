/** The supervisor's API: HTTP over a unix socket, JSON bodies, NDJSON streams (docs/architecture.md). */
import type { ProgressEvent } from '../model/events.ts';
import type { ProjectOrigin } from '../model/origin.ts';
import type { Project } from '../model/project.ts';
import type { ApplySettings, Manner } from '../model/settings.ts';

export const apiVersion = 1;

export interface InfoResponse {
  readonly version: string;
  readonly apiVersion: number;
  readonly pid: number;
  readonly project: string;
}

/** `POST /v1/apply` answers a stream of ProgressEvent. */
export interface ApplyRequest {
  /** Null: the project that the supervisor already has (`stop`, `down -p NAME` without a file). */
  readonly project: Project | null;
  /** Where the project came from, for the labels. */
  readonly origin: ProjectOrigin;
  /** Values of the variables that secrets and configs of the project name; they are written to no record. */
  readonly variables: Readonly<Record<string, string>>;
  readonly settings: ApplySettings;
  /** When given, a plan with another hash is refused with PLAN_CHANGED. */
  readonly expectedPlanHash: string | null;
  /** Its lines, from which the refusal says what changed. */
  readonly expectedPlan?: readonly string[];
}

/** `POST /v1/run` answers a stream of RunEvent: the container exists and runs when `started` comes. */
export interface RunRequest {
  readonly project: Project;
  readonly origin: ProjectOrigin;
  readonly variables: Readonly<Record<string, string>>;
  readonly service: string;
  readonly dependencies: 'include' | 'exclude';
  /** `--name`. */
  readonly name: string | null;
  readonly command: readonly string[] | null;
  readonly entrypoint: readonly string[] | null;
  readonly environment: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly user: string | null;
  readonly workingDir: string | null;
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  /** Short syntax of `-v`, already in canonical form. */
  readonly volumes: readonly unknown[];
  /** `declared`: -P; a list: -p in canonical form. */
  readonly ports: 'none' | 'declared' | readonly unknown[];
  readonly useAliases: boolean;
  readonly terminal: boolean;
  readonly stdin: boolean;
  readonly manner: Manner;
  /** The container waits for the first attached client before its process starts, so that no output is missed. */
  readonly remove: boolean;
}

export type RunEvent = ProgressEvent | { readonly type: 'started'; readonly id: string; readonly name: string };
