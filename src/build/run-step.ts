/** RUN: a command in a container of our own, over the layers before it. */
import { spawn } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatSpec, ociSpec } from '../container/bundle.ts';
import type { OciMount, OciSpec } from '../container/oci.ts';
import { emptyImageConfig } from '../model/image.ts';
import type { Service, Ulimit } from '../model/service.ts';
import type { ContainerPaths } from '../state/paths.ts';
import { ComposeError } from '../util/errors.ts';
import type { RunStep } from './graph/steps.ts';
import type { BuildMachine } from './machine.ts';
import { OutputTail } from './output-tail.ts';
import { openRunMounts, type RunMountInput } from './run-mounts.ts';
import { resolveInTree } from './tree/resolve.ts';
import { openTree } from './tree/root.ts';
import { makeStubs, takeAttributes } from './tree/stubs.ts';
import { buildCgroup, destroyContainer } from './workspace.ts';

/** What Compose's `build:` says about every RUN. */
export interface RunSettings {
  readonly network: 'default' | 'none' | 'host';
  readonly isPrivileged: boolean;
  readonly shmSize: string | null;
  readonly ulimits: Readonly<Record<string, Ulimit>>;
  readonly extraHosts: readonly string[];
}

export interface RunInput {
  readonly machine: BuildMachine;
  readonly settings: RunSettings;
  readonly step: RunStep;
  readonly buildId: string;
  readonly containerId: string;
  /** The step's own; `upper` in it is what the command has changed. */
  readonly directory: string;
  /** Top first. */
  readonly lower: readonly string[];
  readonly mounts: RunMountInput;
  readonly onOutput: (text: string) => void;
  readonly signal: AbortSignal;
}

/** The command ended otherwise than well. */
export class RunFailure extends ComposeError {
  readonly output: readonly string[];

  constructor(message: string, output: readonly string[], exitCode: number) {
    super('BUILD_FAILED', message);
    this.name = 'RunFailure';
    this.output = output;
    this.commandExitCode = exitCode;
  }

  readonly commandExitCode: number;
}

const hostname = 'buildkitsandbox';

/** Runs the step's command. Throws RunFailure with the last of its output when it fails. */
export async function runStep(input: RunInput): Promise<void> {
  const { machine, step, settings, containerId, directory, signal } = input;
  const { native, paths, networks } = machine;
  await using mounts = await openRunMounts(input.mounts);
  const mode = step.network === 'default' ? settings.network : step.network;
  const { extraHosts } = settings;
  await using network = await networks.open({ buildId: input.buildId, containerId, mode, hostname, extraHosts });
  for (const [name, text] of [
    ['hosts', network.hosts],
    ['resolv.conf', network.resolvConf],
    ['hostname', `${hostname}\n`],
  ] as const) {
    writeFileSync(join(directory, name), text);
  }
  const given = [...mounts.mounts, ...scriptMount(input)];
  const spec = specOf(input, network.namespace, given, mounts.env);
  const lower = await prepareTree(input, spec.mounts);
  // What the command syncs waits for the disk with all the layers, before the first of them is recorded (new-layers.ts).
  const overlay = { lower, upper: join(directory, 'upper'), work: join(directory, 'work'), volatile: true };
  const whole: OciSpec = {
    ...spec,
    annotations: { ...spec.annotations, 'dev.tscompose.overlay': JSON.stringify(overlay) },
  };
  // Secrets may be in the environment.
  writeFileSync(join(directory, 'config.json'), formatSpec(whole), { mode: 0o600 });
  try {
    await execute(input);
  } finally {
    await destroyContainer(containerId, paths, native);
    // It may hold values of secrets.
    rmSync(join(directory, 'config.json'), { force: true });
  }
  signal.throwIfAborted();
}

/** A here-document that is a program. */
function scriptMount({ step, directory }: RunInput): OciMount[] {
  if (step.script === null) return [];
  const source = join(directory, 'script');
  writeFileSync(source, step.script.content, { mode: 0o755 });
  const destination = `/dev/pipes/${step.script.name}`;
  return [{ destination, type: 'bind', source, options: ['bind', 'rprivate', 'ro'] }];
}

