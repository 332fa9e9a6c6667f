/** `RUN --mount`: what a command sees besides the stage's files. */
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import type { OciMount } from '../container/oci.ts';
import type { Binding } from '../native/binding.ts';
import { randomHex } from '../native/digest.ts';
import type { Paths } from '../state/paths.ts';
import { ComposeError } from '../util/errors.ts';
import type { Origin } from './graph/stages.ts';
import type { StepMount } from './graph/steps.ts';
import { openCaches } from './run-caches.ts';
import { type SshSource, startAgent } from './ssh-agent.ts';
import { resolveInTree } from './tree/resolve.ts';

/** A secret that the build may use; whose file it is, where the mount does not say. */
export type SecretSource = ({ readonly file: string } | { readonly value: string }) & SecretOwner;

export interface SecretOwner {
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
}

export interface RunMountInput {
  readonly paths: Paths;
  readonly native: Binding;
  readonly mounts: readonly StepMount[];
  /** The step's own directory. */
  readonly directory: string;
  /** The build's own, on no disk and for nobody else. */
  readonly privateDirectory: string;
  readonly secrets: ReadonlyMap<string, SecretSource>;
  /** Agents by id. */
  readonly ssh: ReadonlyMap<string, SshSource>;
  /** Directories of a source, top first, merged: a stage, an image, or a context without what is ignored in it. */
  layersOf(from: Origin): Promise<readonly string[]>;
  readonly signal: AbortSignal;
}

export interface RunMounts extends AsyncDisposable {
  readonly mounts: readonly OciMount[];
  /** Variables that come with them: secrets, and the place of the agent. */
  readonly env: readonly string[];
}

/** Prepares the mounts of one command. */
export async function openRunMounts(input: RunMountInput): Promise<RunMounts> {
  await using stack = new AsyncDisposableStack();
  const mounts: OciMount[] = [];
  const env: string[] = [];
  const caches = await openCaches(input, stack);
  for (const [index, mount] of input.mounts.entries()) {
    switch (mount.type) {
      case 'tmpfs':
        mounts.push({
          destination: mount.target,
          type: 'tmpfs',
          source: 'tmpfs',
          options: ['nosuid', 'nodev', ...(mount.sizeBytes === null ? [] : [`size=${mount.sizeBytes}`])],
        });
        break;
      case 'bind':
        mounts.push(bind(mount, await sourceOf(input, mount, index, stack)));
        break;
      case 'cache':
        mounts.push(bind(mount, caches.get(mount.id) as string));
        break;
      case 'secret':
        openSecret(input, mount, mounts, env);
        break;
      case 'ssh':
        await openAgent(input, mount, mounts, env, stack);
        break;
    }
  }
  mounts.sort((a, b) => depthOf(a.destination) - depthOf(b.destination));
  const opened = stack.move();
  return { mounts, env, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

function depthOf(path: string): number {
  return path.split('/').length;
}

function bind({ target, isReadOnly }: StepMount, source: string): OciMount {
  return {
    destination: target,
    type: 'bind',
    source,
    options: ['rbind', 'rprivate', isReadOnly ? 'ro' : 'rw'],
  };
}

/** The file or directory of a `type=bind`. What is written to it is thrown away. */
async function sourceOf(
  input: RunMountInput,
  mount: StepMount,
  index: number,
  stack: AsyncDisposableStack,
): Promise<string> {
  const { native, directory } = input;
  const layers = await input.layersOf(mount.from);
  const [only = '', ...others] = layers;
  let root = only;
  if (others.length > 0 || !mount.isReadOnly || layers.length === 0) {
    // In a place of its own: bind mounts of the container are made of what this process can see.
    root = join(directory, `source-${index}`);
    const [upper, work, empty] = ['upper', 'work', 'empty'].map((name) => join(directory, `${name}-${index}`));
    for (const each of [root, upper!, work!, empty!]) mkdirSync(each);
    const lower = layers.length === 0 ? [empty!] : layers;
    const write = mount.isReadOnly && lower.length > 1 ? '' : `,upperdir=${upper},workdir=${work}`;
    await native.mount('overlay', root, 'overlay', 0, `lowerdir=${lower.map(escapeLayer).join(':')}${write}`);
    stack.defer(() => native.unmount(root));
  }
  const { path, stats } = resolveInTree(root, mount.source);
  if (stats !== null) return path === '' ? root : `${root}/${path}`;
  throw new ComposeError('FILE_NOT_FOUND', `--mount: there is no ${mount.source} in what it is to be mounted from`);
}

function escapeLayer(path: string): string {
  return path.replaceAll(/[:,\\]/g, '\\$&');
}

function openSecret(
  { secrets, privateDirectory }: RunMountInput,
  mount: StepMount,
  mounts: OciMount[],
  env: string[],
): void {
  const secret = secrets.get(mount.id);
  if (secret === undefined) {
    if (!mount.isRequired) return;
    throw new ComposeError('INVALID', `secret ${mount.id} is required, and the build was not given it`, {
      hint: 'name it in build.secrets of the service, or give --secret',
    });
  }
  const content = 'value' in secret ? Buffer.from(secret.value) : readFileSync(secret.file);
  if (mount.variable !== null) env.push(`${mount.variable}=${content.toString('utf8')}`);
  if (mount.variable !== null && !mount.hasTarget) return;
  const place = join(privateDirectory, randomHex(8));
  writeFileSync(place, content, { mode: 0o600 });
  chownSync(place, mount.uid ?? secret.uid ?? 0, mount.gid ?? secret.gid ?? 0);
  chmodSync(place, mount.mode ?? secret.mode ?? 0o400);
  mounts.push({ destination: mount.target, type: 'bind', source: place, options: ['bind', 'rprivate', 'ro'] });
}

/** A socket of our own before the agent's: it belongs to whom the mount says. */
async function openAgent(
  { ssh, privateDirectory, signal }: RunMountInput,
  mount: StepMount,
  mounts: OciMount[],
  env: string[],
  stack: AsyncDisposableStack,
): Promise<void> {
  const source = ssh.get(mount.id);
  if (source === undefined) {
    if (!mount.isRequired) return;
    throw new ComposeError('INVALID', `the agent ${mount.id} is required, and the build was not given it`, {
      hint: 'name it in build.ssh of the service, or give --ssh',
    });
  }
  const name = join(privateDirectory, randomHex(4));
  const agent =
    'socket' in source ? source.socket : stack.use(await startAgent(source.keys, `${name}.agent`, signal)).socket;
  const place = `${name}.sock`;
  const server = createServer((socket) => {
    const upstream = connect(agent);
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      from.on('error', () => to.destroy());
      from.pipe(to);
    }
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(place, resolve);
  await promise;
  stack.defer(() => void server.close());
  chownSync(place, mount.uid ?? 0, mount.gid ?? 0);
  chmodSync(place, mount.mode ?? 0o600);
  mounts.push({ destination: mount.target, type: 'bind', source: place, options: ['bind', 'rprivate'] });
  env.push(`SSH_AUTH_SOCK=${mount.target}`);
}
