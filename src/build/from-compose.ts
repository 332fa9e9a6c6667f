/** `build:` of a service as what is to be built: files are read, and everything is checked that can be. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import { machine as ownPlatform, parsePlatform } from '../image/platform.ts';
import { parseBytes } from '../model/bytes.ts';
import type { Project } from '../model/project.ts';
import type { Build, FileReference, Service } from '../model/service.ts';
import type { SourceText } from '../util/diagnostic.ts';
import { ComposeError } from '../util/errors.ts';
import { parseCacheSource, parseCacheTargets } from './cache-places.ts';
import { type IgnoreRules, nothingIgnored, parseIgnore } from './context/ignore.ts';
import { isLayoutReference, resolveLayout } from './layout-image.ts';
import type { ContextOrigin } from './remote-context.ts';
import type { BuildRequest, DirectoryContext, NamedContext } from './request.ts';
import type { SecretOwner, SecretSource } from './run-mounts.ts';
import type { SshSource } from './ssh-agent.ts';
import { resolveInTree } from './tree/resolve.ts';

export interface ComposeBuildOptions {
  readonly project: Project;
  readonly serviceName: string;
  readonly service: Service;
  /** `--build-arg`, above those of the file. */
  readonly buildArguments: ReadonlyMap<string, string>;
  readonly noCache: boolean;
  /** `--ssh`, above those of the file. */
  readonly ssh: readonly string[];
  /** Values that secrets with `environment:` are made of. */
  readonly variables: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Names in messages are relative to it, */
  readonly workingDirectory: string;
  /** or what this says: of files that were fetched. */
  readonly nameOf?: (path: string) => string | null;
  /** Of the first context; `local` where nothing is said. */
  readonly origin?: ContextOrigin;
  /** The image that another service's build makes. */
  imageOf(serviceName: string): string;
  /** Before each step's name; null where it is the only one. */
  readonly label: string | null;
  /** Labels that say whose image it is. */
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Reads what a build needs, once for each of its platforms. Throws FILE_NOT_FOUND, INVALID, UNSUPPORTED, with the attribute
 * in question, and SourceError.
 */
export function composeBuildRequests(options: ComposeBuildOptions): BuildRequest[] {
  const { service, workingDirectory } = options;
  const { build } = service;
  if (build === undefined) throw new Error(`service ${options.serviceName} is not built`);
  const origin = options.origin ?? 'local';
  const context = openContext(build.context, ['build', 'context'], workingDirectory, origin);
  const dockerfile = readDockerfile(build, context.path, options);
  const ignored = readIgnore(context.path, dockerfile.path, workingDirectory, origin);
  const buildArguments = new Map([...Object.entries(build.args ?? {}), ...options.buildArguments]);
  const epoch = buildArguments.get('SOURCE_DATE_EPOCH') ?? options.environment.SOURCE_DATE_EPOCH;
  const request: Omit<BuildRequest, 'platform'> = {
    label: options.label,
    dockerfile,
    context: { ...context, ignored },
    contexts: namedContexts(build, options),
    buildArguments,
    target: build.target ?? null,
    labels: { ...build.labels, ...options.labels },
    uncached:
      options.noCache || build.no_cache
        ? 'all'
        : build.no_cache_filter === undefined
          ? 'none'
          : new Set(build.no_cache_filter),
    secrets: secretsOf(build, options),
    ssh: sshOf([...(build.ssh ?? []), ...options.ssh], options),
    run: {
      network: networkOf(build.network),
      isPrivileged: build.privileged ?? false,
      shmSize: build.shm_size === undefined ? null : String(parseBytes(build.shm_size)),
      ulimits: build.ulimits ?? {},
      extraHosts: build.extra_hosts ?? [],
    },
    cacheFrom: (build.cache_from ?? []).flatMap((text) => parseCacheSource(text, workingDirectory) ?? []),
    cacheTo: parseCacheTargets(build.cache_to ?? [], workingDirectory),
    sourceDateEpoch: parseEpoch(epoch),
  };
  return platformsOf(service, build).map((platform) => ({ ...request, platform }));
}

/** SOURCE_DATE_EPOCH: seconds. Throws INVALID. */
export function parseEpoch(text: string | undefined): number | null {
  if (text === undefined || text === '') return null;
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new ComposeError('INVALID', `SOURCE_DATE_EPOCH ${JSON.stringify(text)} is no number of seconds`);
}

