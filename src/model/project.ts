import type { Network } from './network.ts';
import type { Extensions, Service, StringMap } from './service.ts';
import type { Volume } from './volume.ts';

/**
 * The canonical project: every file read, merged, interpolated and made explicit, with the services that the active
 * profiles leave out removed and so the resources nobody uses. It is what `tscompose config --format json` prints (which
 * doubles each `$`), the input of the plan, and what travels to the supervisor.
 */
export interface Project extends Extensions {
  readonly name: string;
  readonly services: Readonly<Record<string, Service>>;
  readonly networks?: Readonly<Record<string, Network>>;
  readonly volumes?: Readonly<Record<string, Volume>>;
  readonly secrets?: Readonly<Record<string, Secret>>;
  readonly configs?: Readonly<Record<string, Config>>;
  readonly models?: Readonly<Record<string, Model>>;
  /** What providers told when they were asked last, by service: the variables of its dependents. */
  readonly provided?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** A top-level secret: `file` is an absolute path, `environment` the name of a variable. */
export interface Secret extends Extensions {
  readonly name: string;
  readonly file?: string;
  readonly environment?: string;
  readonly external?: boolean;
  readonly driver?: string;
  readonly driver_opts?: StringMap;
  readonly template_driver?: string;
  readonly labels?: StringMap;
}

/** A top-level config: a secret that may also stand in the file itself. */
export interface Config extends Secret {
  readonly content?: string;
}

export interface Model extends Extensions {
  readonly name?: string;
  readonly model: string;
  readonly context_size?: number;
  readonly runtime_flags?: readonly string[];
}
