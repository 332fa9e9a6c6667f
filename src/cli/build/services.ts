/** Builds the images of a project's services. */

import { composeBuildRequests } from '../../build/from-compose.ts';
import { buildPlatforms } from '../../build/platforms.ts';
import { withFetchedContexts } from '../../build/remote-context.ts';
import { isRootfsReference } from '../../image/rootfs.ts';
import type { StoredImage } from '../../image/store/resolve.ts';
import { imageName, type NameSeparator } from '../../model/names.ts';
import type { Project } from '../../model/project.ts';
import type { Service } from '../../model/service.ts';
import type { ReporterForm } from '../../ui/reporter.ts';
import { about, ComposeError } from '../../util/errors.ts';
import { version } from '../../util/version.ts';
import type { Context } from '../context.ts';
import { mannerOf } from '../globals.ts';
import { type BuildSession, withBuilds } from './session.ts';

export interface ServiceBuildSettings {
  readonly buildArguments: ReadonlyMap<string, string>;
  readonly noCache: boolean;
  /** Newer base images are looked for. */
  readonly isPulling: boolean;
  readonly ssh: readonly string[];
  readonly form: ReporterForm;
}

export interface BuiltProject {
  readonly project: Project;
  readonly variables: Readonly<Record<string, string>>;
}

/** Whether a service's image is made by its build. */
export function isBuilt({ build, image }: Service): boolean {
  return build !== undefined && !(image !== undefined && isRootfsReference(image));
}

/** Builds and names the images of `services`, those first whose images others begin with. */
export async function buildServices(
  loaded: BuiltProject,
  services: readonly string[],
  settings: ServiceBuildSettings,
  context: Context,
): Promise<void> {
  const { project } = loaded;
  await withBuilds(context, settings, async (session) => {
    // The first failure ends the others, which are waited for.
    const failed = new AbortController();
    const signal = AbortSignal.any([context.signal, failed.signal]);
    const builds = new Map<string, Promise<void>>();
    const build = (name: string, seen: readonly string[]): Promise<void> => {
      if (seen.includes(name)) {
        throw new ComposeError('CYCLE', `builds wait for each other: ${[...seen, name].join(' → ')}`);
      }
      let running = builds.get(name);
      if (running === undefined) {
        const needed = neededBuilds(project, name);
        running = Promise.all(needed.map((other) => build(other, [...seen, name])))
          .then(() =>
            buildService(session, loaded, name, { ...settings, signal, isAlone: services.length === 1 }, context),
          )
          .catch((error: unknown) => {
            failed.abort(error);
            throw failed.signal.reason;
          });
        builds.set(name, running);
      }
      return running;
    };
    const all = services.map((name) => build(name, []));
    await Promise.allSettled(builds.values());
    await Promise.all(all);
  });
}

/** Services whose images are contexts of this one's build. */
function neededBuilds(project: Project, name: string): string[] {
  const contexts = Object.values(project.services[name]?.build?.additional_contexts ?? {});
  return contexts.flatMap((context) => /^(?:service|target):(.*)$/s.exec(context)?.[1] ?? []);
}

async function buildService(
  session: BuildSession,
  { project, variables }: BuiltProject,
  name: string,
  settings: ServiceBuildSettings & { readonly signal: AbortSignal; readonly isAlone: boolean },
  context: Context,
): Promise<void> {
  settings.signal.throwIfAborted();
  const service = project.services[name];
  if (service === undefined) throw new ComposeError('NO_SERVICE', `no such service: ${name}`);
  const { build } = service;
  if (build === undefined) throw new ComposeError('INVALID', `service ${name} is not built`);
  const { nameSeparator } = mannerOf(context.globals);
  const tags = [imageNameOf(project, name, nameSeparator), ...(build.tags ?? [])];
  try {
    const { contexts } = session;
    const requests = composeBuildRequests({
      project,
      serviceName: name,
      service: { ...service, build: await withFetchedContexts(build, contexts) },
      nameOf: contexts.nameOf,
      buildArguments: settings.buildArguments,
      noCache: settings.noCache,
      ssh: settings.ssh,
      variables,
      environment: context.environment,
      workingDirectory: context.workingDirectory,
      imageOf: (other) => imageNameOf(project, other, nameSeparator),
      label: settings.isAlone ? null : name,
      labels: {
        'com.docker.compose.project': project.name,
        'com.docker.compose.service': name,
        'com.docker.compose.version': version,
      },
    });
    const images: StoredImage[] = [];
    const isPulling = settings.isPulling || (build.pull ?? false);
    for (const request of requests) images.push(await session.build(request, { isPulling, signal: settings.signal }));
    const target = await buildPlatforms(session.store, images);
    for (const tag of tags) session.name(tag, target);
  } catch (error) {
    throw blamed(error, name);
  }
  session.report({ type: 'built', image: tags[0] ?? '' });
}

export function imageNameOf(project: Project, name: string, separator: NameSeparator): string {
  return imageName(project.name, name, project.services[name] ?? {}, separator);
}

/** What is wrong with an attribute is shown where the Compose file has it. */
function blamed(error: unknown, name: string): unknown {
  if (!(error instanceof ComposeError) || error.attribute === undefined) return error;
  const path = ['services', name, ...error.attribute];
  return about(error, { path, attribute: undefined }, `service ${name}: ${error.message}`);
}