/** A directory that is built from. Throws FILE_NOT_FOUND, UNSUPPORTED. */
export function openContext(
  path: string,
  attribute: readonly (string | number)[],
  workingDirectory: string,
  origin: ContextOrigin = 'local',
): DirectoryContext {
  if (isRemote(path)) {
    throw new ComposeError('UNSUPPORTED', `the build context ${path} is not on this machine`, {
      attribute,
      hint: 'clone or download it, and name the directory',
    });
  }
  const directory = resolve(workingDirectory, path);
  const found = statSync(directory, { throwIfNoEntry: false });
  if (found?.isDirectory()) {
    return { kind: 'directory', path: directory, ignored: nothingIgnored, keepsOwners: origin === 'archive' };
  }
  const reason = found === undefined ? 'does not exist' : 'is not a directory';
  throw new ComposeError('FILE_NOT_FOUND', `the build context ${directory} ${reason}`, { attribute });
}

function isRemote(path: string): boolean {
  return /^(?:https?|git|ssh):\/\/|^git@|^github\.com\//.test(path);
}

function readDockerfile(
  build: Build,
  context: string,
  options: Pick<ComposeBuildOptions, 'origin' | 'workingDirectory' | 'nameOf'>,
): SourceText {
  if (build.dockerfile_inline !== undefined) {
    return { name: 'dockerfile_inline', path: '-', text: build.dockerfile_inline };
  }
  const written = build.dockerfile ?? 'Dockerfile';
  return readDockerfileAt(dockerfileIn(context, written, options.origin ?? 'local'), options, ['build', 'dockerfile']);
}

/** Where a context has its Dockerfile, which of one of this machine may lie elsewhere. */
export function dockerfileIn(context: string, written: string, origin: ContextOrigin): string {
  return origin === 'local' ? resolve(context, written) : withinContext(context, written);
}

function withinContext(context: string, path: string): string {
  return join(context, resolveInTree(context, path).path);
}

