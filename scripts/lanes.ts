// Runs the test lanes that this machine can run and adds them up. `npm test` runs them all; arguments name some.
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a lane found. `skipped` names tests that could not run here. */
interface Result {
  readonly passed: number;
  readonly failures: readonly string[];
  readonly skipped: readonly string[];
}

interface Lane {
  readonly name: string;
  /** Lanes of one queue change the same world and run one after another; queues run side by side. */
  readonly queue: 'pure' | 'host' | 'machine';
  /** Why this machine cannot run it; undefined when it can. */
  readonly obstacle?: () => string | undefined;
  readonly run: (output: Output) => Promise<Result>;
}

const strict = process.env.TSCOMPOSE_TEST_STRICT === '1';
const modules = 'node_modules/.bin';

const lanes: readonly Lane[] = [
  {
    name: 'unit',
    queue: 'pure',
    run: async (output) =>
      sum([
        await check('types', [`${modules}/tsc`, '--noEmit'], output),
        await check('lint and format', [`${modules}/biome`, 'ci', '--reporter=summary', '.'], output),
        ...(existsSync('.clang-format') && onPath('clang-format')
          ? [await check('native format', ['clang-format', '--dry-run', '-Werror', ...nativeSources()], output)]
          : []),
        await mocha('test/unit', output),
      ]),
  },
  {
    name: 'corpus',
    queue: 'pure',
    obstacle: () => needsTests('test/corpus'),
    run: (output) => mocha('test/corpus', output),
  },
  { name: 'native', queue: 'host', obstacle: needsRoot, run: (output) => nativeTests('Release', output) },
  { name: 'asan', queue: 'host', obstacle: needsRoot, run: (output) => nativeTests('Asan', output) },
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
    name: 'v2',
    queue: 'machine',
    obstacle: () => needsRoot() ?? (onPath('qemu-system-x86_64') ? undefined : 'it needs qemu-system-x86'),
    run: (output) => counted(['sh', 'scripts/v2-run', 'sh', 'scripts/test', 'native', 'integration', 'e2e'], output),
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
  return code === 0 ? { passed: 1, failures: [], skipped: [] } : { passed: 0, failures: [title], skipped: [] };
}

async function mocha(directory: string, output: Output): Promise<Result> {
  const scratch = mkdtempSync(join(tmpdir(), 'tsc-lane-'));
  const path = join(scratch, 'result.json');
  try {
    // A virtual machine without KVM is several times slower (test/support/eventually.ts).
    const patience = process.env.TSCOMPOSE_TEST_SLOW === '1' ? ['--timeout', '160000'] : [];
    const { code } = await run([`${modules}/mocha`, '--no-color', ...patience, `${directory}/**/*.test.ts`], output, {
      TSCOMPOSE_TEST_RESULT: path,
    });
    if (!existsSync(path)) {
      return { passed: 0, failures: [`${directory}: mocha ended with ${code} before it ran a test`], skipped: [] };
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

async function nativeTests(configuration: 'Release' | 'Asan', output: Output): Promise<Result> {
  return counted([`addon/build/${configuration}/tscompose-tests`], output);
}

/** A command whose last `N passed, N failed` line is its result. */
async function counted(command: readonly string[], output: Output): Promise<Result> {
  const { code, text } = await run(command, output);
  const last = [...text.matchAll(/^(\d+) passed, (\d+) failed\r?$/gm)].at(-1);
  if (!last) return { passed: 0, failures: [`${command.join(' ')} ended with ${code} and no count`], skipped: [] };
  const failed = Number(last[2]);
  const failures = Array.from({ length: failed }, (_, index) => `failure ${index + 1} of ${failed}, named above`);
  if (code !== 0 && failed === 0) failures.push(`${command.join(' ')} ended with ${code}`);
  return { passed: Number(last[1]), failures, skipped: [] };
}

function sum(results: readonly Result[]): Result {
  return {
    passed: results.reduce((total, result) => total + result.passed, 0),
    failures: results.flatMap((result) => result.failures),
    skipped: results.flatMap((result) => result.skipped),
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
  const runQueue = async (queue: readonly Lane[]) => {
    for (const lane of queue) {
      const start = performance.now();
      const result = await lane.run(outputOf(lane.name, chosen.length === 1));
      results.set(lane.name, { result, seconds: (performance.now() - start) / 1000 });
    }
  };
  const queues = Map.groupBy(runnable, (lane) => lane.queue);
  if (availableParallelism() > 1) await Promise.all([...queues.values()].map(runQueue));
  else await runQueue(runnable);

  console.log('');
  let passed = 0;
  let failed = 0;
  for (const lane of chosen) {
    const entry = results.get(lane.name);
    if (!entry) {
      console.log(`${lane.name.padEnd(11)} did not run: ${obstacles.get(lane.name)}`);
      continue;
    }
    const { result, seconds } = entry;
    const skips = result.skipped.length > 0 ? `, ${result.skipped.length} skipped` : '';
    console.log(
      `${lane.name.padEnd(11)} ${result.passed} passed, ${result.failures.length} failed${skips} in ${seconds.toFixed(1)} s`,
    );
    for (const title of result.failures) console.log(`            failed: ${title}`);
    for (const title of result.skipped) console.log(`            skipped: ${title}`);
    passed += result.passed;
    failed += result.failures.length + (strict ? result.skipped.length : 0);
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
