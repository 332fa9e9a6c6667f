/** Everything that can be known to fail is found before anything is touched. */
import { statSync } from 'node:fs';
import { healthCheckOf } from '../container/health.ts';
import type { ResolvedImage } from '../model/image.ts';
import { containerName, replicaCount } from '../model/names.ts';
import type { Network } from '../model/network.ts';
import type { Project } from '../model/project.ts';
import type { ApplySettings } from '../model/settings.ts';
import { findUnsupported } from '../model/support.ts';
import { allocateSubnets } from '../network/allocate.ts';
import type { Database } from '../state/database.ts';
import { about, ComposeError, joinErrors } from '../util/errors.ts';
import { findContainer } from './shared-container.ts';
import { findSharedAddresses } from './validate-addresses.ts';
import { findServiceErrors, type ValidationOptions } from './validate-services.ts';

export interface ValidationWorld extends ValidationOptions {
  readonly database: Database;
  /** Of the services that are brought up, by name. */
  readonly images: ReadonlyMap<string, ResolvedImage>;
}

/** Throws what `services` ask for and there is not: that is known before their images are looked for. */
export function refuseUnsupported(project: Project, services: ReadonlySet<string>): void {
  const errors = [...findUnsupported(project, services)];
  if (errors.length > 0) throw joinErrors(errors);
}

/** Throws every reason why `services` of the project cannot be brought up on this machine: one, or an AggregateError. */
export function validateProject(
  project: Project,
  services: ReadonlySet<string>,
  settings: ApplySettings,
  world: ValidationWorld,
): void {
  const errors = [
    ...findMissingExternals(project, services, world.database),
    ...findNameErrors(project, services, settings, world.database),
    ...findNetworkErrors(project, services, world.database),
    ...findSharedAddresses(project, services, settings),
    ...findMissingPartners(project, services, world.database),
    ...findVolumeErrors(project, services),
    ...findDependencyErrors(project, services, world.images),
    ...findServiceErrors(project, services, world),
  ];
  if (errors.length > 0) throw joinErrors(errors);
}

function* findMissingExternals(
  project: Project,
  services: ReadonlySet<string>,
  database: Database,
): Generator<ComposeError> {
  const hint = 'bring up the project that owns it first';
  for (const key of usedNetworks(project, services)) {
    const network = project.networks?.[key];
    if (network?.external && database.networkByName(network.name) === null) {
      const message = `network ${network.name} declared as external, but could not be found`;
      yield new ComposeError('NETWORK_NOT_FOUND', message, { path: ['networks', key], hint });
    }
  }
  for (const key of usedVolumes(project, services)) {
    const volume = project.volumes?.[key];
    if (volume?.external && database.volumeByName(volume.name) === null) {
      const message = `external volume ${JSON.stringify(volume.name)} not found`;
      yield new ComposeError('VOLUME_NOT_FOUND', message, { path: ['volumes', key], hint });
    }
  }
}

function usedNetworks(project: Project, services: ReadonlySet<string>): Set<string> {
  return new Set([...services].flatMap((name) => Object.keys(project.services[name]?.networks ?? {})));
}

function usedVolumes(project: Project, services: ReadonlySet<string>): Set<string> {
  const mounts = [...services].flatMap((name) => project.services[name]?.volumes ?? []);
  return new Set(mounts.flatMap(({ type, source }) => (type === 'volume' && source !== undefined ? [source] : [])));
}

function* findNameErrors(
  project: Project,
  services: ReadonlySet<string>,
  settings: ApplySettings,
  database: Database,
): Generator<ComposeError> {
  const owners = new Map<string, string>();
  for (const name of [...services].sort()) {
    const service = project.services[name];
    if (service === undefined) throw new ComposeError('NO_SERVICE', `no such service: ${name}`);
    const count = settings.scale[name] ?? replicaCount(service);
    const path = ['services', name, 'container_name'];
    const own = service.container_name;
    if (own !== undefined && count > 1) {
      yield new ComposeError(
        'INVALID',
        `service ${name} has container_name ${own} and cannot run ${count} replicas: each needs a name of its own`,
        { path, hint: 'remove container_name, or ask for one replica' },
      );
    }
    const other = own === undefined ? undefined : owners.get(own);
    if (own !== undefined && other !== undefined) {
      const message = `container name ${own} is in use by service ${other} and service ${name}`;
      yield new ComposeError('INVALID', message, { path });
    }
    if (own !== undefined) owners.set(own, name);
    const wanted = containerName(project.name, name, 1, settings.manner.nameSeparator, service);
    const holder = database.containers().find((record) => record.name === wanted && record.project !== project.name);
    if (holder !== undefined) {
      const message = `container name ${wanted} is in use by project ${holder.project}`;
      yield new ComposeError('NAME_TAKEN', message, own === undefined ? {} : { path });
    }
  }
}