/** Throws FILE_NOT_FOUND. */
export function readDockerfileAt(
  path: string,
  { workingDirectory, nameOf = () => null }: Pick<ComposeBuildOptions, 'workingDirectory' | 'nameOf'>,
  attribute: readonly (string | number)[],
): SourceText {
  const name = nameOf(path);
  try {
    return { name: name ?? shortName(path, workingDirectory), path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    const reason = existsSync(path) ? 'cannot be read' : 'does not exist';
    throw new ComposeError('FILE_NOT_FOUND', `the Dockerfile ${name ?? path} ${reason}`, { cause: error, attribute });
  }
}

/** The rules of the Dockerfile's own `.dockerignore`, or else the context's. Throws SourceError. */
export function readIgnore(
  context: string,
  dockerfile: string,
  workingDirectory: string,
  origin: ContextOrigin = 'local',
): IgnoreRules {
  const candidates = [`${dockerfile}.dockerignore`, join(context, '.dockerignore')].filter(isAbsolute);
  const path = candidates
    .map((candidate) => (origin === 'local' ? candidate : withinContext(context, relative(context, candidate))))
    .find((candidate) => existsSync(candidate));
  if (path === undefined) return nothingIgnored;
  return parseIgnore({ name: shortName(path, workingDirectory), path, text: readFileSync(path, 'utf8') });
}

function shortName(path: string, workingDirectory: string): string {
  const short = relative(workingDirectory, path);
  return short.startsWith('..') || short === '' ? path : short;
}

function namedContexts(build: Build, { imageOf, workingDirectory }: ComposeBuildOptions): Map<string, NamedContext> {
  const contexts = new Map<string, NamedContext>();
  for (const [name, written] of Object.entries(build.additional_contexts ?? {})) {
    const attribute = ['build', 'additional_contexts', name];
    const [, scheme, rest = ''] = /^(service:|target:)(.*)$/s.exec(written) ?? [];
    if (scheme !== undefined) contexts.set(name, { kind: 'image', reference: imageOf(rest) });
    else contexts.set(name, openNamedContext(written, attribute, workingDirectory));
  }
  return contexts;
}

/** `docker-image://NAME`, `oci-layout://DIRECTORY`, or a directory. Throws FILE_NOT_FOUND, UNSUPPORTED, SourceError. */
export function openNamedContext(
  written: string,
  attribute: readonly (string | number)[],
  workingDirectory: string,
): NamedContext {
  const [, reference] = /^docker-image:\/\/(.+)$/s.exec(written) ?? [];
  if (reference !== undefined) return { kind: 'image', reference };
  if (isLayoutReference(written)) {
    return { kind: 'image', reference: resolveLayout(written, attribute, workingDirectory) };
  }
  const context = openContext(written, attribute, workingDirectory);
  return { ...context, ignored: readIgnore(context.path, '', workingDirectory) };
}

/** The service's own, or else those of the build, or else this machine's. */
function platformsOf(service: Service, build: Build): BuildRequest['platform'][] {
  const wanted = build.platforms?.length ? build.platforms : service.platform ? [service.platform] : [];
  return wanted.length === 0 ? [ownPlatform()] : wanted.map(parsePlatform);
}

function secretsOf(build: Build, { project, variables }: ComposeBuildOptions): Map<string, SecretSource> {
  const secrets = new Map<string, SecretSource>();
  for (const [index, reference] of (build.secrets ?? []).entries()) {
    const { source, target } = reference;
    const definition = project.secrets?.[source];
    const id = target === undefined || target.startsWith('/run/secrets/') ? source : basename(target);
    const attribute = ['build', 'secrets', index];
    const owner = ownerOf(reference, attribute);
    if (definition?.environment !== undefined) {
      const value = variables[definition.environment];
      if (value === undefined) {
        const message = `environment variable ${JSON.stringify(definition.environment)} required by secret ${source} is not set`;
        throw new ComposeError('INVALID', message, { attribute });
      }
      secrets.set(id, { value, ...owner });
    } else if (definition?.file !== undefined) {
      if (!existsSync(definition.file)) {
        throw new ComposeError('FILE_NOT_FOUND', `file ${definition.file} of secret ${source} does not exist`, {
          attribute,
        });
      }
      secrets.set(id, { file: definition.file, ...owner });
    } else {
      throw new ComposeError('UNSUPPORTED', `secret ${source} has neither file nor environment`, { attribute });
    }
  }
  return secrets;
}

function ownerOf({ uid, gid, mode }: FileReference, attribute: readonly (string | number)[]): SecretOwner {
  const number = (key: keyof SecretOwner, text: string, base: 8 | 10): number => {
    if ((base === 8 ? /^[0-7]{1,5}$/ : /^\d{1,10}$/).test(text)) return Number.parseInt(text, base);
    const message = `${key} ${JSON.stringify(text)} is no ${base === 8 ? 'octal ' : ''}number`;
    throw new ComposeError('INVALID', message, { attribute: [...attribute, key] });
  };
  return {
    ...(uid === undefined ? {} : { uid: number('uid', uid, 10) }),
    ...(gid === undefined ? {} : { gid: number('gid', gid, 10) }),
    ...(mode === undefined ? {} : { mode: number('mode', mode, 8) }),
  };
}

/** `default`, `default=SOCKET`, `id=KEY,KEY`. Throws INVALID, FILE_NOT_FOUND. */
export function sshOf(
  entries: readonly string[],
  { environment, workingDirectory }: Pick<ComposeBuildOptions, 'environment' | 'workingDirectory'>,
): Map<string, SshSource> {
  const agents = new Map<string, SshSource>();
  for (const [index, entry] of entries.entries()) {
    const [id = '', written = ''] = entry.split(/=(.*)/s);
    const attribute = ['build', 'ssh', index];
    const text = written === '' ? (environment.SSH_AUTH_SOCK ?? '') : written;
    const paths = text.split(',').filter((path) => path !== '');
    if (paths.length === 0) {
      throw new ComposeError('INVALID', `ssh ${id}: no agent runs: SSH_AUTH_SOCK is not set`, {
        attribute,
        hint: 'eval $(ssh-agent) && ssh-add, or name the file of a key',
      });
    }
    const found = paths.map((path) => resolve(workingDirectory, path));
    const isSocket = found.map((path) => {
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats !== undefined && !stats.isDirectory()) return stats.isSocket();
      const reason = stats === undefined ? 'does not exist' : 'is a directory';
      throw new ComposeError('FILE_NOT_FOUND', `ssh ${id}: ${path} ${reason}`, { attribute });
    });
    if (isSocket.includes(true) && found.length > 1) {
      const message = `ssh ${id}: there is one agent, or keys, and not several of both`;
      throw new ComposeError('INVALID', message, { attribute });
    }
    agents.set(id, isSocket[0] ? { socket: found[0]! } : { keys: found });
  }
  return agents;
}

function networkOf(written: string | undefined): 'default' | 'none' | 'host' {
  if (written === undefined || written === '' || written === 'default' || written === 'bridge') return 'default';
  if (written === 'none' || written === 'host') return written;
  throw new ComposeError('UNSUPPORTED', `builds cannot use the network ${written}`, {
    attribute: ['build', 'network'],
    hint: 'there are default, host and none',
  });
}