/** Layers of the container, with places for its mounts; the upper directory looks like the root before. */
async function prepareTree({ machine, directory, lower }: RunInput, mounts: readonly OciMount[]): Promise<string[]> {
  await using tree = await openTree(machine.native, { lower, directory, isWritable: false });
  const stubs = join(directory, 'stubs');
  mkdirSync(stubs);
  const root = lstatSync(`${tree.path}/.`);
  for (const name of ['upper', 'work', 'rootfs']) mkdirSync(join(directory, name), { recursive: true, mode: 0o755 });
  // What is below /dev is on the container's own tmpfs.
  const points = mounts
    .filter(({ destination }) => !destination.startsWith('/dev/'))
    .map(({ destination, type, source = '' }) => ({
      path: destination,
      isDirectory: type !== 'bind' || !isFile(source),
    }));
  const upper = join(directory, 'upper');
  // These every image that ran once has, as Docker builds it.
  for (const name of ['dev', 'proc', 'sys']) {
    if (resolveInTree(tree.path, name).stats === null) mkdirSync(join(upper, name), { mode: 0o755 });
  }
  const others = points.filter(({ path }) => !['/dev', '/proc', '/sys'].includes(path));
  const isNeeded = makeStubs(tree.path, stubs, others);
  for (const each of [stubs, upper]) takeAttributes(each, root);
  return isNeeded || lower.length === 0 ? [stubs, ...lower] : [...lower];
}

function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === false;
}

function specOf(
  { machine, settings, step, containerId, directory }: RunInput,
  namespace: string | null,
  mounts: readonly OciMount[],
  extraEnv: readonly string[],
): OciSpec {
  const service: Service = {
    command: [...step.args],
    entrypoint: [],
    hostname,
    privileged: settings.isPrivileged || step.isInsecure,
    user: step.user,
    working_dir: step.workingDirectory,
    ulimits: settings.ulimits,
    ...(settings.shmSize === null ? {} : { shm_size: settings.shmSize }),
  };
  const spec = ociSpec({
    id: containerId,
    name: containerId,
    service,
    image: { reference: '', digest: '', layers: [], config: emptyImageConfig, origin: 'layers' },
    paths: bundlePaths(directory),
    endpoints: [],
    namespaces: { network: namespace },
    mounts,
    host: machine.host,
    seccompCache: join(machine.paths.stateDir, 'seccomp'),
    seccompProfile: null,
    labels: {},
    supervisor: null,
  });
  return {
    ...spec,
    process: { ...spec.process, env: [...step.env, ...step.quietEnv, ...extraEnv] },
    linux: { ...spec.linux, cgroupsPath: buildCgroup(containerId) },
  };
}

function bundlePaths(bundle: string): ContainerPaths {
  const at = (name: string) => join(bundle, name);
  return {
    bundle,
    config: at('config.json'),
    monitorSpec: at('monitor.json'),
    exitRecord: at('exit.json'),
    log: at('container.log'),
    rootfs: at('rootfs'),
    upper: at('upper'),
    work: at('work'),
    runDir: bundle,
    state: at('state.json'),
    socket: at('monitor.sock'),
    lock: at('monitor.lock'),
  };
}

/** Runs the bundle to its end; an abort ends all of it. */
async function execute({ machine, containerId, directory, onOutput, signal }: RunInput): Promise<void> {
  const { native, runtimeExecutable } = machine;
  const log = join(directory, 'runtime.log');
  const tail = new OutputTail();
  signal.throwIfAborted();
  const child = spawn(
    runtimeExecutable,
    [
      '--root',
      join(directory, 'runtime'),
      '--log',
      log,
      '--log-format',
      'json',
      'run',
      '--bundle',
      directory,
      containerId,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' },
  );
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('close', (code, signalName) => resolve(code ?? (signalName === null ? 255 : 137)));
  for (const stream of [child.stdout, child.stderr]) {
    const decoder = new TextDecoder();
    stream.on('data', (chunk: Buffer) => {
      const text = decoder.decode(chunk, { stream: true });
      tail.add(text);
      onOutput(text);
    });
  }
  const end = () => {
    // Its output is waited for no more: whoever holds it ends with the cgroup.
    if (child.exitCode === null && child.signalCode === null) child.once('exit', () => resolve(137));
    else resolve(137);
    const killed = native.cgroupKill(buildCgroup(containerId)).catch(() => {});
    void killed.then(() => child.kill('SIGKILL'));
  };
  signal.addEventListener('abort', end, { once: true });
  try {
    const exitCode = await promise;
    signal.throwIfAborted();
    if (exitCode === 0) return;
    const refusal = lastComplaint(log);
    if (refusal !== null) throw new RunFailure(`it could not be started: ${refusal}`, [], exitCode);
    throw new RunFailure(`it ended with exit code ${exitCode}`, tail.lines, exitCode);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** What the runtime itself says went wrong; null when it was the command. */
function lastComplaint(log: string): string | null {
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').filter(Boolean) : [];
  const entries = lines.map((line) => JSON.parse(line) as { readonly level: string; readonly msg: string });
  return entries.findLast(({ level }) => level === 'error')?.msg ?? null;
}
