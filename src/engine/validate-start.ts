/** What would fail when containers are started and can be seen before: taken ports, users and commands that are not there. */
import { lstatSync, readFileSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { processArgs } from '../container/bundle.ts';
import type { ResolvedImage } from '../model/image.ts';
import type { Project } from '../model/project.ts';
import type { Service } from '../model/service.ts';
import type { Plan } from '../plan/plan.ts';
import { ComposeError, joinErrors } from '../util/errors.ts';
import type { EngineContext } from './context.ts';
import { givenFiles } from './given-files.ts';
import { portRequests } from './port-requests.ts';
import { nameFailure } from './start-failure.ts';

/**
 * Throws all of it at once. Only what is certain: a root that is more than one directory, what a mount covers and ports that
 * a plan may set free are left to the start itself.
 */
export async function checkStart(
  context: EngineContext,
  plan: Plan,
  project: Project,
  images: ReadonlyMap<string, ResolvedImage>,
): Promise<void> {
  const errors: ComposeError[] = [];
  const seen = new Set<string>();
  const looks: Looks = new Map();
  const setsFree = plan.nodes.some(({ operation }) => operation.type === 'stopContainer');
  for (const { operation } of plan.nodes) {
    const { type, resource, service: serviceName } = operation;
    if (serviceName === null || (type !== 'createContainer' && type !== 'startContainer')) continue;
    const service = project.services[serviceName];
    const image = images.get(serviceName);
    // Its replicas fail alike.
    if (service === undefined || image === undefined || seen.has(`${type} ${serviceName}`)) continue;
    seen.add(`${type} ${serviceName}`);
    const found = type === 'createContainer' ? findInRoot(service, image, project, looks) : [];
    if (type === 'startContainer' && !setsFree) {
      found.push(
        ...(await context.probePorts(
          portRequests({ id: '', service: serviceName, number: 1, oneOff: false, config: service }),
        )),
      );
    }
    const container = { name: resource, service: serviceName, config: service };
    errors.push(...found.map((error) => nameFailure(container, error)));
  }
  if (errors.length > 0) throw joinErrors(errors);
}

function findInRoot(service: Service, image: ResolvedImage, project: Project, looks: Looks): ComposeError[] {
  const [root, ...others] = image.layers;
  if (root === undefined || others.length > 0 || service.volumes_from?.length) return [];
  const targets = mountTargets(service, image, project);
  const tree = new Tree(root, targets, looks);
  return [
    ...findUserErrors(tree, service.user ?? image.config.user),
    ...findDirectoryErrors(tree, service.working_dir),
    ...findMountErrors(service, (target) => new Tree(root, without(targets, target), looks)),
    ...findCommandErrors(tree, service, image),
  ];
}

/** Where the container sees something else than its root. */
function mountTargets(service: Service, image: ResolvedImage, project: Project): Set<string> {
  const given = givenFiles(service, project).map(({ kind, reference }) =>
    join('/', reference.target ?? (kind === 'secrets' ? `run/secrets/${reference.source}` : reference.source)),
  );
  return new Set([
    ...['/proc', '/dev', '/sys', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf', ...given],
    ...(service.volumes ?? []).map(({ target }) => normalTarget(target)),
    ...(service.tmpfs ?? []).map((entry) => normalTarget(entry.split(':')[0] ?? entry)),
    ...image.config.volumes,
  ]);
}

function findUserErrors(tree: Tree, wanted: string): ComposeError[] {
  const [user = '', group = ''] = wanted.split(':');
  return [['user', user, '/etc/passwd'] as const, ['group', group, '/etc/group'] as const].flatMap(
    ([kind, name, path]) => {
      if (name === '' || /^\d+$/.test(name)) return [];
      const file = tree.find(path);
      if (file === 'unknown') return [];
      const text = file === 'absent' ? '' : readFileSync(file.path, 'utf8');
      if (text.split('\n').some((line) => line.startsWith(`${name}:`))) return [];
      const message = `unable to find ${kind} ${name}: no matching entries in ${path.slice('/etc/'.length)} file`;
      return [new ComposeError('USER_NOT_FOUND', message, { exitCode: 125 })];
    },
  );
}

function findDirectoryErrors(tree: Tree, directory: string | undefined): ComposeError[] {
  if (!directory?.startsWith('/')) return [];
  const found = tree.find(directory);
  if (found === 'unknown' || found === 'absent' || found.stats.isDirectory()) return [];
  const message = `working directory ${directory} is not a directory`;
  return [new ComposeError('START_FAILED', message, { attribute: ['working_dir'], exitCode: 128 })];
}

/** A directory cannot be mounted over a file, nor a file over a directory. */
function findMountErrors(service: Service, treeWithout: (target: string) => Tree): ComposeError[] {
  return (service.volumes ?? []).flatMap(({ type, source, target }, index) => {
    if (type !== 'bind' || source === undefined) return [];
    const stats = statSync(source, { throwIfNoEntry: false });
    const path = normalTarget(target);
    const found = stats === undefined ? 'unknown' : treeWithout(path).find(path);
    if (stats === undefined || found === 'unknown' || found === 'absent') return [];
    if (stats.isDirectory() === found.stats.isDirectory()) return [];
    const [one, other] = stats.isDirectory() ? ['directory', 'file'] : ['file', 'directory'];
    const message = `cannot mount the ${one} ${source} over the ${other} ${target}`;
    return [new ComposeError('START_FAILED', message, { attribute: ['volumes', index], exitCode: 128 })];
  });
}

function normalTarget(target: string): string {
  return join('/', target).replace(/(.)\/$/, '$1');
}

/** The mounts that decide what is at a target before something is mounted there. */
function without(targets: ReadonlySet<string>, target: string): Set<string> {
  return new Set([...targets].filter((each) => !`${each}/`.startsWith(`${target}/`)));
}

function findCommandErrors(tree: Tree, service: Service, image: ResolvedImage): ComposeError[] {
  const [command = ''] = processArgs(service, image);
  const path = service.environment?.PATH ?? image.config.env.find((entry) => entry.startsWith('PATH='))?.slice(5) ?? '';
  const directories = path.split(':');
  const isPlain = !command.includes('/');
  if (command === '' || (isPlain ? !directories.every((each) => each.startsWith('/')) : !command.startsWith('/'))) {
    return [];
  }
  const fails = (code: 'COMMAND_NOT_FOUND' | 'COMMAND_NOT_EXECUTABLE', why: string, exitCode: number) => [
    new ComposeError(code, `exec: ${JSON.stringify(command)}: ${why}`, { exitCode }),
  ];
  if (isPlain) {
    const isAbsent = directories.every((each) => tree.find(`${each}/${command}`) === 'absent');
    return isAbsent ? fails('COMMAND_NOT_FOUND', 'executable file not found in $PATH', 127) : [];
  }
  const found = tree.find(command);
  if (found === 'absent') return fails('COMMAND_NOT_FOUND', 'no such file or directory', 127);
  const isData = found !== 'unknown' && found.stats.isFile() && (found.stats.mode & 0o111) === 0;
  return isData ? fails('COMMAND_NOT_EXECUTABLE', 'permission denied', 126) : [];
}

/** By path on this machine: many services have one root, and look for the same. */
type Looks = Map<string, Stats | undefined>;

interface Place {
  /** Without symlinks, from the container's root on. */
  readonly path: string;
  /** Undefined: it, or a directory on the way to it, is not there. */
  readonly stats: Stats | undefined;
}

/** A directory as a container sees it that has it as its root. */
class Tree {
  readonly #root: string;
  readonly #looks: Looks;
  readonly #covered: ReadonlySet<string>;

  constructor(root: string, covered: ReadonlySet<string>, looks: Looks) {
    this.#root = root;
    this.#looks = looks;
    // A mount is made where symlinks lead.
    this.#covered = new Set([...covered].map((target) => this.#follow(target)?.path ?? target));
  }

  /** What is at an absolute path, symlinks followed; unknown where something is mounted, or it cannot be told. */
  find(path: string): { readonly path: string; readonly stats: Stats } | 'absent' | 'unknown' {
    const place = this.#follow(path);
    if (place === undefined) return 'unknown';
    // The way to a mount is made where it is missing.
    const isTouched = [...this.#covered].some(
      (target) => `${place.path}/`.startsWith(`${target}/`) || target.startsWith(`${place.path}/`),
    );
    if (isTouched) return 'unknown';
    return place.stats === undefined ? 'absent' : { path: join(this.#root, place.path), stats: place.stats };
  }

  #follow(path: string): Place | undefined {
    const left = path.split('/');
    const place: string[] = [];
    let stats: Stats | undefined = this.#look('/');
    for (let steps = 0; left.length > 0; steps++) {
      const name = left.shift() ?? '';
      if (steps > 256) return undefined;
      if (name === '' || name === '.') continue;
      if (name === '..') {
        place.pop();
        continue;
      }
      place.push(name);
      const inside = `/${place.join('/')}`;
      try {
        stats = stats === undefined ? undefined : this.#look(inside);
        if (!stats?.isSymbolicLink()) continue;
        const target = readlinkSync(join(this.#root, inside));
        place.pop();
        if (target.startsWith('/')) place.length = 0;
        left.unshift(...target.split('/'));
      } catch {
        return undefined;
      }
    }
    return { path: `/${place.join('/')}`, stats };
  }

  #look(inside: string): Stats | undefined {
    const path = join(this.#root, inside);
    if (!this.#looks.has(path)) this.#looks.set(path, lstatSync(path, { throwIfNoEntry: false }));
    return this.#looks.get(path);
  }
}
