import { dirname } from 'node:path';
import { cgroupsPathOf, hostnameOf, processArgs } from '../container/bundle.ts';
import { missingParents } from '../container/cgroup-parents.ts';
import type { ResolvedImage } from '../model/image.ts';
import type { ContainerRecord, VolumeRecord } from '../model/records.ts';
import type { Service } from '../model/service.ts';
import { randomHex } from '../native/digest.ts';
import type { Database } from '../state/database.ts';
import { ComposeError } from '../util/errors.ts';
import { undone } from '../util/undone.ts';
import { version } from '../util/version.ts';
import { containerEvent } from './container-event.ts';
import { anonymousVolumes, fillVolumes, namedVolumes } from './container-volumes.ts';
import type { EngineContext } from './context.ts';
import type { EffectInput } from './effect-input.ts';
import { networkPlaces, planEndpoints } from './endpoints.ts';
import { removeGivenFilesOf } from './given-files.ts';
import { containerLabels } from './labels.ts';
import { volumeUses } from './mounts.ts';
import { sharedContainer, volumesFrom } from './shared-container.ts';
import { writeBundle } from './write-bundle.ts';

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
export async function createContainer(
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
    throw await undone(error, [
      ...createdVolumes.map((volume) => async () => {
        await context.volumes.remove(volume);
        database.removeVolume(volume.name);
      }),
      async () => {
        await context.containers.remove(id);
        removeGivenFilesOf(context.paths, { id, config: service });
        database.removeContainer(id);
      },
    ]);
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
