import type { ReadStream, WriteStream } from 'node:tty';
import { type Paths, resolvePaths } from '../state/paths.ts';
import type { GlobalSettings } from './globals.ts';
import type { Interrupts } from './interrupts.ts';

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
  readonly paths: Paths;
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
}): Context {
  const { globals, environment, interrupts } = options;
  const uid = process.getuid?.() ?? 0;
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    environment,
    workingDirectory: process.cwd(),
    clock: { now: () => new Date() },
    interrupts,
    signal: interrupts.signal,
    globals,
    paths: resolvePaths({ stateDir: globals.stateDirectory, uid, environment }),
    withDryRun() {
      return { ...this, globals: { ...this.globals, dryRun: true } };
    },
  };
}
