/** `run`: a one-off container of a service, after what the service depends on. */

import type { RunEvent, RunRequest } from '../client/api.ts';
import { readContainerState } from '../container/state.ts';
import { oneOffContainerName } from '../model/names.ts';
import type { Mount, Port, Service } from '../model/service.ts';
import { defaultSettings } from '../model/settings.ts';
import { randomHex } from '../native/digest.ts';
import { about, ComposeError } from '../util/errors.ts';
import type { EngineContext } from './context.ts';
import { createContainer } from './create-container.ts';
import { resolveDesired } from './desired.ts';
import { type EffectInput, requireImage } from './effect-input.ts';
import { apply } from './engine.ts';
import { runHooks } from './hooks.ts';
import { leaseImages } from './lease-images.ts';
import { removeContainer } from './remove-container.ts';
import { startContainer } from './start-container.ts';

interface Changes {
  run<T>(action: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/**
 * Brings up the dependencies, then creates and starts the container and emits `started`. With `remove` it stays until the
 * container has ended and the client has gone, and takes it away then, whatever became of the client.
 */
export async function runOneOff(
  supervisor: { readonly context: EngineContext; readonly changes: Changes },
  request: RunRequest,
  options: { readonly signal: AbortSignal; readonly emit: (event: RunEvent) => void },
): Promise<void> {
  const { context, changes } = supervisor;
  const { signal, emit } = options;
  const base = request.project.services[request.service];
  if (base === undefined) throw new ComposeError('NO_SERVICE', `no such service: ${request.service}`);
  const dependencies = request.dependencies === 'include' ? Object.keys(base.depends_on ?? {}) : [];
  const service = oneOffService(base, request);
  const slug = randomHex(6);
  const name =
    request.name ?? oneOffContainerName(request.project.name, request.service, slug, request.manner.nameSeparator);
  const id = await changes.run(async () => {
    if (dependencies.length > 0) {
      await apply(
        context,
        {
          project: request.project,
          origin: request.origin,
          variables: request.variables,
          settings: {
            ...defaultSettings('up'),
            services: dependencies,
            wait: 'healthy',
            orphans: 'ignore',
            manner: request.manner,
          },
          expectedPlanHash: null,
        },
        { signal, emit },
      );
    }
    await ensureResources(context, request, signal, emit);
    return await create(context, request, service, name, slug, { signal, tell: emit });
  }, signal);
  emit({ type: 'started', id, name });
  if (!request.remove) return;
  const clientGone = Promise.withResolvers<void>();
  if (signal.aborted) clientGone.resolve();
  signal.addEventListener('abort', () => clientGone.resolve(), { once: true });
  void removeWhenEnded(supervisor, id, clientGone.promise);
  await clientGone.promise;
}

/** Goes on with what `run --rm` of a former supervisor left: its containers go when they have ended. */
export function resumeOneOffs(supervisor: { readonly context: EngineContext; readonly changes: Changes }): void {
  const { context } = supervisor;
  for (const { id, removeOnExit } of context.database.containers(context.projectName)) {
    if (removeOnExit) void removeWhenEnded(supervisor, id, Promise.resolve());
  }
}

/** Removes the container once it has ended, or turns out never to have started, and its client has gone. */
async function removeWhenEnded(
  { context, changes }: { readonly context: EngineContext; readonly changes: Changes },
  id: string,
  clientGone: Promise<void>,
): Promise<void> {
  const hasEnded = (): true | undefined => {
    const { status } = readContainerState(context.paths.container(id), context.native);
    return status === 'exited' || status === 'created' ? true : undefined;
  };
  try {
    await Promise.all([context.hub.until(new Set([id]), hasEnded, new AbortController().signal), clientGone]);
    await changes.run(async () => {
      const record = context.database.container(id);
      if (record !== null) await removeContainer(context, record, Object.values(record.anonymousVolumes));
    });
  } catch (error) {
    console.error(`cannot remove container ${id}:`, error);
  }
}

/** The networks and volumes of this service; its other containers stay as they are. */
async function ensureResources(
  context: EngineContext,
  request: RunRequest,
  signal: AbortSignal,
  emit: (event: RunEvent) => void,
): Promise<void> {
  await apply(
    context,
    {
      project: request.project,
      origin: request.origin,
      variables: request.variables,
      settings: {
        ...defaultSettings('create'),
        services: [request.service],
        scale: { [request.service]: existingReplicas(context, request.service) },
        recreate: 'never',
        orphans: 'ignore',
        dependencies: 'exclude',
        manner: request.manner,
      },
      expectedPlanHash: null,
    },
    // Its other containers are kept as they are, which is no news.
    { signal, emit: (event) => (event.type === 'step' && event.kind === 'container' ? undefined : emit(event)) },
  );
}

function existingReplicas(context: EngineContext, service: string): number {
  return context.database
    .containers(context.projectName)
    .filter((record) => record.service === service && !record.oneOff).length;
}

async function create(
  context: EngineContext,
  request: RunRequest,
  service: Service,
  name: string,
  slug: string,
  { signal, tell }: { readonly signal: AbortSignal; readonly tell: EffectInput['tell'] },
): Promise<string> {
  const project = { ...request.project, services: { ...request.project.services, [request.service]: service } };
  const wanted = await resolveDesired({
    project,
    workingDirectory: request.origin.workingDirectory,
    services: new Set([request.service]),
    nameSeparator: request.manner.nameSeparator,
    variables: request.variables,
    paths: context.paths,
  });
  await using _lease = await leaseImages(context.paths, wanted);
  const { origin, variables } = request;
  const input: EffectInput = { project, origin, wanted, variables, waitTimeoutMs: null, hooks: 'run', tell };
  const record = await createContainer(context, input, {
    name,
    serviceName: request.service,
    service,
    image: requireImage(input, request.service),
    number: 0,
    oneOff: { slug, useAliases: request.useAliases, removeOnExit: request.remove },
    inheritedVolumes: {},
  });
  try {
    await startContainer(context, record, input, signal);
    await runHooks(context, record, 'post_start', { signal, tell });
  } catch (error) {
    if (request.remove) await removeContainer(context, record, Object.values(record.anonymousVolumes));
    throw withoutPlace(error, request);
  }
  return record.id;
}

/** The file is not to blame for what the command line said instead. */
function withoutPlace(error: unknown, { command, entrypoint, user }: RunRequest): unknown {
  if (!(error instanceof ComposeError)) return error;
  const said: Readonly<Record<string, unknown>> = { command, entrypoint, user };
  return (said[String(error.path?.[2])] ?? null) === null ? error : about(error, { path: undefined });
}

/** The service as this run wants it (semantics.md section 16). */
function oneOffService(base: Service, request: RunRequest): Service {
  const { restart: _restart, container_name: _name, ports, deploy, ...rest } = base;
  const { restart_policy: _policy, ...ownDeploy } = deploy ?? { resources: {}, placement: {} };
  const published: readonly Port[] | undefined =
    request.ports === 'declared' ? ports : request.ports === 'none' ? undefined : (request.ports as readonly Port[]);
  const entrypoint = request.entrypoint ?? base.entrypoint;
  const command = request.command ?? (request.entrypoint === null ? base.command : null);
  return {
    ...rest,
    ...(deploy === undefined ? {} : { deploy: ownDeploy }),
    ...(published === undefined ? {} : { ports: published }),
    entrypoint,
    command,
    environment: { ...base.environment, ...request.environment },
    labels: { ...base.labels, ...request.labels },
    ...(request.user === null ? {} : { user: request.user }),
    ...(request.workingDir === null ? {} : { working_dir: request.workingDir }),
    cap_add: [...(base.cap_add ?? []), ...request.capAdd],
    cap_drop: [...(base.cap_drop ?? []), ...request.capDrop],
    volumes: [...(base.volumes ?? []), ...(request.volumes as readonly Mount[])],
    tty: request.terminal,
    stdin_open: request.stdin,
  };
}
