import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { eventually, slowness } from './eventually.ts';
import { Terminal } from './terminal.ts';
import { assertSameWorld, type World, worldSnapshot } from './world.ts';

export const checkout = resolve(import.meta.dirname, '../..');

/** The command as people run it. */
export const tscompose = join(checkout, 'bin/tscompose');

export interface ScenarioOptions {
  /** compose.yaml itself. */
  readonly compose?: string;
  /** A directory under test/fixtures, copied into the scenario. */
  readonly fixture?: string;
  /** A Compose file of the checkout, used where it stands. */
  readonly file?: string;
  /** More files, by path relative to the Compose file. */
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Defines a test that runs the CLI on a project of its own, in a state directory of its own. Afterwards the project is taken
 * down and the machine must be exactly as it was before. A failed scenario keeps its files in .cache/failed; with
 * TSCOMPOSE_KEEP_FAILED=1 its containers too.
 */
export function scenario(
  title: string,
  options: ScenarioOptions,
  body: (scenario: Scenario, context: Mocha.Context) => Promise<void>,
): Mocha.Test {
  return it(title, async function () {
    this.timeout((options.timeoutMs ?? 60_000) * slowness);
    await playScenario(title, options, (scene) => body(scene, this));
  });
}

/** The same for programs that are no tests: throws what went wrong. */
export async function playScenario(
  title: string,
  options: ScenarioOptions,
  body: (scenario: Scenario) => Promise<void>,
): Promise<void> {
  const scene = new Scenario(options);
  running.add(scene);
  try {
    await body(scene);
    await scene.end();
  } catch (error) {
    scene.note(String(error));
    await scene.abandon(title);
    throw error;
  } finally {
    running.delete(scene);
  }
}

const running = new Set<Scenario>();
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    for (const scene of running) scene.drop();
    process.exit(code);
  });
}

export class Scenario {
  readonly project = `tsc-${randomBytes(3).toString('hex')}`;
  /** Short: a unix socket's path is limited to 107 bytes (unix(7)). */
  readonly directory = mkdtempSync('/tmp/tsc-');
  readonly stateDirectory = join(this.directory, 's');
  readonly composeFile: string;
  #environment: NodeJS.ProcessEnv;
  readonly #patienceMs: number;
  readonly #before: World = worldSnapshot([this.stateDirectory]);
  readonly #children = new Set<ChildProcess>();
  #transcript = '';

