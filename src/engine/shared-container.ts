/** What a container has of another one: namespaces and volumes. */
import { readFileSync } from 'node:fs';
import type { BundleInput } from '../container/bundle.ts';
import { readContainerState } from '../container/state.ts';
import type { ContainerRecord } from '../model/records.ts';
import type { Service } from '../model/service.ts';
import type { Database } from '../state/database.ts';
import { ComposeError } from '../util/errors.ts';
import type { EngineContext } from './context.ts';
import { volumeOfMount } from './mounts.ts';

/** By name, or by the beginning of its id. */
export function findContainer(database: Database, name: string): ContainerRecord | undefined {
  return database.containers().find((record) => record.name === name || record.id.startsWith(name));
}

/** The container that `service:NAME` or `container:NAME` means; null for any other mode. */
export function sharedContainer(context: EngineContext, mode: string | undefined): ContainerRecord | null {
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
    const found = findContainer(context.database, name);
    if (found === undefined) throw new ComposeError('CONTAINER_NOT_FOUND', `container ${name} does not exist`);
    return found;
  }
  return null;
}

/** Namespaces that are not new: the host's (null) or another container's, by the path it has now. */
export function joinedNamespaces(context: EngineContext, record: ContainerRecord): BundleInput['namespaces'] {
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

/** The mounts and volumes of the containers that `volumes_from` names, as these have them. */
export function volumesFrom(
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
