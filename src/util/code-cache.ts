/**
 * Programs that start from what was compiled at an earlier run: V8's bytecode of every function that was used then, which
 * saves a third of the time that a short command takes. (Node's own compile cache keeps only what is compiled before a
 * module runs.)
 */
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire, enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { constants, Script } from 'node:vm';

/** Name of the bundles' contents, put in by scripts/build.mjs. */
declare const BUILD_ID: string;

const staleMs = 3 * 24 * 60 * 60 * 1000;

export interface LoadedProgram<T> {
  readonly exports: T;
  /** Writes down what is compiled by now, unless this program was loaded from just that. Fails silently. */
  keep(): void;
}

/** Runs a bundle that stands beside the caller. `purpose` tells apart what it is used for, each with code of its own. */
export function loadProgram<T>(file: string, purpose: string): LoadedProgram<T> {
  const kept = join(cacheDirectory(), `${purpose}-${BUILD_ID}-${process.version}`);
  const cachedData = readOwn(kept);
  const script = new Script(readFileSync(file, 'latin1'), {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const module = { exports: {} as T };
  script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file));
  return {
    exports: module.exports,
    keep() {
      if (cachedData !== undefined && script.cachedDataRejected === false) return;
      try {
        write(kept, script.createCachedData());
      } catch {
        // A full disk or a home that is not ours: the next start is as slow as this one.
      }
    },
  };
}

/** The same, by Node's means, for modules that are loaded from now on: those of the terminal's view cannot be scripts. */
export function keepCompiledModules(): void {
  enableCompileCache(join(cacheDirectory(), 'modules'));
}

/** Root's is not in a home: under sudo that may be somebody else's, who must not choose what root runs. */
function cacheDirectory(): string {
  if (process.geteuid?.() === 0) return '/var/cache/tscompose';
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tscompose');
}

/** A file that nobody else can have written; undefined when there is none. */
function readOwn(path: string): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const { uid, mode } = fstatSync(fd);
    return uid === process.geteuid?.() && (mode & 0o022) === 0 ? readFileSync(fd) : undefined;
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

function write(path: string, data: Buffer): void {
  const directory = dirname(path);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const before = Date.now() - staleMs;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const other = join(directory, entry.name);
    // Of builds that are not used any more, and of processes that were killed here.
    if (entry.isFile() && statSync(other).mtimeMs < before) rmSync(other, { force: true });
  }
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, data, { mode: 0o600 });
  renameSync(beside, path);
}
