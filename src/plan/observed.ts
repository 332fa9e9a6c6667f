/** A snapshot of the world: what the records say, corrected by what the kernel says. `engine/observe.ts` fills it. */
import type { ContainerState } from '../model/container-state.ts';
import type { FirewallState } from '../model/firewall-state.ts';
import type { ContainerRecord, NetworkRecord, VolumeRecord } from '../model/records.ts';

export interface Observed {
  readonly project: string;
  readonly containers: readonly ObservedContainer[];
  readonly networks: readonly ObservedNetwork[];
  readonly volumes: readonly ObservedVolume[];
  /** Networks of other owners that the project names as external, by name on this machine. */
  readonly externalNetworks: readonly NetworkRecord[];
  /** Our table holds the rules of every project. */
  readonly firewall: FirewallState;
}

export interface ObservedContainer {
  readonly record: ContainerRecord;
  readonly state: ContainerState;
  /** The network namespace and every link of it are there. */
  readonly isPlugged: boolean;
  /** Its cgroup is there; true for a container that does not run. */
  readonly hasCgroup: boolean;
}

export interface ObservedNetwork {
  readonly record: NetworkRecord;
  /** The bridge is there, up, with its addresses. */
  readonly isIntact: boolean;
}

export interface ObservedVolume {
  readonly record: VolumeRecord;
  readonly isIntact: boolean;
}
