import { existsSync } from 'node:fs';
import { readContainerState } from '../container/state.ts';
import { openImageStore } from '../image/store/store.ts';
import { exitCodeOf } from '../model/container-state.ts';
import type { ResolvedImage } from '../model/image.ts';
import type { ContainerRecord } from '../model/records.ts';
import { ComposeError } from '../util/errors.ts';
import { undone } from '../util/undone.ts';
import { containerEvent } from './container-event.ts';
import { fillVolumes } from './container-volumes.ts';
import type { EngineContext } from './context.ts';
import type { EffectInput } from './effect-input.ts';
import { followMonitor } from './follow.ts';
import { volumeUses } from './mounts.ts';
import { portRequests } from './port-requests.ts';
import { nameFailure } from './start-failure.ts';
import { writeBundle } from './write-bundle.ts';

/**
 * Starts a container: links, names and ports first, then its process. When it fails the container is as it was: written
 * down, not running. Already running is success.
 */
export async function startContainer(
  context: EngineContext,
  record: ContainerRecord,
  input: EffectInput,
  signal: AbortSignal,
): Promise<void> {
  const { database, containers, networks, paths } = context;
  const state = readContainerState(paths.container(record.id), context.native);
  if (state.monitor === 'alive') {
    await followMonitor(context, record.id);
    return;
  }
  signal.throwIfAborted();
  if (!containers.isNew(record.id)) await containers.destroyLeftovers(record.cgroupsPath);
  for (const name of record.volumes) {
    const volume = database.volumeByName(name);
    if (volume !== null) await context.volumes.ensure(volume);
  }
  const ownsNamespace = record.networkNamespace === paths.networkNamespace(record.id);
  if (ownsNamespace && record.networkNamespace !== null) {
    await networks.plug({
      netnsPath: record.networkNamespace,
      endpoints: record.endpoints,
      networks: new Map(database.networks().map((network) => [network.id, network])),
      sysctls: record.config.sysctls ?? {},
    });
  }
  try {
    const ports = await context.reservePorts(record, portRequests(record, replaced(context, record)));
    const started: ContainerRecord = { ...record, ports, desired: 'running' };
    // Most publish nothing, and are written down as they are.
    if (ports.length > 0 || record.ports.length > 0 || record.desired !== 'running') database.saveContainer(started);
    const image = await imageOf(context, record, input);
    // A supervisor killed while it made or removed the container left the record without the bundle, or with half of it.
    const isWhole = existsSync(paths.container(record.id).config);
    const isFresh = state.status === 'created' && !dependsOnMoment(record) && isWhole;
    if (image !== undefined && !isWhole) {
      await containers.remove(record.id);
      await fillVolumes(context, input, record, volumeUses(record.config, image), image);
    }
    if (image !== undefined && !isFresh) await writeBundle(context, input, started, image, 'start');
    const hasNames = ownsNamespace && record.networkNamespace !== null && record.endpoints.length > 0;
    await Promise.all([
      hasNames ? context.dns.attach(record.id, record.networkNamespace) : undefined,
      ports.length > 0 ? context.rules.request() : context.rules.settled(),
    ]);
    await containers.start(record.id);
    const isFollowed = await followMonitor(context, record.id);
    context.hub.announceStart(record.id, context.clock().toISOString());
    if (!isFollowed) announceEnd(context, record);
  } catch (error) {
    throw await undone(error instanceof ComposeError ? nameFailure(record, error) : error, [
      // A monitor that fails takes away what it made; one that is killed cannot.
      () => containers.destroyLeftovers(record.cgroupsPath),
      () => context.releasePorts(record.id),
      () => database.noteContainer({ ...record, ports: [] }),
    ]);
  }
  context.worldChanged();
}

/** The container whose place this one takes, as long as it is there. */
function replaced({ database }: EngineContext, { replaces }: ContainerRecord): ContainerRecord | null {
  return replaces === undefined ? null : database.container(replaces);
}

/**
 * What the container was made of, which its name may not stand for any more. Undefined where nobody looked, and where it
 * is gone: the bundle stays as it is then.
 */
async function imageOf(
  context: EngineContext,
  record: ContainerRecord,
  input: EffectInput,
): Promise<ResolvedImage | undefined> {
  // A hook's bundle was written by who runs it.
  const image = record.hook === undefined ? input.wanted.images.get(record.service) : undefined;
  const isStored = record.imageDigest.startsWith('sha256:');
  if (image === undefined || image.digest === record.imageDigest || !isStored) return image;
  try {
    using store = openImageStore(context.paths);
    return { ...(await store.resolveImage(record.imageDigest)), reference: record.imageReference };
  } catch (error) {
    if (error instanceof ComposeError && error.code === 'IMAGE_NOT_FOUND') return undefined;
    throw error;
  }
}

/**
 * Whether what it is made of is only known when it starts: it shares a namespace, whose path changes whenever the other
 * container starts again, or a part of a volume that another container may make.
 */
function dependsOnMoment({ config }: ContainerRecord): boolean {
  const isShared = [config.pid, config.ipc, config.uts, config.cgroup].some((mode) => mode?.includes(':') ?? false);
  return isShared || (config.volumes?.some(({ volume }) => volume?.subpath !== undefined) ?? false);
}

/** Of one that was over before anybody could watch it. */
function announceEnd(context: EngineContext, record: ContainerRecord): void {
  const state = readContainerState(context.paths.container(record.id), context.native);
  const { startedAt, finishedAt } = state;
  if (finishedAt === null) return;
  const ranMs = startedAt === null ? 0 : Date.parse(finishedAt) - Date.parse(startedAt);
  const execDuration = String(Math.max(Math.floor(ranMs / 1000), 0));
  const exitCode = String(exitCodeOf(state));
  context.announce(containerEvent(record, 'die', finishedAt, { exitCode, execDuration }));
}
