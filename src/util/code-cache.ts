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
import { nodeFlags } from './node-flags.ts';

/** Name of the bundles' contents, put in by scripts/build.mjs. */
declare const BUILD_ID: string;

const staleMs = 3 * 24 * 60 * 60 * 1000;

export interface LoadedProgram<T> {
  readonly exports: T;
  /** Writes down what is compiled by now, as the first runs do. Fails silently. */
  keep(): void;
}

/**
 * Each of the first runs adds what it compiled: a build that has nothing to do uses other code than the one before it, and
 * who runs `image build` first may never take a step. To write takes 10 ms, so some later ones do, and then none.
 */
const firstRunsThatAdd = 3;
const runsThatAdd = 8;
const laterMs = 10 * 60 * 1000;

/**
 * Runs a bundle that stands beside the caller. `purpose` tells apart what it is used for, each with code of its own. What
 * is seldom used of it is in a second file, `NAME-rest.js`, which is read when something of it is.
 */
export function loadProgram<T>(file: string, purpose: string): LoadedProgram<T> {
  const directory = dirname(file);
  const program = compile(file, purpose);
  let rest: Compiled | undefined;
  const loadRest = (): unknown => {
    const restFile = file.replace(/\.js$/, '-rest.js');
    rest = compile(restFile, `${purpose}-rest`);
    return rest.script.runInThisContext()(file, directory);
  };
  const module = { exports: {} as T };
  program.script.runInThisContext()(module.exports, createRequire(file), module, file, directory, loadRest);
  return {
    exports: module.exports,
    keep() {
      keep(program);
      if (rest !== undefined) keep(rest);
    },
  };
}

interface Compiled {
  readonly script: Script;
  /** Where its code is kept. */
  readonly kept: string;
  readonly cachedData: Buffer | undefined;
  /** How many runs the code comes of. */
  readonly runs: number;
  readonly writtenMs: number;
}

function compile(file: string, purpose: string): Compiled {
  // V8 refuses what was compiled under other flags.
  const flags = nodeFlags.every((flag) => process.execArgv.includes(flag)) ? '' : '-plain';
  const kept = join(cacheDirectory(), `${purpose}-${BUILD_ID}-${process.version}${flags}`);
  const before = readOwn(kept);
  // Behind the code stands the number of runs.
  const cachedData = before?.data.subarray(0, -1);
  const script = new Script(readFileSync(file, 'latin1'), {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const runs = script.cachedDataRejected === false ? (before?.data.at(-1) ?? 0) : 0;
  return { script, kept, cachedData, runs, writtenMs: before?.writtenMs ?? 0 };
}

function keep({ script, kept, cachedData, runs, writtenMs }: Compiled): void {
  const isLater = Date.now() - writtenMs > laterMs;
  if (runs >= (isLater ? runsThatAdd : firstRunsThatAdd)) return;
  try {
    const data = script.createCachedData();
    // In one that ran for hours V8 has dropped what it did not use lately.
    const added = runs === 0 || data.length > (cachedData?.length ?? 0) ? data : cachedData;
    if (added !== undefined) write(kept, Buffer.concat([added, Buffer.of(runs + 1)]));
    if (runs === 0) removeStale(dirname(kept));
  } catch {
    // A full disk or a home that is not ours: the next start is as slow as this one.
  }
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
function readOwn(path: string): { readonly data: Buffer; readonly writtenMs: number } | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const { uid, mode, mtimeMs } = fstatSync(fd);
    if (uid !== process.geteuid?.() || (mode & 0o022) !== 0) return undefined;
    return { data: readFileSync(fd), writtenMs: mtimeMs };
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

function write(path: string, data: Buffer): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, data, { mode: 0o600 });
  renameSync(beside, path);
}

/** What is of builds that are not used any more, and of processes that were killed here. */
function removeStale(directory: string): void {
  const before = Date.now() - staleMs;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const other = join(directory, entry.name);
    if (entry.isFile() && statSync(other).mtimeMs < before) rmSync(other, { force: true });
  }
}
