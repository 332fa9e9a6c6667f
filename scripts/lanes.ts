// Runs the test lanes that this machine can run and adds them up. `npm test` runs them all; arguments name some.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** What a lane found, by title. */
interface Result {
  readonly passed: readonly string[];
  readonly failures: readonly string[];
  /** Not run for a lack that somebody could mend. */
  readonly skipped: readonly string[];
  /** Not run for what this kernel cannot do. */
  readonly unable: readonly Unable[];
}

interface Unable {
  readonly title: string;
  readonly lacks: string;
}

interface Lane {
  readonly name: string;
  /** Lanes of one queue change the same world and run one after another; queues run side by side. */
  readonly queue: 'pure' | 'host' | 'machine';
  /** Why this machine cannot run it; undefined when it can. */
  readonly obstacle?: () => string | undefined;
  /** What it needs is no part of the checkout: where that is absent, strict mode does not mind. */
  readonly isOptional?: boolean;
  /** Work that changes no world, done beside the host's lanes; answers what went wrong. */
  readonly prepare?: (output: Output) => Promise<string | undefined>;
  readonly run: (output: Output) => Promise<Result>;
}

const isSlow = process.env.TSCOMPOSE_TEST_SLOW === '1';
/** The examples' health checks have deadlines for real machines; the others are about the command or servers, not the kernel. */
const unfitForSlow = [
  ...[
    'examples',
    'faults',
    'commands',
    'bad-input',
    'copy',
    'session',
    'shells',
    'attributes-outside',
    'build',
    'build-cache',
    'build-remote',
    'images',
    'transfer',
    'updates',
    'hooks',
    'secrets',
    'plan',
    'providers',
    'supervisors',
    'starts',
    'logging',
    'inspection',
    'ui',
    'terminal',
    'watch',
  ].map((name) => `test/e2e/${name}.test.ts`),
  'test/integration/image/*.test.ts',
];
/** The machine has no way out, and its disk is its memory. */
const unfitForMachine = ['test/e2e/debian-stack.test.ts'];
/** Inside the virtual machine the checkout is read-only and already built. */
const isPrepared = process.env.TSCOMPOSE_TEST_PREPARED === '1';
const strict = process.env.TSCOMPOSE_TEST_STRICT === '1';
const modules = 'node_modules/.bin';
/** Projects with the answers of the reference: beside the checkout, not in it. */
const corpus = process.env.TSCOMPOSE_CORPUS ?? resolve('../shared/compose');
/** Before the line of counts, for the lane that runs lanes elsewhere. */
const resultsMark = 'results of all lanes: ';

const nothing: Result = { passed: [], failures: [], skipped: [], unable: [] };

const lanes: readonly Lane[] = [
  {
    name: 'unit',
    queue: 'pure',
    run: async (output) =>
      sum([
        await check('types', [`${modules}/tsc`, '--noEmit'], output),
        await check('lint and format', [`${modules}/biome`, 'ci', '--reporter=summary', '.'], output),
        ...(hasClangFormat()
          ? [await check('native format', ['clang-format', '--dry-run', '-Werror', ...nativeSources()], output)]
          : []),
        await mocha('test/unit', output),
      ]),
  },
  {
    name: 'corpus',
    queue: 'pure',
    isOptional: true,
    obstacle: () => (existsSync(corpus) ? undefined : `there is no ${corpus}`),
    run: (output) => mocha('test/corpus', output),
  },
  { name: 'native', queue: 'host', obstacle: needsRoot, run: (output) => nativeTests('Release', output) },
  {
    name: 'integration',
    queue: 'host',
    obstacle: () => needsRoot() ?? needsTests('test/integration'),
    run: (output) => mocha('test/integration', output),
  },
  {
    name: 'e2e',
    queue: 'host',
    obstacle: () => needsRoot() ?? needsTests('test/e2e'),
    run: (output) => mocha('test/e2e', output),
  },
  {
    name: 'asan',
    queue: 'host',
    obstacle: needsRoot,
    prepare: async (output) => {
      const { code } = await run(['sh', 'scripts/setup', '--test', '--asan'], output);
      return code === 0 ? undefined : 'the build with sanitizers';
    },
    run: (output) => nativeTests('Asan', output),
  },
  {
    name: 'v2',
    queue: 'machine',
    obstacle: () => needsRoot() ?? (onPath('qemu-system-x86_64') ? undefined : 'it needs qemu-system-x86'),
    run: insideMachine,
  },
];

function needsRoot(): string | undefined {
  return process.getuid?.() === 0 ? undefined : 'it needs root';
}

