/**
 * What the engine and the supervisor call: networks, published ports and DNS. The implementations are
 * network-driver.ts, ports.ts and dns-server.ts.
 */
import type { FirewallState } from '../model/firewall-state.ts';
import type { ContainerRecord, EndpointRecord, NetworkRecord, PublishedPort } from '../model/records.ts';
import type { ComposeError } from '../util/errors.ts';

/** All records of all projects. */
export interface NetworkWorld {
  readonly networks: readonly NetworkRecord[];
  readonly containers: readonly ContainerRecord[];
}

export interface Plug {
  readonly netnsPath: string;
  readonly endpoints: readonly EndpointRecord[];
  /** By network id. */
  readonly networks: ReadonlyMap<string, NetworkRecord>;
  /** Compose's spelling: `net.core.somaxconn`. Only `net.*` is set here, the rest belongs to the container's start. */
  readonly sysctls: Readonly<Record<string, string>>;
}

export interface NetworkObservation {
  /** Ids of the networks whose bridge is as the record says. */
  readonly bridges: ReadonlySet<string>;
  /** Ids of the containers whose namespace and every link are intact. */
  readonly endpoints: ReadonlySet<string>;
  readonly firewall: FirewallState;
}

export interface NetworkChange {
  readonly kind: 'link-removed' | 'firewall-changed';
  /** The link's name, or `inet tscompose`; empty when events were lost: observe everything. */
  readonly name: string;
}

export interface NetworkDriver {
  /** Subnets this host already uses (addresses and routes). */
  hostSubnets(): Promise<readonly string[]>;
  /** The bridge with its addresses, up, and the sysctls that forwarding needs; idempotent, repairs. */
  ensureNetwork(network: NetworkRecord): Promise<void>;
  /** Idempotent. */
  removeNetwork(network: NetworkRecord): Promise<void>;
  /**
   * Makes the namespace at `netnsPath`, with loopback, links, addresses, routes and sysctls; repairs what is missing.
   * Leaves nothing behind when it throws.
   */
  plug(plug: Plug): Promise<void>;
  /** Removes the namespace's mount and the links; idempotent. */
  unplug(netnsPath: string, endpoints: readonly EndpointRecord[]): Promise<void>;
  /** Makes `inet tscompose` say what the records of all projects need, in one transaction; removes it for none. */
  syncFirewall(world: NetworkWorld): Promise<void>;
  observe(
    networks: readonly NetworkRecord[],
    containers: readonly ContainerRecord[],
    /** The whole world when it is known; without it the firewall is compared with the last sync of this process. */
    world?: NetworkWorld,
  ): Promise<NetworkObservation>;
  /** Ends when aborted. */
  watch(signal: AbortSignal): AsyncIterable<NetworkChange>;
}

/** How long who asked for a name may remember the answer. */
export const answerTtlSeconds = 1;

export interface PortRequest {
  /** Empty: every address, v4 and v6. */
  readonly hostIp: string;
  /** 0: one that is free. */
  readonly hostPort: number;
  /** With it: the first free one of the range. */
  readonly hostPortEnd?: number;
  readonly protocol: PublishedPort['protocol'];
  readonly containerPort: number;
  /** A certain port that a reservation of the same group has is shared with it. */
  readonly group?: string;
}

export interface PortReservation {
  /** In the order of the requests; one request on every address gives two, `0.0.0.0` and `::`. */
  readonly ports: readonly PublishedPort[];
  /** Where connections go that reach the listener itself: each to one of those who share it. Null: to nobody here. */
  forwardTo(target: { readonly ipv4: string | null; readonly ipv6: string | null } | null): void;
  release(): Promise<void>;
}

export interface PortHolder {
  /** All or nothing. Throws PORT_TAKEN naming the port, and who holds it when /proc tells. */
  reserve(requests: readonly PortRequest[]): Promise<PortReservation>;
  /** Why requests for certain ports could not be met now, each; nothing stays bound. Those that are held here are met. */
  probe(requests: readonly PortRequest[]): Promise<readonly ComposeError[]>;
  close(): Promise<void>;
}

/** Where a process has the sockets open at which a container asks for names. */
export interface KeptSockets {
  readonly pid: number;
  readonly udp: number;
  readonly tcp: number;
}

export interface DnsServer {
  /**
   * Answers inside that namespace; idempotent, also after a former supervisor: what was asked meanwhile waits in the sockets
   * that somebody has kept.
   */
  attach(containerId: string, netnsPath: string, kept?: KeptSockets): Promise<void>;
  detach(containerId: string): void;
  /** The sockets of an attached container, for whoever keeps them while this process is being replaced. */
  sockets(containerId: string): KeptSockets | undefined;
  /** Answers follow at once: `read` is called when the next question comes. It gives only running containers. */
  changed(read: () => NetworkWorld): void;
  close(): Promise<void>;
}