  constructor(options: ScenarioOptions) {
    const projectDirectory = join(this.directory, 'p');
    mkdirSync(projectDirectory);
    if (options.fixture)
      cpSync(join(checkout, 'test/fixtures', options.fixture), projectDirectory, { recursive: true });
    if (options.compose !== undefined) writeFileSync(join(projectDirectory, 'compose.yaml'), options.compose);
    for (const [path, text] of Object.entries(options.files ?? {})) {
      mkdirSync(dirname(join(projectDirectory, path)), { recursive: true });
      writeFileSync(join(projectDirectory, path), text);
    }
    this.composeFile = options.file ? join(checkout, options.file) : join(projectDirectory, 'compose.yaml');
    this.#environment = {
      ...process.env,
      TSCOMPOSE_STATE_DIR: this.stateDirectory,
      COMPOSE_PROJECT_NAME: this.project,
      NO_COLOR: '1',
      ...options.environment,
    };
    this.#patienceMs = ((options.timeoutMs ?? 60_000) * slowness) / 2;
  }

  /** Variables that are known only now, for the commands from now on. */
  setEnvironment(variables: Readonly<Record<string, string>>): void {
    this.#environment = { ...this.#environment, ...variables };
  }

  /** Starts the CLI; `end` and `abandon` wait for it or kill it. */
  start(...args: string[]): ChildProcess {
    const child = spawn(tscompose, ['-f', this.composeFile, ...args], {
      cwd: dirname(this.composeFile),
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.add(child);
    child.once('close', () => this.#children.delete(child));
    return child;
  }

  /** Starts the CLI and reads what it says; the transcript has it once it ended. */
  launch(...args: string[]): { readonly child: ChildProcess; readonly ended: Promise<Finished> } {
    const child = this.start(...args);
    // Late enough to be no measure of speed, early enough for the transcript to be kept.
    const late = setTimeout(() => {
      this.note(`tscompose ${args.join(' ')} does not end`);
      child.kill('SIGKILL');
    }, this.#patienceMs);
    const ended = finish(child).then((finished) => {
      clearTimeout(late);
      const { code, signal, stdout, stderr } = finished;
      this.note(`$ tscompose ${args.join(' ')}\n${stdout}${stderr}→ ${code ?? signal}`);
      return finished;
    });
    return { child, ended };
  }

  /** Starts the CLI in a terminal, with colours; it must have ended before the scenario does. */
  async openTerminal(
    args: readonly string[],
    size: { readonly columns: number; readonly rows: number },
  ): Promise<Terminal> {
    const { NO_COLOR: _noColor, ...environment } = this.#environment;
    return await Terminal.open({
      ...size,
      command: [tscompose, '-f', this.composeFile, ...args],
      directory: dirname(this.composeFile),
      environment: { ...environment, LANG: 'C.UTF-8' },
    });
  }

  /** Runs the CLI to its end, whatever that is. */
  async run(...args: string[]): Promise<Finished> {
    return await this.launch(...args).ended;
  }

  /** Adds a line to the transcript that a failure keeps. */
  note(text: string): void {
    this.#transcript += `${text}\n`;
  }

  /** Runs the CLI and expects exit code 0; answers its standard output. */
  async ok(...args: string[]): Promise<string> {
    const { code, signal, stdout, stderr } = await this.run(...args);
    assert.equal(code, 0, `tscompose ${args.join(' ')} ended with ${code ?? signal}:\n${stderr}${stdout}`);
    return stdout;
  }

  /** Runs the CLI and expects this exit code and a message that matches, in one piece on standard error. */
  async fails(code: number, message: RegExp, ...args: string[]): Promise<void> {
    const finished = await this.run(...args);
    assert.match(finished.stderr, message);
    assert.equal(finished.code, code, finished.stderr);
  }

  /** Links of the host that were not there when the scenario began. */
  newLinks(): string[] {
    return readdirSync('/sys/class/net').filter((name) => !this.#before.links.includes(name));
  }

  /** Every monitor's state record of this scenario, by container id. */
  states(): MonitorState[] {
    const found = globSync('run/containers/*/state.json', { cwd: this.stateDirectory }).sort();
    return found.map((path) => JSON.parse(readFileSync(join(this.stateDirectory, path), 'utf8')) as MonitorState);
  }

  /** Of those that run now. */
  running(): MonitorState[] {
    return this.states().filter(({ status }) => status === 'running');
  }

  /** The process ids of this project's supervisor: normally one or none. */
  supervisors(): number[] {
    return processesOf((words) => {
      // It names itself once it runs; until then it is a Node with a script.
      const isSupervisor = words.some(
        (word) => word === 'tscompose-supervisor' || word.endsWith('/dist/supervisor.js'),
      );
      return isSupervisor && words.includes(this.project);
    });
  }

  /** The process ids of this scenario's monitors, those included that have not written a state record yet. */
  monitors(): number[] {
    const isMonitor = (words: readonly string[]) =>
      words.some((word) => word.endsWith('tscompose-monitor')) &&
      words.some((word) => word.startsWith(`${this.stateDirectory}/`));
    // A container's init has its monitor's command line, and a pid namespace of its own.
    return processesOf(isMonitor).filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/ns/pid`) === readlinkSync('/proc/self/ns/pid');
      } catch {
        return false;
      }
    });
  }

  /** Takes the project down, and the machine must be as it was. */
  async end(): Promise<void> {
    for (const child of this.#children) child.kill('SIGINT');
    await Promise.all([...this.#children].map((child) => finish(child)));
    await this.ok('down', '--volumes', '--remove-orphans', '--timeout', '2');
    await eventually(() => assert.deepEqual(this.supervisors(), [], 'the supervisor stays without containers'));
    await eventually(() => assertSameWorld(this.#before, withoutLasting(worldSnapshot([this.stateDirectory]))));
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** After a failure: keeps what explains it, then removes what it can. */
  async abandon(title: string): Promise<void> {
    const artifacts = join(checkout, '.cache/failed', title.replace(/[^a-z0-9]+/gi, '-').slice(0, 80));
    try {
      rmSync(artifacts, { recursive: true, force: true });
      mkdirSync(artifacts, { recursive: true });
      writeFileSync(join(artifacts, 'transcript'), this.#transcript);
      for (const path of globSync(
        ['lib/containers/*/*.{json,log}', 'run/projects/*/*.log', 'run/containers/*/*.json'],
        { cwd: this.stateDirectory },
      )) {
        mkdirSync(dirname(join(artifacts, path)), { recursive: true });
        cpSync(join(this.stateDirectory, path), join(artifacts, path));
      }
    } catch (error) {
      // In the virtual machine the checkout is read-only: what explains the failure goes to the output.
      console.log(`${this.#transcript}(artifacts not kept: ${(error as Error).message})`);
    }
    if (process.env.TSCOMPOSE_KEEP_FAILED === '1') {
      console.log(
        `kept: TSCOMPOSE_STATE_DIR=${this.stateDirectory} COMPOSE_PROJECT_NAME=${this.project} ${tscompose} -f ${this.composeFile}`,
      );
      return;
    }
    for (const child of this.#children) child.kill('SIGKILL');
    const { code } = await this.run('down', '--volumes', '--remove-orphans', '--timeout', '0');
    // The next scenario looks at the world before it begins.
    const isGone = await eventually(() => assert.deepEqual(this.supervisors(), [])).then(
      () => true,
      () => false,
    );
    if (code === 0 && isGone) rmSync(this.directory, { recursive: true, force: true });
    else console.log(`what failed could not be taken down; it is left in ${this.directory}`);
  }

  /** Takes the project down at once, because this process is being ended. */
  drop(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    const args = ['-f', this.composeFile, 'down', '--volumes', '--remove-orphans', '--timeout', '0'];
    const { status } = spawnSync(tscompose, args, { env: this.#environment, stdio: 'ignore', timeout: 30_000 });
    // One that was just starting makes its directories; the last chance to wait is to block.
    const clock = new Int32Array(new SharedArrayBuffer(4));
    for (let turn = 0; turn < 100 && this.supervisors().length > 0; turn++) Atomics.wait(clock, 0, 0, 50);
    if (status === 0) rmSync(this.directory, { recursive: true, force: true });
    else console.log(`what was interrupted could not be taken down; it is left in ${this.directory}`);
  }
}

/** The part of `state.json` (docs/architecture.md) that tests look at. */
export interface MonitorState {
  readonly id: string;
  readonly status: 'created' | 'running' | 'paused' | 'restarting' | 'exited';
  readonly pid: number;
  readonly monitorPid: number;
  readonly restartCount: number;
  readonly health: { readonly log: readonly { readonly start: string }[] } | null;
}

/** The process ids whose command line, in words, is meant. */
function processesOf(isMeant: (words: readonly string[]) => boolean): number[] {
  // Not globSync: a process that ends while it looks leaves it with no match at all.
  return readdirSync('/proc').flatMap((name) => {
    try {
      const isProcess = /^\d+$/.test(name);
      return isProcess && isMeant(readFileSync(`/proc/${name}/cmdline`, 'utf8').split(/[\0 ]/)) ? [Number(name)] : [];
    } catch {
      return []; // it ended meanwhile
    }
  });
}

async function finish(child: ChildProcess): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  if (child.exitCode !== null || child.signalCode !== null) {
    return { code: child.exitCode, signal: child.signalCode, stdout, stderr };
  }
  return new Promise((settle, fail) => {
    child.once('error', fail);
    child.once('close', (code, signal) => settle({ code, signal, stdout, stderr }));
  });
}

/** The database, the images, what builds remember, compiled filters, locks and the supervisors' logs belong to the state directory, not to a project. */
function withoutLasting(world: World): World {
  const lasting =
    /\/lib\/(?:state\.db|digest\.key$)|\/lib\/(?:images|build-cache|seccomp)\/|\/run\/world$|\/run\/.*\.(?:lock|log)$/;
  return { ...world, files: world.files.filter((path) => !lasting.test(path)) };
}

/** Where the example stack's Node is (scripts/setup makes it). */
export function pinnedNodeIsThere(): boolean {
  return existsSync(join(checkout, '.cache/node/bin/node'));
}
