/** Looks up what only this machine knows (images, contents of secrets) and says what the project asks for. */

import { existsSync } from 'node:fs';
import { healthCheckOf } from '../container/health.ts';
import { parsePlatform } from '../image/platform.ts';
import { isRootfsReference, resolveRootfs } from '../image/rootfs.ts';
import { type ImageStore, openImageStore } from '../image/store/store.ts';
import { networkHash, serviceHash, volumeHash } from '../model/hash.ts';
import type { ResolvedImage } from '../model/image.ts';
import { imageName, type NameSeparator } from '../model/names.ts';
import type { Project } from '../model/project.ts';
import type { Service } from '../model/service.ts';
import type { Desired, DesiredService } from '../plan/desired.ts';
import type { Paths } from '../state/paths.ts';
import { about, blame, ComposeError, joinErrors } from '../util/errors.ts';
import { contentDigest } from './content-digest.ts';
import { checkPlatform } from './emulation.ts';
import { contentOf, type GivenVariables, givenFiles } from './given-files.ts';

export interface DesiredWithImages {
  readonly desired: Desired;
  /** By service name. */
  readonly images: ReadonlyMap<string, ResolvedImage>;
  /** Digests of secrets and configs by service name, then source. */
  readonly contents: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/**
 * What the project asks for. Images are looked up for `services` only: a command that only stops things needs none.
 * Throws IMAGE_NOT_FOUND, naming the service, for each image that is not there.
 */
export async function resolveDesired(options: {
  readonly project: Project;
  readonly workingDirectory: string;
  readonly services: ReadonlySet<string>;
  readonly nameSeparator: NameSeparator;
  readonly variables: GivenVariables;
  readonly paths: Pick<Paths, 'images' | 'digestKey'>;
  /** Services whose images need not be there: for a plan that is only shown. */
  readonly withoutImages?: ReadonlySet<string>;
}): Promise<DesiredWithImages> {
  const { project } = options;
  const images = new Map<string, ResolvedImage>();
  const contents = new Map<string, Readonly<Record<string, string>>>();
  const services: Record<string, DesiredService> = {};
  const cache = new Map<string, Promise<ResolvedImage>>();
  using store = lazyStore(options.paths);
  const errors: ComposeError[] = [];
  for (const [name, service] of Object.entries(project.services)) {
    let imageDigest = '';
    let hasHealthCheck = false;
    let content: Readonly<Record<string, string>> = {};
    if (options.services.has(name)) {
      const reference = imageName(project.name, name, service, options.nameSeparator);
      const key = `${reference} ${service.platform ?? ''}`;
      let pending = cache.get(key);
      if (pending === undefined) {
        pending = resolveImage(name, reference, service, { ...options, store });
        cache.set(key, pending);
      }
      try {
        const image = await pending;
        images.set(name, image);
        imageDigest = image.digest;
        hasHealthCheck = healthCheckOf(service.healthcheck, image.config.healthcheck) !== null;
      } catch (error) {
        if (!(error instanceof ComposeError)) throw error;
        const isToCome = error.code === 'IMAGE_NOT_FOUND' && options.withoutImages?.has(name);
        if (!isToCome) errors.push(error);
      }
      content = contentDigests(project, service, options);
      contents.set(name, content);
    }
    const hash = serviceHash(service, content);
    services[name] = { service, hash, imageDigest, hasHealthCheck, contentDigests: content };
  }
  if (errors.length > 0) throw joinErrors([...new Set(errors)]);
  return {
    desired: { project, services, networks: networksOf(project), volumes: volumesOf(project) },
    images,
    contents,
  };
}

interface LazyStore extends Disposable {
  open(): ImageStore;
}

/** Many projects are made of root directories alone. */
function lazyStore(paths: Pick<Paths, 'images'>): LazyStore {
  let store: ImageStore | undefined;
  return {
    open: () => {
      store ??= openImageStore(paths);
      return store;
    },
    [Symbol.dispose]: () => store?.[Symbol.dispose](),
  };
}

async function resolveImage(
  serviceName: string,
  reference: string,
  service: Service,
  options: { readonly workingDirectory: string; readonly store: LazyStore },
): Promise<ResolvedImage> {
  const attribute = [service.image === undefined ? 'build' : 'image'];
  return await naming(serviceName, async () => {
    if (service.platform) blame(['platform'], () => checkPlatform(service.platform ?? ''));
    try {
      if (isRootfsReference(reference)) return await resolveRootfs(reference, options);
      const platform = service.platform ? parsePlatform(service.platform) : undefined;
      return await options.store.open().resolveImage(reference, platform);
    } catch (error) {
      if (!(error instanceof ComposeError)) throw error;
      const isAbsent = error.code === 'IMAGE_NOT_FOUND' && error.hint === undefined && !isRootfsReference(reference);
      const hint = service.build === undefined ? 'pull it with: tscompose pull' : 'build it with: tscompose build';
      throw about(error, isAbsent ? { attribute, hint } : { attribute });
    }
  });
}

/** An error of `action` says which service it is about. */
async function naming<T>(serviceName: string, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw error instanceof ComposeError ? nameError(serviceName, error) : error;
  }
}

/** The error with the service it is about in its message and path. */
export function nameError(serviceName: string, error: ComposeError): ComposeError {
  const path = error.attribute === undefined ? error.path : ['services', serviceName, ...error.attribute];
  return about(error, { path, attribute: undefined }, `service ${serviceName}: ${error.message}`);
}

function networksOf(project: Project): Desired['networks'] {
  return Object.fromEntries(
    Object.entries(project.networks ?? {}).map(([key, network]) => [key, { network, hash: networkHash(network) }]),
  );
}

function volumesOf(project: Project): Desired['volumes'] {
  return Object.fromEntries(
    Object.entries(project.volumes ?? {}).map(([key, volume]) => [key, { volume, hash: volumeHash(volume) }]),
  );
}

/** The content of what a service is given as secrets and configs is part of what makes its container differ. */
function contentDigests(
  project: Project,
  service: Service,
  { variables, paths }: { readonly variables: GivenVariables; readonly paths: Pick<Paths, 'digestKey'> },
): Record<string, string> {
  const digests: Record<string, string> = {};
  for (const { kind, reference, definition } of givenFiles(service, project)) {
    // What is not there is told before anything is done.
    if (definition?.file !== undefined && !existsSync(definition.file)) continue;
    const content = contentOf(definition, variables);
    if (content === null) continue;
    const name = `${kind}.${reference.source}`;
    digests[name] = contentDigest(paths, name, content);
  }
  return digests;
}
