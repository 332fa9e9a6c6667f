/** Builds the images of a project's services. */

import { composeBuildRequests } from '../../build/from-compose.ts';
import { buildPlatforms } from '../../build/platforms.ts';
import { withFetchedContexts } from '../../build/remote-context.ts';
import { isRootfsReference } from '../../image/rootfs.ts';
import type { StoredImage } from '../../image/store/resolve.ts';
import { canonicalName } from '../../image/store/store.ts';
import { imageName, type NameSeparator } from '../../model/names.ts';
import type { Project } from '../../model/project.ts';
import type { Service } from '../../model/service.ts';
import type { ReporterForm } from '../../ui/reporter.ts';
import { about, ComposeError } from '../../util/errors.ts';
import { version } from '../../util/version.ts';
import type { Context } from '../context.ts';
import { mannerOf } from '../globals.ts';
import { type BuildSession, withBuilds } from './session.ts';
import { Waits } from './waits.ts';

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

/** Builds and names the images of `services`, each after those whose images it begins with or copies from. */
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
    const waits = new Waits();
    const { nameSeparator } = mannerOf(context.globals);
    const makers = new Map(
      services.flatMap((name) =>
        tagsOf(project, name, nameSeparator).map((tag) => [canonicalName(tag), name] as const),
      ),
    );
    const build = (name: string): Promise<void> => {
      let running = builds.get(name);
      if (running === undefined) {
        const after = async (others: readonly string[]): Promise<void> => {
          for (const other of others) waits.add(name, other);
          await Promise.all(others.map(build));
        };
        const untilMade = async (reference: string): Promise<void> => {
          const maker = makers.get(canonicalName(reference));
          if (maker !== undefined && maker !== name) await after([maker]);
        };
        const own = { ...settings, signal, isAlone: services.length === 1, untilMade };
        running = after(neededBuilds(project, name))
          .then(() => buildService(session, loaded, name, own, context))
          .catch((error: unknown) => {
            failed.abort(error);
            throw failed.signal.reason;
          });
        builds.set(name, running);
      }
      return running;
    };
    const all = services.map(build);
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
  settings: ServiceBuildSettings & {
    readonly signal: AbortSignal;
    readonly isAlone: boolean;
    /** Waits for the build that makes an image, if one does. */
    readonly untilMade: (reference: string) => Promise<void>;
  },
  context: Context,
): Promise<void> {
  settings.signal.throwIfAborted();
  const service = project.services[name];
  if (service === undefined) throw new ComposeError('NO_SERVICE', `no such service: ${name}`);
  const { build } = service;
  if (build === undefined) throw new ComposeError('INVALID', `service ${name} is not built`);
  const { nameSeparator } = mannerOf(context.globals);
  const tags = tagsOf(project, name, nameSeparator);
  try {
    const { contexts } = session;
    const fetched = await withFetchedContexts(build, contexts);
    const requests = composeBuildRequests({
      project,
      serviceName: name,
      service: { ...service, build: fetched.build },
      origin: fetched.origin,
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
    const { signal, untilMade } = settings;
    for (const request of requests) images.push(await session.build(request, { isPulling, signal, untilMade }));
    const target = await buildPlatforms(session.store, images);
    for (const tag of tags) session.name(tag, target);
  } catch (error) {
    throw blamed(error, name);
  }
  session.report({ type: 'built', image: tags[0] ?? '' });
}

function tagsOf(project: Project, name: string, separator: NameSeparator): readonly string[] {
  return [imageNameOf(project, name, separator), ...(project.services[name]?.build?.tags ?? [])];
}

/** What the image of a service is called, whether the file names it or not. */
export function imageNameOf(project: Project, name: string, separator: NameSeparator): string {
  return imageName(project.name, name, project.services[name] ?? {}, separator);
}

/** What is wrong with an attribute is shown where the Compose file has it. */
function blamed(error: unknown, name: string): unknown {
  if (!(error instanceof ComposeError) || error.attribute === undefined) return error;
  const path = ['services', name, ...error.attribute];
  return about(error, { path, attribute: undefined }, `service ${name}: ${error.message}`);
}
