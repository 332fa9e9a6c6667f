import { resolve } from 'node:path';
import type { ReadStream, WriteStream } from 'node:tty';
import type { Begun } from '../client/begun.ts';
import { type Paths, resolvePaths } from '../state/paths.ts';
import type { Blame } from './blame.ts';
import type { GlobalSettings } from './globals.ts';
import type { Interrupts } from './interrupts.ts';
import { standardStream } from './standard-streams.ts';

/** Everything ambient that a command may touch; the entry point builds the only real one. */
export interface Context {
  readonly stdin: ReadStream;
  readonly stdout: WriteStream;
  readonly stderr: WriteStream;
  /** The process's variables, completed by the COMPOSE_ ones of `.env`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly clock: Clock;
  readonly interrupts: Interrupts;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  readonly globals: GlobalSettings;
  /** `--state-dir` or TSCOMPOSE_STATE_DIR, absolute. */
  readonly stateDirectory: string | undefined;
  readonly paths: Paths;
  /** The supervisor that the launcher began, if it did. */
  readonly begun: Begun;
  /** Knows the files of the project as soon as a command has loaded them. */
  readonly blame: Blame;
  withDryRun(): Context;
}

export interface Clock {
  now(): Date;
}

/** The context of this process. */
export function processContext(options: {
  readonly globals: GlobalSettings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly interrupts: Interrupts;
  readonly begun: Begun;
  readonly blame: Blame;
}): Context {
  const { globals, environment, interrupts, begun, blame } = options;
  const uid = process.getuid?.() ?? 0;
  // Absolute: the supervisor stands in the root directory.
  const given = globals.stateDirectory ?? environment.TSCOMPOSE_STATE_DIR;
  const stateDirectory = given ? resolve(given) : undefined;
  return {
    // Each is opened when it is first used, which few commands do with all three.
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return standardStream('stdout');
    },
    get stderr() {
      return standardStream('stderr');
    },
    environment,
    workingDirectory: process.cwd(),
    clock: { now: () => new Date() },
    interrupts,
    signal: interrupts.signal,
    globals,
    stateDirectory,
    begun,
    blame,
    paths: resolvePaths({ stateDir: stateDirectory, uid, environment }),
    withDryRun() {
      return { ...this, globals: { ...this.globals, dryRun: true } };
    },
  };
}