function needsTests(directory: string): string | undefined {
  return globSync(`${directory}/**/*.test.ts`).length > 0 ? undefined : `${directory} holds no tests`;
}

function onPath(command: string): boolean {
  return (process.env.PATH ?? '').split(':').some((directory) => {
    try {
      accessSync(join(directory, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Other versions lay out the same style otherwise. */
function hasClangFormat(): boolean {
  const { stdout } = spawnSync('clang-format', ['--version'], { encoding: 'utf8' });
  return / version 14\./.test(stdout ?? '');
}

function nativeSources(): string[] {
  return globSync('addon/{core,napi,runtime,monitor,test}/**/*.{cc,h}').sort();
}

// --- Running -----------------------------------------------------------------------------------------------------------

const children = new Set<ChildProcess>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const child of children) child.kill(signal);
    process.exitCode = signal === 'SIGINT' ? 130 : 143;
  });
}

type Output = (text: string) => void;

/** Runs a command; its output goes line by line to `output`, and whole to the caller. */
async function run(
  command: readonly string[],
  output: Output,
  environment: NodeJS.ProcessEnv = {},
): Promise<{ readonly code: number; readonly text: string }> {
  const [file, ...args] = command as [string, ...string[]];
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
  children.add(child);
  let text = '';
  const take = (chunk: string) => {
    text += chunk;
    output(chunk);
  };
  child.stdout.setEncoding('utf8').on('data', take);
  child.stderr.setEncoding('utf8').on('data', take);
  const code = await new Promise<number>((resolve) => {
    child.once('error', (error) => {
      take(`${file}: ${error.message}\n`);
      resolve(127);
    });
    child.once('close', (status, signal) => resolve(status ?? (signal === null ? 1 : 128)));
  });
  children.delete(child);
  return { code, text };
}

/** A tool that says yes or no counts as one test. */
async function check(title: string, command: readonly string[], output: Output): Promise<Result> {
  const { code } = await run(command, output);
  return code === 0 ? { ...nothing, passed: [title] } : failed(title);
}

async function mocha(directory: string, output: Output): Promise<Result> {
  const scratch = mkdtempSync(join(tmpdir(), 'tsc-lane-'));
  const path = join(scratch, 'result.json');
  try {
    // A virtual machine without KVM is several times slower (test/support/eventually.ts).
    const patience = isSlow ? ['--timeout', '160000'] : [];
    const unfit = [...(isSlow ? unfitForSlow : []), ...(isPrepared ? unfitForMachine : [])];
    const choice = unfit.flatMap((path) => ['--exclude', path]);
    const { code } = await run(
      [`${modules}/mocha`, '--no-color', ...patience, ...choice, `${directory}/**/*.test.ts`],
      output,
      {
        TSCOMPOSE_TEST_RESULT: path,
      },
    );
    if (!existsSync(path)) {
      return failed(`${directory}: mocha ended with ${code} before it ran a test`);
    }
    const result = JSON.parse(readFileSync(path, 'utf8')) as Result;
    if (code !== 0 && result.failures.length === 0) {
      return { ...result, failures: [`${directory}: mocha ended with ${code}`] };
    }
    return result;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The native tests print `ok`, `FAIL` or `skip` and a title for each, and the counts at the end. */
async function nativeTests(configuration: 'Release' | 'Asan', output: Output): Promise<Result> {
  const program = `addon/build/${configuration}/tscompose-tests`;
  const { code, text } = await run([program], output);
  const titles = (pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1] as string);
  const result: Result = {
    passed: titles(/^ok {3}(.*)$/gm),
    failures: titles(/^FAIL (.*)$/gm),
    skipped: [],
    unable: [...text.matchAll(/^skip (.*): (.*)$/gm)].map(([, title, lacks]) => ({ title, lacks }) as Unable),
  };
  const isWhole = /^\d+ passed, \d+ failed$/m.test(text);
  if (!isWhole || (code !== 0 && result.failures.length === 0)) {
    return { ...result, failures: [...result.failures, `${program} ended with ${code}`] };
  }
  return result;
}

/** The lanes of the host again, in the virtual machine with cgroup v2. */
async function insideMachine(output: Output): Promise<Result> {
  const visible: Output = (text) => {
    if (!text.includes(resultsMark)) output(text);
  };
  const command = ['sh', 'scripts/v2-run', 'sh', 'scripts/test', 'native', 'integration', 'e2e'];
  const { code, text } = await run(command, visible, { TSCOMPOSE_TEST_RESULTS: '1' });
  const line = text.split('\n').find((each) => each.startsWith(resultsMark));
  if (line === undefined) return failed(`the virtual machine ended with ${code} and no results`);
  const result = JSON.parse(line.slice(resultsMark.length)) as Result;
  if (code !== 0 && result.failures.length === 0) return { ...result, failures: [`the machine ended with ${code}`] };
  return result;
}

function failed(title: string): Result {
  return { ...nothing, failures: [title] };
}

function sum(results: readonly Result[]): Result {
  return {
    passed: results.flatMap((result) => result.passed),
    failures: results.flatMap((result) => result.failures),
    skipped: results.flatMap((result) => result.skipped),
    unable: results.flatMap((result) => result.unable),
  };
}

/** Lanes run side by side, so each line says whose it is. */
function outputOf(lane: string, alone: boolean): Output {
  if (alone) return (text) => process.stdout.write(text);
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) process.stdout.write(`${lane.padEnd(11)} │ ${line}\n`);
  };
}

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !lanes.some((lane) => lane.name === name));
  if (unknown.length > 0) {
    console.error(`no such lane: ${unknown.join(', ')}; there are ${lanes.map((lane) => lane.name).join(', ')}`);
    return 2;
  }
  const chosen = lanes.filter((lane) => names.length === 0 || names.includes(lane.name));
  const obstacles = new Map(chosen.map((lane) => [lane.name, lane.obstacle?.()]));
  const runnable = chosen.filter((lane) => obstacles.get(lane.name) === undefined);

  const results = new Map<string, { readonly result: Result; readonly seconds: number }>();
  const outputs = new Map(chosen.map((lane) => [lane, outputOf(lane.name, chosen.length === 1)]));
  const prepared = new Map<Lane, PromiseWithResolvers<string | undefined>>();
  for (const lane of runnable) if (lane.prepare && !isPrepared) prepared.set(lane, Promise.withResolvers());
  const runQueue = async (queue: readonly Lane[]) => {
    for (const lane of queue) {
      const obstacle = await prepared.get(lane)?.promise;
      const start = performance.now();
      const result = obstacle === undefined ? await lane.run(outputs.get(lane)!) : failed(obstacle);
      results.set(lane.name, { result, seconds: (performance.now() - start) / 1000 });
    }
  };
  const prepareAll = async () => {
    for (const [lane, { resolve }] of prepared) resolve(await lane.prepare?.(outputs.get(lane)!));
  };
  const queueOf = (name: Lane['queue']) => runnable.filter((lane) => lane.queue === name);
  const pure = async () => {
    await runQueue(queueOf('pure'));
    await prepareAll();
  };
  if (availableParallelism() > 1) await Promise.all([pure(), runQueue(queueOf('host')), runQueue(queueOf('machine'))]);
  else {
    await pure();
    await runQueue([...queueOf('host'), ...queueOf('machine')]);
  }

  console.log('');
  const passedSomewhere = new Set([...results.values()].flatMap(({ result }) => result.passed));
  let passed = 0;
  let failures = 0;
  for (const lane of chosen) {
    const entry = results.get(lane.name);
    if (!entry) {
      console.log(`${lane.name.padEnd(11)} did not run: ${obstacles.get(lane.name)}`);
      if (strict && !lane.isOptional) failures += 1;
      continue;
    }
    const { result, seconds } = entry;
    // What one kernel cannot do must have passed on another, when all lanes ran.
    const nowhere = result.unable.filter(({ title }) => names.length === 0 && !passedSomewhere.has(title));
    const skips = result.skipped.length + result.unable.length;
    console.log(
      `${lane.name.padEnd(11)} ${result.passed.length} passed, ${result.failures.length} failed${skips > 0 ? `, ${skips} skipped` : ''} in ${seconds.toFixed(1)} s`,
    );
    for (const title of result.failures) console.log(`            failed: ${title}`);
    for (const title of result.skipped) console.log(`            skipped: ${title}`);
    for (const each of result.unable) {
      const where = nowhere.includes(each) ? 'in no lane' : 'not here';
      console.log(`            ${where}: ${each.title}: this kernel lacks ${each.lacks}`);
    }
    passed += result.passed.length;
    failures += result.failures.length + (strict ? result.skipped.length + nowhere.length : 0);
  }
  if (process.env.TSCOMPOSE_TEST_RESULTS === '1') {
    console.log(resultsMark + JSON.stringify(sum([...results.values()].map(({ result }) => result))));
  }
  console.log(`${passed} passed, ${failures} failed`);
  return failures > 0 || passed === 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
