/** What a command asks of the reconciler: flags become words here, at the border (STYLE.md section 3). */
import type { NameSeparator } from './names.ts';

export type Recreate = 'diverged' | 'force' | 'never';

/**
 * - `up`: make the world as the project says; `create` the same without starting.
 * - `scale`: `up` for the counts alone: nothing diverged is recreated.
 * - `down`: nothing of the project is left; `rm`: stopped containers are removed.
 * - `stop`, `start`, `restart`, `kill`, `pause`, `unpause`: act on the containers that exist.
 * - `repair`: what self-healing runs: the containers that should run do, and their links and rules exist.
 */
export type Intent =
  | 'up'
  | 'create'
  | 'scale'
  | 'down'
  | 'rm'
  | 'stop'
  | 'start'
  | 'restart'
  | 'kill'
  | 'pause'
  | 'unpause'
  | 'repair';

export interface ApplySettings {
  readonly intent: Intent;
  /** Service names; empty means all of them. */
  readonly services: readonly string[];
  /** Whether dependencies of the named services take part (`--no-deps` says no). */
  readonly dependencies: 'include' | 'exclude';
  readonly recreate: Recreate;
  readonly recreateDependencies: Recreate;
  /**
   * How a container is replaced whose service does not say it (update_config). `start-first`: wherever two of them can run, the
   * old one goes when the new one is ready.
   */
  readonly replacement: 'declared' | 'start-first';
  /** `-V`: anonymous volumes are made anew instead of being handed on to the replacement. */
  readonly anonymousVolumes: 'inherit' | 'renew';
  readonly orphans: 'warn' | 'remove' | 'ignore';
  /** `--scale SERVICE=N`. */
  readonly scale: Readonly<Record<string, number>>;
  /** `-t`: overrides each service's stop_grace_period. */
  readonly stopTimeoutMs: number | null;
  /** `down -v`, `rm -v`. */
  readonly removeVolumes: boolean;
  /** `rm -s`: stop running containers first. */
  readonly stopFirst: boolean;
  readonly removeImages: 'none' | 'local' | 'all';
  /** `kill -s`. */
  readonly signal: string;
  /** `--wait`: done means running and healthy. */
  readonly wait: 'started' | 'healthy';
  readonly waitTimeoutMs: number | null;
  /** What happens to diverged volumes: data would be lost. */
  readonly divergedVolumes: 'keep' | 'recreate';
  readonly manner: Manner;
}

/** What the flags before the command say about whatever it does. */
export interface Manner {
  /** `--parallel`: most operations at once; null: no limit. */
  readonly parallel: number | null;
  /** `--compatibility`: of the containers that are made now; those that exist keep their names. */
  readonly nameSeparator: NameSeparator;
}

export const defaultManner: Manner = { parallel: null, nameSeparator: '-' };

/** Settings of an `intent` with the defaults of Docker Compose. */
export function defaultSettings(intent: Intent): ApplySettings {
  return {
    intent,
    services: [],
    dependencies: 'include',
    recreate: 'diverged',
    recreateDependencies: 'diverged',
    replacement: 'declared',
    anonymousVolumes: 'inherit',
    orphans: 'warn',
    scale: {},
    stopTimeoutMs: null,
    removeVolumes: false,
    stopFirst: false,
    removeImages: 'none',
    signal: 'SIGKILL',
    wait: 'started',
    waitTimeoutMs: null,
    divergedVolumes: 'keep',
    manner: defaultManner,
  };
}
