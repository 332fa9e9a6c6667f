/** One container from record to process and back. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { BundleInput } from '../container/bundle.ts';
import { cgroupsPathOf, hostnameOf, processArgs } from '../container/bundle.ts';
import { missingParents, removeEmptyCgroups } from '../container/cgroup-parents.ts';
import { readContainerState } from '../container/state.ts';
import { openImageStore } from '../image/store/store.ts';
import { exitCodeOf } from '../model/container-state.ts';
import type { ResolvedImage } from '../model/image.ts';
import { lastingName } from '../model/names.ts';
import type { ContainerRecord, VolumeRecord } from '../model/records.ts';
import type { Service } from '../model/service.ts';
import { randomHex } from '../native/digest.ts';
import { hostsFile } from '../network/hosts-file.ts';
import { resolvConf } from '../network/resolv-conf.ts';
import type { Database } from '../state/database.ts';
import { about, ComposeError, type ErrorPath } from '../util/errors.ts';
import { version } from '../util/version.ts';
import { containerEvent } from './container-event.ts';
import type { EngineContext } from './context.ts';
import type { EffectInput } from './effect-input.ts';
import { networkPlaces, planEndpoints } from './endpoints.ts';
import { followMonitor } from './follow.ts';
import { givenFileMounts, removeGivenFiles } from './given-files.ts';
import { containerLabels } from './labels.ts';
import { ociMounts, type VolumeUse, volumeOfMount, volumeUses } from './mounts.ts';
import { portRequests } from './port-requests.ts';
import { customSeccomp } from './validate-services.ts';

export interface NewContainer {
  readonly name: string;
  readonly serviceName: string;
  readonly service: Service;
  readonly image: ResolvedImage;
  readonly number: number;
  /** The slug of a one-off container. */
  readonly oneOff: { readonly slug: string; readonly useAliases: boolean; readonly removeOnExit: boolean } | null;
  readonly inheritedVolumes: Readonly<Record<string, string>>;
  readonly traffic?: 'held';
  readonly replaces?: string;
  readonly hook?: 'pre_start';
}

/** Writes down a new container: its addresses, volumes and bundle. It does not run yet. */
export async function newContainerRecord(
  context: EngineContext,
  input: EffectInput,
  wanted: NewContainer,
): Promise<ContainerRecord> {
  const { database } = context;
  const { service, serviceName, image } = wanted;
  const id = randomHex(32);
  const cgroupsPath = cgroupsPathOf(service, id);
  const shared = sharedContainer(context, service.network_mode);
  const uses = volumeUses(service, image);
  const inherited = volumesFrom(context, service);
  const createdVolumes: VolumeRecord[] = [];
  try {
    const anonymous = await anonymousVolumes(context, uses, wanted.inheritedVolumes, createdVolumes);
    const record = database.transaction((): ContainerRecord => {
      const taken = database.containerByName(wanted.name);
      if (taken !== null) {
        throw new ComposeError(
          'NAME_TAKEN',
          `container name ${wanted.name} is in use by a container of project ${taken.project}`,
        );
      }
      const places = networkPlaces(service, (key) => networkRecord(context, input, serviceName, key));
      const hash = input.wanted.desired.services[serviceName]?.hash ?? '';
      const planned: ContainerRecord = {
        id,
        name: wanted.name,
        project: context.projectName,
        service: serviceName,
        number: wanted.number,
        oneOff: wanted.oneOff !== null,
        ...(wanted.oneOff?.removeOnExit ? { removeOnExit: true } : {}),
        configHash: hash,
        imageReference: image.reference,
        imageDigest: image.digest,
        labels: containerLabels({
          project: context.projectName,
          serviceName,
          service,
          number: wanted.number,
          slug: wanted.oneOff?.slug ?? null,
          configHash: hash,
          imageDigest: image.digest,
          imageLabels: image.config.labels,
          origin: input.origin,
          version,
        }),
        createdAt: context.clock().toISOString(),
        endpoints: planEndpoints({
          containerId: id,
          serviceName,
          service,
          places,
          aliases: wanted.oneOff !== null && !wanted.oneOff.useAliases ? 'none' : 'service',
          inUse: (networkId) => addressesInUse(database, networkId),
        }),
        ports: [],
        volumes: [...namedVolumes(input, uses), ...Object.values(anonymous), ...inherited.names],
        anonymousVolumes: anonymous,
        config: service,
        contentDigests: input.wanted.contents.get(serviceName) ?? {},
        sharedNamespaces: {},
        cgroupsPath,
        ...(service.cgroup_parent === undefined ? {} : { madeCgroups: madeCgroups(database, cgroupsPath) }),
        ...(wanted.hook === undefined ? {} : { hook: wanted.hook }),
        ...(wanted.traffic === undefined ? {} : { traffic: wanted.traffic }),
        ...(wanted.replaces === undefined ? {} : { replaces: wanted.replaces }),
        desired: 'running',
        hostname: hostnameOf(service, id),
        command: processArgs(service, image),
        networkNamespace:
          service.network_mode === 'host' ? null : (shared?.networkNamespace ?? context.paths.networkNamespace(id)),
        dns: { servers: service.dns ?? [], search: service.dns_search ?? [], options: service.dns_opt ?? [] },
      };
      database.saveContainer(planned);
      return planned;
    });
    context.containers.announceNew(id);
    await fillVolumes(context, input, record, uses, image);
    await writeBundle(context, input, record, image, 'creation');
    context.announce(containerEvent(record, 'create', record.createdAt));
    return record;
  } catch (error) {
    for (const volume of createdVolumes) {
      await context.volumes.remove(volume);
      database.removeVolume(volume.name);
    }
    await context.containers.remove(id);
    removeCopies(context, { id, config: service });
    database.removeContainer(id);
    throw error;
  }
}

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
    // A monitor that fails takes away what it made; one that is killed cannot.
    await containers.destroyLeftovers(record.cgroupsPath);
    await context.releasePorts(record.id);
    database.saveContainer({ ...record, ports: [] });
    throw error instanceof ComposeError ? nameFailure(record, error) : error;
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

