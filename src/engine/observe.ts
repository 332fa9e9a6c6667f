import { readContainerState } from '../container/state.ts';
import type { ContainerRecord } from '../model/records.ts';
import { type Binding, native as loadNative } from '../native/binding.ts';
import type { NetworkDriver, NetworkObservation } from '../network/contract.ts';
import type { Observed } from '../plan/observed.ts';
import type { Database } from '../state/database.ts';
import type { Paths } from '../state/paths.ts';
import type { VolumeDriver } from '../volume/volume-driver.ts';

export interface ObserveOptions {
  readonly paths: Paths;
  readonly database: Database;
  readonly project: string;
  readonly native?: Binding;
  /** Without it links and rules are taken to be intact: enough for `ps`. */
  readonly network?: NetworkDriver;
  readonly volumes?: VolumeDriver;
  /** Names of networks and volumes of other owners that the project uses. */
  readonly externalNetworks?: readonly string[];
}

/** Reads the world of one project: the records of what was made, corrected by what the kernel says of it now. */
export async function observe(options: ObserveOptions): Promise<Observed> {
  const { database, project, paths } = options;
  const native = options.native ?? loadNative();
  const containers = database.containers(project);
  const networks = database.networks(project);
  const externalNetworks = (options.externalNetworks ?? []).flatMap((name) => database.networkByName(name) ?? []);
  const links =
    options.network === undefined
      ? null
      : await options.network.observe([...networks, ...externalNetworks], containers.filter(hasNamespace), {
          networks: database.networks(),
          containers: database.containers(),
        });
  return {
    project,
    containers: containers.map((record) => {
      const state = readContainerState(paths.container(record.id), native);
      const runs = state.pid !== null;
      return {
        record,
        state,
        isPlugged: links === null || !runs || isPlugged(record, links),
        hasCgroup: options.network === undefined || !runs || native.cgroupExists(record.cgroupsPath),
      };
    }),
    networks: networks.map((record) => ({
      record,
      isIntact: links === null || record.driver !== 'bridge' || links.bridges.has(record.id),
    })),
    externalNetworks,
    volumes: database.volumes(project).map((record) => ({
      record,
      isIntact: options.volumes?.isIntact(record) ?? true,
    })),
    firewall: links?.firewall ?? 'intact',
  };
}

function hasNamespace(record: ContainerRecord): boolean {
  return record.networkNamespace !== null && record.endpoints.length > 0;
}

function isPlugged(record: ContainerRecord, links: NetworkObservation): boolean {
  return !hasNamespace(record) || links.endpoints.has(record.id);
}