/** Containers whose namespaces are to be shared, and which neither are there nor will be. */
function* findMissingPartners(
  project: Project,
  services: ReadonlySet<string>,
  database: Database,
): Generator<ComposeError> {
  const made = new Set([...services].map((name) => project.services[name]?.container_name));
  for (const name of [...services].sort()) {
    for (const key of ['network_mode', 'ipc', 'pid', 'uts', 'cgroup'] as const) {
      const [, partner] = /^container:(.+)$/.exec(project.services[name]?.[key] ?? '') ?? [];
      if (partner === undefined || made.has(partner) || findContainer(database, partner) !== undefined) continue;
      const message = `service ${name}: container ${partner} does not exist`;
      yield new ComposeError('CONTAINER_NOT_FOUND', message, { path: ['services', name, key] });
    }
  }
}

function* findNetworkErrors(
  project: Project,
  services: ReadonlySet<string>,
  database: Database,
): Generator<ComposeError> {
  const wanted: string[] = [];
  for (const key of usedNetworks(project, services)) {
    const network = project.networks?.[key];
    if (network === undefined || network.external) continue;
    const path = ['networks', key];
    const { driver } = network;
    if (driver !== undefined && driver !== 'bridge' && driver !== 'default') {
      yield new ComposeError('UNSUPPORTED', `network ${network.name}: there is no driver ${driver}`, {
        path: [...path, 'driver'],
        hint: 'use the bridge driver, or network_mode: host or none',
      });
    }
    if (network.name === undefined) yield new ComposeError('INVALID', `network ${key} has an empty name`, { path });
    else wanted.push(...(yield* findSubnetErrors(key, network, database, wanted)));
  }
}

/** Returns the subnets that the network asks for; `wanted` are those of other networks of the file. */
function* findSubnetErrors(
  key: string,
  network: Network,
  database: Database,
  wanted: readonly string[],
): Generator<ComposeError, readonly string[]> {
  const reserved = database
    .networks()
    .filter(({ name }) => name !== network.name)
    .flatMap(({ subnets }) => subnets.map(({ subnet }) => subnet));
  try {
    const subnets = allocateSubnets({
      networkName: network.name,
      wishes: network.ipam.config ?? [],
      enableIpv4: false,
      enableIpv6: false,
      taken: [],
      reserved: [...reserved, ...wanted],
    });
    return subnets.map(({ subnet }) => subnet);
  } catch (error) {
    if (!(error instanceof ComposeError)) throw error;
    yield about(error, { path: ['networks', key, 'ipam', 'config', ...(error.attribute ?? [])] });
    return [];
  }
}

function* findVolumeErrors(project: Project, services: ReadonlySet<string>): Generator<ComposeError> {
  for (const key of usedVolumes(project, services)) {
    const volume = project.volumes?.[key];
    if (volume === undefined || volume.external) continue;
    const path = ['volumes', key];
    if (volume.driver !== undefined && volume.driver !== 'local') {
      yield new ComposeError('UNSUPPORTED', `volume ${volume.name}: there is no driver ${volume.driver}`, {
        path: [...path, 'driver'],
        hint: 'use the local driver',
      });
    }
    if (volume.name === undefined) yield new ComposeError('INVALID', `volume ${key} has an empty name`, { path });
    const { o = '', device } = volume.driver_opts ?? {};
    const isBind = /(?:^|,)r?bind(?:,|$)/.test(o);
    if (isBind && !statSync(device ?? '', { throwIfNoEntry: false })?.isDirectory()) {
      yield new ComposeError('VOLUME_NOT_FOUND', `volume ${volume.name}: device ${device ?? ''} is not a directory`, {
        path: [...path, 'driver_opts', 'device'],
        hint: 'create it, or correct driver_opts.device',
      });
    }
  }
  for (const name of [...services].sort()) {
    for (const [index, mount] of (project.services[name]?.volumes ?? []).entries()) {
      if (mount.type !== 'bind' || mount.bind?.create_host_path !== false) continue;
      if (statSync(mount.source ?? '', { throwIfNoEntry: false }) !== undefined) continue;
      yield new ComposeError('VOLUME_NOT_FOUND', `service ${name}: bind source ${mount.source} does not exist`, {
        path: ['services', name, 'volumes', index],
        hint: 'create it, or set bind.create_host_path: true',
      });
    }
  }
}

function* findDependencyErrors(
  project: Project,
  services: ReadonlySet<string>,
  images: ReadonlyMap<string, ResolvedImage>,
): Generator<ComposeError> {
  for (const name of [...services].sort()) {
    for (const [other, { condition, required }] of Object.entries(project.services[name]?.depends_on ?? {})) {
      const dependency = project.services[other];
      const image = images.get(other);
      if (condition !== 'service_healthy' || !required || dependency === undefined || image === undefined) continue;
      if (replicaCount(dependency) === 0) continue;
      if (healthCheckOf(dependency.healthcheck, image.config.healthcheck) !== null) continue;
      yield new ComposeError('INVALID', `service ${name} waits for ${other} to be healthy, which has no healthcheck`, {
        path: ['services', name, 'depends_on', other, 'condition'],
        hint: `add healthcheck: to ${other}, or depend on service_started`,
      });
    }
  }
}