/** Removes a container that does not run, with its namespace, files and the named volumes. */
export async function removeContainer(
  context: EngineContext,
  record: ContainerRecord,
  volumeNames: readonly string[],
): Promise<void> {
  const { database, networks, containers, paths } = context;
  await context.releasePorts(record.id);
  context.dns.detach(record.id);
  if (record.networkNamespace === paths.networkNamespace(record.id)) {
    await networks.unplug(record.networkNamespace, record.endpoints);
  }
  await containers.destroyLeftovers(record.cgroupsPath);
  removeEmptyCgroups(record.madeCgroups ?? []);
  await containers.remove(record.id);
  removeCopies(context, record);
  database.removeContainer(record.id);
  context.announce(containerEvent(record, 'destroy', context.clock().toISOString()));
  for (const name of volumeNames) {
    const volume = database.volumeByName(name);
    if (volume === null) continue;
    await context.volumes.remove(volume);
    database.removeVolume(name);
  }
  if (record.ports.length > 0) void context.rules.request();
  context.worldChanged();
}

function removeCopies({ paths }: EngineContext, { id, config }: Pick<ContainerRecord, 'id' | 'config'>): void {
  if (config.secrets?.length || config.configs?.length) removeGivenFiles(paths, (id12) => id.startsWith(id12));
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

/** An error of a start, with the container and the attribute that it is about. */
export function nameFailure(
  record: Pick<ContainerRecord, 'name' | 'service' | 'config'>,
  error: ComposeError,
): ComposeError {
  const attribute = error.attribute ?? blamed(error, record.config);
  const path = attribute === undefined ? error.path : ['services', record.service, ...attribute];
  return about(error, { path, attribute: undefined }, `cannot start container ${record.name}: ${error.message}`);
}

/** The attribute that names what is not there. */
function blamed({ code }: ComposeError, { command, entrypoint, logging }: Service): ErrorPath | undefined {
  switch (code) {
    case 'LOG_SERVER':
      return [
        'logging',
        ...(logging?.options?.['syslog-address'] === undefined ? ['driver'] : ['options', 'syslog-address']),
      ];
    case 'USER_NOT_FOUND':
      return ['user'];
    case 'COMMAND_NOT_FOUND':
    case 'COMMAND_NOT_EXECUTABLE':
      return entrypoint?.length ? ['entrypoint'] : command === null ? undefined : ['command'];
    default:
      return undefined;
  }
}

/** At its creation a container may name what is only there when it starts. */
async function writeBundle(
  context: EngineContext,
  input: EffectInput,
  record: ContainerRecord,
  image: ResolvedImage,
  moment: 'creation' | 'start',
): Promise<void> {
  const paths = context.paths.container(record.id);
  const service = record.config;
  const uses = volumeUses(service, image);
  const from = volumesFrom(context, service);
  const bundle: BundleInput = {
    id: record.id,
    name: lastingName(record.name),
    service,
    image,
    paths,
    endpoints: record.endpoints,
    namespaces: joinedNamespaces(context, record),
    mounts: [
      ...from.mounts,
      ...ociMounts({
        serviceName: record.service,
        service,
        uses,
        sourceOf: (use) => volumeSource(context, input, record, use),
        subpaths: moment === 'start' ? 'required' : 'as written',
      }),
      ...givenFileMounts(service, input.project, input.variables, { paths: context.paths, id: record.id }),
    ],
    host: context.host,
    seccompCache: `${context.paths.stateDir}/seccomp`,
    seccompProfile: customSeccomp(service, input.origin.workingDirectory),
    labels: record.labels,
    supervisor: { args: context.supervisorArgs, lock: context.paths.project(context.projectName).respawnLock },
  };
  await context.containers.write(bundle, {
    hosts: hostsFile(record, context.database.networks()),
    resolvConf: resolvConf(record),
  });
}

function volumeSource(context: EngineContext, input: EffectInput, record: ContainerRecord, use: VolumeUse): string {
  const name = use.key === null ? record.anonymousVolumes[use.target] : input.project.volumes?.[use.key]?.name;
  const volume = name === undefined ? null : context.database.volumeByName(name);
  if (volume === null) throw new ComposeError('VOLUME_NOT_FOUND', `volume ${name ?? use.target} does not exist`);
  return volume.mountpoint;
}

function namedVolumes(input: EffectInput, uses: readonly VolumeUse[]): string[] {
  const names = uses.flatMap(({ key }) => (key === null ? [] : (input.project.volumes?.[key]?.name ?? [])));
  return [...new Set(names)];
}

async function anonymousVolumes(
  context: EngineContext,
  uses: readonly VolumeUse[],
  inherited: Readonly<Record<string, string>>,
  created: VolumeRecord[],
): Promise<Record<string, string>> {
  const names: Record<string, string> = {};
  for (const use of uses) {
    if (use.key !== null) continue;
    const old = inherited[use.target];
    if (old !== undefined && context.database.volumeByName(old) !== null) {
      names[use.target] = old;
      continue;
    }
    const record = context.volumes.planAnonymous(context.projectName, context.clock().toISOString());
    created.push(record);
    context.database.saveVolume(record);
    await context.volumes.ensure(record);
    names[use.target] = record.name;
  }
  return names;
}

/** A fresh, empty volume takes what the image holds at its target, owners and modes included; once and never again. */
async function fillVolumes(
  context: EngineContext,
  input: EffectInput,
  record: ContainerRecord,
  uses: readonly VolumeUse[],
  image: ResolvedImage,
): Promise<void> {
  for (const use of uses) {
    if (!use.isFilledFromImage || use.subpath !== null) continue;
    const name = use.key === null ? record.anonymousVolumes[use.target] : input.project.volumes?.[use.key]?.name;
    const volume = name === undefined ? null : context.database.volumeByName(name);
    if (volume === null || volume.isFilled) continue;
    // The host's own files are no image's content: nobody expects the host's database in a fresh volume.
    if (image.origin === 'layers') {
      await context.volumes.fill(volume, (directory) =>
        context.native.copyFromLayers(image.layers, use.target, directory),
      );
    }
    context.database.saveVolume({ ...volume, isFilled: true });
  }
}

function networkRecord(context: EngineContext, input: EffectInput, serviceName: string, key: string) {
  const name = input.project.networks?.[key]?.name ?? key;
  const record = context.database.networkByName(name);
  if (record === null) {
    throw new ComposeError('NETWORK_NOT_FOUND', `service ${serviceName}: network ${name} does not exist`);
  }
  return record;
}

function addressesInUse(database: Database, networkId: string): ReadonlySet<string> {
  const addresses = new Set<string>();
  for (const { endpoints } of database.containers()) {
    for (const endpoint of endpoints) {
      if (endpoint.networkId !== networkId) continue;
      if (endpoint.ipv4 !== null) addresses.add(endpoint.ipv4);
      if (endpoint.ipv6 !== null) addresses.add(endpoint.ipv6);
    }
  }
  return addresses;
}

/** What of a cgroup's parents is ours: what is missing, and what another container of ours has made. */
function madeCgroups(database: Database, cgroupsPath: string): string[] {
  const made = new Set([
    ...missingParents(cgroupsPath),
    ...database.containers().flatMap((other) => other.madeCgroups ?? []),
  ]);
  const parents: string[] = [];
  for (let path = dirname(cgroupsPath); path !== '/'; path = dirname(path)) if (made.has(path)) parents.push(path);
  return parents;
}

/** The container that `service:NAME` or `container:NAME` means; null for any other mode. */
function sharedContainer(context: EngineContext, mode: string | undefined): ContainerRecord | null {
  if (mode?.startsWith('service:')) {
    const name = mode.slice('service:'.length);
    const found = context.database
      .containers(context.projectName)
      .find((record) => record.service === name && !record.oneOff);
    if (found === undefined)
      throw new ComposeError('CONTAINER_NOT_FOUND', `service ${name} has no container to share with`);
    return found;
  }
  if (mode?.startsWith('container:')) {
    const name = mode.slice('container:'.length);
    const found = context.database.containers().find((record) => record.name === name || record.id.startsWith(name));
    if (found === undefined) throw new ComposeError('CONTAINER_NOT_FOUND', `container ${name} does not exist`);
    return found;
  }
  return null;
}

/** Namespaces that are not new: the host's (null) or another container's, by the path it has now. */
function joinedNamespaces(context: EngineContext, record: ContainerRecord): BundleInput['namespaces'] {
  const service = record.config;
  const joined: Partial<Record<'network' | 'pid' | 'ipc' | 'uts' | 'cgroup', string | null>> = {
    network: record.networkNamespace,
  };
  const procNames = { pid: 'pid', ipc: 'ipc', uts: 'uts', cgroup: 'cgroup' } as const;
  for (const type of ['pid', 'ipc', 'uts', 'cgroup'] as const) {
    const mode = service[type];
    if (mode === undefined) continue;
    if (mode === 'host') joined[type] = null;
    const other = sharedContainer(context, mode);
    if (other === null) continue;
    const { pid } = readContainerState(context.paths.container(other.id), context.native);
    // A container that is not running has no namespaces; the start is planned after that of the other.
    if (pid !== null) joined[type] = `/proc/${pid}/ns/${procNames[type]}`;
  }
  return joined;
}

/**
 * Whether what it is made of is only known when it starts: it shares a namespace, whose path changes whenever the other
 * container starts again, or a part of a volume that another container may make.
 */
function dependsOnMoment({ config }: ContainerRecord): boolean {
  const isShared = [config.pid, config.ipc, config.uts, config.cgroup].some((mode) => mode?.includes(':') ?? false);
  return isShared || (config.volumes?.some(({ volume }) => volume?.subpath !== undefined) ?? false);
}

function volumesFrom(
  context: EngineContext,
  service: Service,
): { readonly mounts: BundleInput['mounts']; readonly names: readonly string[] } {
  const mounts: BundleInput['mounts'][number][] = [];
  const names: string[] = [];
  for (const entry of service.volumes_from ?? []) {
    const isContainer = entry.startsWith('container:');
    const [name = '', access] = (isContainer ? entry.slice('container:'.length) : entry).split(':');
    const other = sharedContainer(context, `${isContainer ? 'container' : 'service'}:${name}`);
    if (other === null) continue;
    const config = readOciMounts(context.paths.container(other.id).config);
    const own = new Set(other.volumes.map((volume) => context.database.volumeByName(volume)?.mountpoint));
    const binds = new Set(
      (other.config.volumes ?? []).filter(({ type }) => type === 'bind').map(({ target }) => target),
    );
    for (const mount of config) {
      if (!own.has(volumeOfMount(mount)) && !binds.has(mount.destination)) continue;
      mounts.push(access === 'ro' ? { ...mount, options: [...(mount.options ?? []), 'ro'] } : mount);
    }
    names.push(...other.volumes);
  }
  return { mounts, names };
}

function readOciMounts(path: string): BundleInput['mounts'] {
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly mounts: BundleInput['mounts'] }).mounts;
}
