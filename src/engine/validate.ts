/** Everything that can be known to fail is found before anything is touched. */
import { containerName, replicaCount } from '../model/names.ts';
import type { Project } from '../model/project.ts';
import type { ApplySettings } from '../model/settings.ts';
import { refuseUnsupported } from '../model/support.ts';
import type { Database } from '../state/database.ts';
import { ComposeError } from '../util/errors.ts';

/** Throws the first reason why `services` of the project cannot be brought up on this machine. */
export function validateProject(
  project: Project,
  services: ReadonlySet<string>,
  settings: ApplySettings,
  database: Database,
): void {
  refuseUnsupported(project, services);
  validateExternals(project, services, database);
  validateNames(project, services, settings, database);
}

function validateExternals(project: Project, services: ReadonlySet<string>, database: Database): void {
  for (const name of services) {
    const service = project.services[name];
    for (const key of Object.keys(service?.networks ?? {})) {
      const network = project.networks?.[key];
      if (network?.external && database.networkByName(network.name) === null) {
        throw new ComposeError(
          'NETWORK_NOT_FOUND',
          `network ${network.name} declared as external, but could not be found`,
          { hint: 'bring up the project that owns it first' },
        );
      }
    }
    for (const mount of service?.volumes ?? []) {
      const volume =
        mount.type === 'volume' && mount.source !== undefined ? project.volumes?.[mount.source] : undefined;
      if (volume?.external && database.volumeByName(volume.name) === null) {
        throw new ComposeError('VOLUME_NOT_FOUND', `external volume ${JSON.stringify(volume.name)} not found`, {
          hint: `bring up the project that owns it first`,
        });
      }
    }
  }
}

function validateNames(
  project: Project,
  services: ReadonlySet<string>,
  settings: ApplySettings,
  database: Database,
): void {
  const owners = new Map<string, string>();
  for (const name of [...services].sort()) {
    const service = project.services[name];
    if (service === undefined) throw new ComposeError('NO_SERVICE', `no such service: ${name}`);
    const count = settings.scale[name] ?? replicaCount(service);
    if (service.container_name !== undefined && count > 1) {
      throw new ComposeError(
        'INVALID',
        `service ${name} has container_name ${service.container_name} and cannot run ${count} replicas: each needs a name of its own`,
        { hint: 'remove container_name, or ask for one replica' },
      );
    }
    if (service.container_name !== undefined) {
      const other = owners.get(service.container_name);
      if (other !== undefined) {
        throw new ComposeError(
          'INVALID',
          `container name ${service.container_name} is in use by service ${other} and service ${name}`,
        );
      }
      owners.set(service.container_name, name);
    }
    const wanted = containerName(project.name, name, 1, settings.manner.nameSeparator, service);
    const holder = database.containers().find((record) => record.name === wanted && record.project !== project.name);
    if (holder !== undefined) {
      throw new ComposeError('NAME_TAKEN', `container name ${wanted} is in use by project ${holder.project}`);
    }
  }
}
