/** Looks up what only this machine knows (images, contents of secrets) and says what the project asks for. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { isRootfsReference, resolveRootfs } from '../image/rootfs.ts';
import { networkHash, serviceHash, volumeHash } from '../model/hash.ts';
import type { ResolvedImage } from '../model/image.ts';
import { imageName, type NameSeparator } from '../model/names.ts';
import type { Project } from '../model/project.ts';
import type { Service } from '../model/service.ts';
import type { Desired, DesiredService } from '../plan/desired.ts';
import { ComposeError } from '../util/errors.ts';

export interface DesiredWithImages {
  readonly desired: Desired;
  /** By service name. */
  readonly images: ReadonlyMap<string, ResolvedImage>;
  /** Digests of secrets and configs by service name, then source. */
  readonly contents: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/**
 * What the project asks for. Images are looked up for `services` only: a command that only stops things needs none.
 * Throws IMAGE_NOT_FOUND naming the service.
 */
export async function resolveDesired(options: {
  readonly project: Project;
  readonly workingDirectory: string;
  readonly services: ReadonlySet<string>;
  readonly nameSeparator: NameSeparator;
}): Promise<DesiredWithImages> {
  const { project } = options;
  const images = new Map<string, ResolvedImage>();
  const contents = new Map<string, Readonly<Record<string, string>>>();
  const services: Record<string, DesiredService> = {};
  const cache = new Map<string, Promise<ResolvedImage>>();
  for (const [name, service] of Object.entries(project.services)) {
    let imageDigest = '';
    let content: Readonly<Record<string, string>> = {};
    if (options.services.has(name)) {
      const reference = imageName(project.name, name, service, options.nameSeparator);
      let pending = cache.get(reference);
      if (pending === undefined) {
        pending = resolveImage(name, reference, options);
        cache.set(reference, pending);
      }
      const image = await pending;
      images.set(name, image);
      imageDigest = image.digest;
      content = contentDigests(project, name, service);
      contents.set(name, content);
    }
    services[name] = { service, hash: serviceHash(service, content), imageDigest };
  }
  return {
    desired: { project, services, networks: networksOf(project), volumes: volumesOf(project) },
    images,
    contents,
  };
}

async function resolveImage(
  serviceName: string,
  reference: string,
  options: { readonly workingDirectory: string },
): Promise<ResolvedImage> {
  if (isRootfsReference(reference)) return await naming(serviceName, () => resolveRootfs(reference, options));
  throw new ComposeError('IMAGE_NOT_FOUND', `service ${serviceName}: image ${reference} is not on this machine`, {
    hint: 'images from registries are not supported yet; name an extracted root file system: image: rootfs:DIR, or rootfs:/ for this machine’s own',
  });
}

/** An error of `action` says which service it is about. */
export async function naming<T>(serviceName: string, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof ComposeError)) throw error;
    throw new ComposeError(error.code, `service ${serviceName}: ${error.message}`, {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
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
function contentDigests(project: Project, name: string, service: Service): Record<string, string> {
  const digests: Record<string, string> = {};
  for (const kind of ['secrets', 'configs'] as const) {
    for (const { source } of service[kind] ?? []) {
      const definition = project[kind]?.[source];
      if (definition?.file === undefined) continue;
      const status = statSync(definition.file, { throwIfNoEntry: false });
      if (status === undefined) {
        throw new ComposeError(
          'FILE_NOT_FOUND',
          `service ${name}: file ${definition.file} of ${kind.slice(0, -1)} ${source} does not exist`,
        );
      }
      if (!status.isFile()) continue;
      digests[`${kind}.${source}`] = createHash('sha256').update(readFileSync(definition.file)).digest('hex');
    }
  }
  return digests;
}
