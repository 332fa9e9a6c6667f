/** `pre_start`: hooks in containers of their own, before a service's first container starts. */
import { readContainerState } from '../container/state.ts';
import { isRootfsReference, resolveRootfs } from '../image/rootfs.ts';
import { openImageStore } from '../image/store/store.ts';
import { lastLogLines } from '../logs/tail.ts';
import type { ResolvedImage } from '../model/image.ts';
import { preStartName } from '../model/names.ts';
import type { PreStartHook, Service } from '../model/service.ts';
import { randomHex } from '../native/digest.ts';
import { ComposeError } from '../util/errors.ts';
import type { EngineContext } from './context.ts';
import { createContainer } from './create-container.ts';
import { type EffectInput, requireImage, requireService } from './effect-input.ts';
import { hookFailure } from './hooks.ts';
import { removeContainer } from './remove-container.ts';
import { startContainer } from './start-container.ts';

/** Of what a hook prints, so many lines are shown. */
const shownLines = 1000;

/**
 * Runs one hook to its end. Throws HOOK_FAILED when it fails; its container is then kept, so that it can be looked at, until the
 * hook runs again or the project is taken down.
 */
export async function runPreStart(
  context: EngineContext,
  input: EffectInput,
  wanted: { readonly service: string; readonly index: number; readonly replica: string; readonly signal: AbortSignal },
): Promise<void> {
  const { service: serviceName, index, signal } = wanted;
  const service = requireService(input.project, serviceName);
  const hook = service.pre_start?.[index];
  if (hook === undefined) throw new Error(`${serviceName} has no hook ${index} of pre_start`);
  const { database, hub, native, paths } = context;
  const name = preStartName(context.projectName, serviceName, index);
  const earlier = database.containerByName(name);
  if (earlier?.hook !== undefined) await removeContainer(context, earlier, []);
  const record = await createContainer(context, input, {
    name,
    serviceName,
    service: hookService(service, hook),
    image: await imageOf(context, input, serviceName, hook),
    number: 0,
    oneOff: { slug: randomHex(6), useAliases: false, removeOnExit: false },
    hook: 'pre_start',
    // The very volumes that the service will have, anonymous ones included.
    inheritedVolumes: database.containerByName(wanted.replica)?.anonymousVolumes ?? {},
  });
  await startContainer(context, record, input, signal);
  const stateOf = () => readContainerState(paths.container(record.id), native);
  const code = await hub.until(
    new Set([record.id]),
    () => (stateOf().status === 'exited' ? (stateOf().exitCode ?? 255) : undefined),
    signal,
  );
  const lines = lastLogLines(paths.container(record.id).log, shownLines);
  const at = context.clock().toISOString();
  for (const text of lines) {
    input.tell({ type: 'output', service: serviceName, source: `${serviceName} pre_start[${index}]`, text, at });
  }
  if (code !== 0) {
    const output = lines.join('\n');
    throw hookFailure(record, `pre_start hook ${index + 1} of ${serviceName}`, { code, output }, ['pre_start', index]);
  }
  await removeContainer(context, record, []);
}

/** The service as its hook sees it: the same places and files, another command, and nobody else's ports. */
function hookService(base: Service, hook: PreStartHook): Service {
  const { restart: _restart, deploy: _deploy, container_name: _name, ports: _ports, ...rest } = base;
  const { healthcheck: _health, post_start: _after, pre_stop: _before, pre_start: _own, ...kept } = rest;
  return {
    ...kept,
    entrypoint: [],
    command: hook.command,
    environment: { ...base.environment, ...hook.environment },
    ...(hook.image === undefined ? {} : { image: hook.image }),
    ...(hook.user === undefined ? {} : { user: hook.user }),
    ...(hook.privileged === undefined ? {} : { privileged: hook.privileged }),
    ...(hook.working_dir === undefined ? {} : { working_dir: hook.working_dir }),
    healthcheck: { disable: true },
  };
}

async function imageOf(
  context: EngineContext,
  input: EffectInput,
  serviceName: string,
  { image: reference }: PreStartHook,
): Promise<ResolvedImage> {
  if (reference === undefined) return requireImage(input, serviceName);
  if (isRootfsReference(reference)) return await resolveRootfs(reference, input.origin);
  try {
    using store = openImageStore(context.paths);
    return await store.resolveImage(reference);
  } catch (error) {
    if (!(error instanceof ComposeError) || error.code !== 'IMAGE_NOT_FOUND') throw error;
    throw new ComposeError('IMAGE_NOT_FOUND', `pre_start of ${serviceName}: ${error.message}`, {
      hint: `pull it with: tscompose image pull ${reference}`,
      cause: error,
    });
  }
}
