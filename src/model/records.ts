/**
 * What is written down about each resource (state/database.ts): the facts that the kernel cannot tell. Plain data,
 * shared by the drivers, the engine and the planner.
 */

import type { Network } from './network.ts';
import type { Service } from './service.ts';
import type { Volume } from './volume.ts';

export interface NetworkRecord {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** The name on this machine: `shop_default`. */
  readonly name: string;
  readonly project: string;
  /** The key in the Compose file: `default`. */
  readonly key: string;
  readonly configHash: string;
  readonly driver: 'bridge' | 'host' | 'none';
  /** The link's name, at most 15 characters: `br-0123456789ab` unless driver_opts name it. */
  readonly bridge: string;
  readonly subnets: readonly SubnetRecord[];
  readonly mtu: number;
  readonly internal: boolean;
  /** No traffic between this network's own containers (driver_opts com.docker.network.bridge.enable_icc=false). */
  readonly isolateContainers: boolean;
  readonly masquerade: boolean;
  /** As the file had it: what a plan compares field by field. */
  readonly definition?: Network;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: string;
}

export interface SubnetRecord {
  /** CIDR: `172.18.0.0/16`, `fd00:1::/64`. */
  readonly subnet: string;
  /** The bridge's own address, without prefix length; null on an internal network without gateway. */
  readonly gateway: string | null;
  /** CIDR within `subnet` from which dynamic addresses are taken. */
  readonly ipRange: string | null;
  /** Addresses never given out (ipam aux_addresses). */
  readonly reserved: readonly string[];
}

/** One container's place on one network. */
export interface EndpointRecord {
  readonly networkId: string;
  /** Name inside the container: `eth0`. */
  readonly interfaceName: string;
  /** Host end of the veth pair: `veth` and 11 characters. */
  readonly hostInterface: string;
  readonly macAddress: string;
  readonly ipv4: string | null;
  readonly ipv6: string | null;
  /** DNS names on that network besides the container's name and id. */
  readonly aliases: readonly string[];
  /** Whether the default route goes through this network. */
  readonly isGateway: boolean;
}

export interface PublishedPort {
  readonly hostIp: string;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
}

export interface VolumeRecord {
  readonly name: string;
  readonly project: string;
  /** The key in the Compose file, or empty for an anonymous volume. */
  readonly key: string;
  readonly configHash: string;
  readonly driverOpts: Readonly<Record<string, string>>;
  /** As the file had it. */
  readonly definition?: Volume;
  readonly labels: Readonly<Record<string, string>>;
  readonly anonymous: boolean;
  readonly createdAt: string;
  /** Host directory with the content. */
  readonly mountpoint: string;
  /** Whether an image's content was already copied in (or must not be). */
  readonly isFilled: boolean;
}

export interface ContainerRecord {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  readonly project: string;
  readonly service: string;
  /** Replica number from 1; 0 for a one-off container. */
  readonly number: number;
  readonly oneOff: boolean;
  /** `run --rm`: it goes when it has ended, whatever became of who started it. */
  readonly removeOnExit?: boolean;
  /** Made to run a hook of its service before that starts; it stays only when the hook failed, until the next `up` or `down`. */
  readonly hook?: 'pre_start';
  readonly configHash: string;
  readonly imageReference: string;
  /** Digest of the image, or for rootfs: the directory. */
  readonly imageDigest: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: string;
  readonly endpoints: readonly EndpointRecord[];
  readonly ports: readonly PublishedPort[];
  /** Names of the volumes it mounts. */
  readonly volumes: readonly string[];
  /** Its anonymous volumes: target in the container → volume name. A replacement inherits them. */
  readonly anonymousVolumes: Readonly<Record<string, string>>;
  /** The service as it was when the container was made: what a plan compares field by field. */
  readonly config: Service;
  /** Digests of secrets, configs and other content by source name, which are part of what makes it differ. */
  readonly contentDigests: Readonly<Record<string, string>>;
  /** Services whose namespaces it shares, and the ids of their containers at that time. */
  readonly sharedNamespaces: Readonly<Record<string, string>>;
  /** The cgroup's OCI path. */
  readonly cgroupsPath: string;
  /** Parents of that cgroup which tscompose made, the innermost first: they go with the last container in them. */
  readonly madeCgroups?: readonly string[];
  /** Held: published ports and the service's names do not lead here, because it is not ready yet or about to go. */
  readonly traffic?: 'held';
  /** The container whose place this one takes in an update, while that one may still be there. */
  readonly replaces?: string;
  /** What the user asked for last; healing follows it. */
  readonly desired: 'running' | 'stopped';
  /** Names that DNS answers with this container: name, service, aliases are in `endpoints`. */
  readonly hostname: string;
  /** The process arguments, for `ps`. */
  readonly command: readonly string[];
  /** Path of the network namespace it runs in; null for the host's. */
  readonly networkNamespace: string | null;
  /** Nameservers, search domains and options of its own, which the DNS server and resolv.conf follow. */
  readonly dns: {
    readonly servers: readonly string[];
    readonly search: readonly string[];
    readonly options: readonly string[];
  };
}
