import type { EndpointRecord, NetworkRecord } from '../model/records.ts';
import type { Binding, BridgeOptions, LinkEvent, LinkStatus, PlugInterface } from '../native/binding.ts';
import { sha256 } from '../native/digest.ts';
import type { Paths } from '../state/paths.ts';
import { ComposeError } from '../util/errors.ts';
import { contains, formatAddress, parseAddress } from './allocate.ts';
import type { NetworkChange, NetworkDriver, Plug } from './contract.ts';
import { Firewall } from './firewall-sync.ts';

export type * from './contract.ts';

/** Networks of this machine: bridges, namespaces, links, firewall. See contract.ts for what each method promises. */
export function openNetworkDriver(options: { readonly paths: Paths; readonly native: Binding }): NetworkDriver {
  const { native } = options;
  const firewall = new Firewall(options);
  const unplugger = new Unplugger(native, firewall);
  return {
    hostSubnets: () => native.hostSubnets(),
    async ensureNetwork(network) {
      if (network.driver !== 'bridge') return;
      await native.ensureBridge(bridgeOptions(network)).catch((error: unknown) => {
        throw networkError(`cannot make network ${network.name}`, error);
      });
    },
    async removeNetwork(network) {
      if (network.driver !== 'bridge') return;
      await native.removeLinks([network.bridge]).catch((error: unknown) => {
        throw networkError(`cannot remove network ${network.name}`, error);
      });
    },
    async plug(plug) {
      await native
        .plug({
          netnsPath: plug.netnsPath,
          interfaces: plug.endpoints.flatMap((endpoint) => plugInterface(endpoint, plug)),
          sysctls: Object.entries(plug.sysctls)
            .filter(([key]) => key.startsWith('net.'))
            .map(([key, value]) => [sysctlPath(key), value] as const),
        })
        .catch((error: unknown) => {
          const names = plug.endpoints.map((endpoint) => plug.networks.get(endpoint.networkId)?.name ?? 'unknown');
          throw networkError(`cannot attach to network ${names.join(', ')}`, error);
        });
    },
    unplug: (netnsPath, endpoints) => unplugger.unplug(netnsPath, endpoints),
    syncFirewall: (world) => firewall.sync(world),
    async observe(networks, containers, world) {
      const plugged = containers.filter((container) => container.networkNamespace !== null);
      const [hostLinks, insides, firewallState] = await Promise.all([
        native.links(),
        native.namespaceLinks(plugged.map((container) => container.networkNamespace as string)),
        firewall.stateFor(world),
      ]);
      const hostByName = new Map(hostLinks.map((link) => [link.name, link]));
      const byId = new Map(networks.map((network) => [network.id, network]));
      const bridges = networks.filter((network) => isBridgeIntact(network, hostByName));
      const intact = plugged.filter((container, i) => {
        const inside = insides[i] ?? null;
        return (
          inside !== null && container.endpoints.every((endpoint) => isPlugged(endpoint, byId, hostByName, inside))
        );
      });
      const unplugged = containers.filter((container) => container.networkNamespace === null);
      return {
        bridges: new Set(bridges.map((network) => network.id)),
        endpoints: new Set([...intact, ...unplugged].map((container) => container.id)),
        firewall: firewallState,
      };
    },
    watch: (signal) => watch(native, firewall, signal),
  };
}

function isBridgeIntact(network: NetworkRecord, hostLinks: ReadonlyMap<string, LinkStatus>): boolean {
  if (network.driver !== 'bridge') return true;
  const link = hostLinks.get(network.bridge);
  if (link === undefined || link.kind !== 'bridge' || !link.isUp || link.mtu !== network.mtu) return false;
  return bridgeOptions(network).addresses.every((address) => link.addresses.includes(canonical(address)));
}

function isPlugged(
  endpoint: EndpointRecord,
  networks: ReadonlyMap<string, NetworkRecord>,
  hostLinks: ReadonlyMap<string, LinkStatus>,
  insideLinks: readonly LinkStatus[],
): boolean {
  const network = networks.get(endpoint.networkId);
  if (network !== undefined && network.driver !== 'bridge') return true;
  const host = hostLinks.get(endpoint.hostInterface);
  const inside = insideLinks.find((link) => link.name === endpoint.interfaceName);
  if (host === undefined || inside === undefined) return false;
  if (!host.isUp || !inside.isUp || host.peer !== inside.index || inside.peer !== host.index) return false;
  const bridge = network === undefined ? undefined : hostLinks.get(network.bridge);
  if (bridge !== undefined && host.master !== bridge.index) return false;
  const present = new Set(inside.addresses.map((address) => address.split('/')[0]));
  return [endpoint.ipv4, endpoint.ipv6].every(
    (address) => address === null || present.has(canonical(address).split('/')[0]),
  );
}

/** The kernel's spelling of an address with or without prefix length. */
function canonical(text: string): string {
  const [address = '', prefix] = text.split('/');
  const { family, value } = parseAddress(address);
  return prefix === undefined ? formatAddress(family, value) : `${formatAddress(family, value)}/${prefix}`;
}

async function* watch(native: Binding, firewall: Firewall, signal: AbortSignal): AsyncGenerator<NetworkChange> {
  const waiting: LinkEvent[] = [];
  let wake = () => {};
  const monitor = native.linkMonitor((event) => {
    waiting.push(event);
    wake();
  });
  const onAbort = () => wake();
  signal.addEventListener('abort', onAbort);
  try {
    while (!signal.aborted) {
      const event = waiting.shift();
      if (event === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else if (event.kind === 'link-removed') {
        yield { kind: 'link-removed', name: event.name };
      } else if (event.kind === 'lost') {
        yield { kind: 'link-removed', name: '' };
      } else if (await firewall.isDisturbedBy(event.name)) {
        yield { kind: 'firewall-changed', name: event.name };
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    monitor.close();
  }
}

/** `net.ipv4.conf.eth0/1.rp_filter` as a path: dots separate, a slash stands for a dot (sysctl(8)). */
export function sysctlPath(key: string): string {
  return key.replace(/[./]/g, (mark) => (mark === '.' ? '/' : '.'));
}

/** The bridge's own MAC address: fixed, so that it does not follow the ports that come and go. */
function bridgeMacAddress(networkId: string): string {
  const digits = sha256(networkId);
  return `02:42:${[0, 2, 4, 6].map((at) => digits.slice(at, at + 2)).join(':')}`;
}

function bridgeOptions(network: NetworkRecord): BridgeOptions {
  const name = network.bridge;
  const addresses = network.subnets.flatMap(({ subnet, gateway }) =>
    gateway === null ? [] : [`${gateway}/${subnet.split('/')[1]}`],
  );
  const hasIpv6 = network.subnets.some(({ subnet }) => subnet.includes(':'));
  const sysctls: [string, string][] = [
    // Published ports answer at 127.0.0.1 too; firewall.ts drops what else claims such an address.
    [`net/ipv4/conf/${name}/route_localnet`, '1'],
    ['net/ipv4/ip_forward', '1'],
    [`net/ipv6/conf/${name}/disable_ipv6`, hasIpv6 ? '0' : '1'],
  ];
  if (hasIpv6) {
    sysctls.push([`net/ipv6/conf/${name}/accept_ra`, '0'], [`net/ipv6/conf/${name}/accept_dad`, '0']);
    sysctls.push(['net/ipv6/conf/all/forwarding', '1']);
  }
  return { name, mtu: network.mtu, addresses, macAddress: bridgeMacAddress(network.id), sysctls };
}

function plugInterface(endpoint: EndpointRecord, plug: Plug): PlugInterface[] {
  const network = plug.networks.get(endpoint.networkId);
  if (network === undefined) throw new Error(`no record of network ${endpoint.networkId}`);
  if (network.driver !== 'bridge') return [];
  const addresses: string[] = [];
  const gateways: string[] = [];
  for (const { subnet, gateway } of network.subnets) {
    const address = subnet.includes(':') ? endpoint.ipv6 : endpoint.ipv4;
    if (address === null) continue;
    const withPrefix = `${address}/${subnet.split('/')[1]}`;
    if (!contains(subnet, address) || addresses.includes(withPrefix)) continue;
    addresses.push(withPrefix);
    if (endpoint.isGateway && gateway !== null && !network.internal) gateways.push(gateway);
  }
  return [
    {
      name: endpoint.interfaceName,
      hostInterface: endpoint.hostInterface,
      bridge: network.bridge,
      macAddress: endpoint.macAddress,
      mtu: network.mtu,
      addresses,
      gateways,
      isIsolated: network.isolateContainers,
    },
  ];
}

interface Removal {
  readonly netnsPaths: string[];
  readonly interfaces: string[];
  readonly addresses: string[];
  readonly done: Promise<void>;
}

/** Puts together what is to be removed while another removal runs: the kernel takes as long for thirty links as for one. */
class Unplugger {
  readonly #native: Binding;
  readonly #firewall: Firewall;
  #next: Removal | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(native: Binding, firewall: Firewall) {
    this.#native = native;
    this.#firewall = firewall;
  }

  unplug(netnsPath: string, endpoints: readonly EndpointRecord[]): Promise<void> {
    this.#next ??= this.#schedule();
    this.#next.netnsPaths.push(netnsPath);
    for (const { hostInterface, ipv4, ipv6 } of endpoints) {
      this.#next.interfaces.push(hostInterface);
      const addresses = [ipv4, ipv6].filter((address) => address !== null);
      this.#next.addresses.push(...addresses.filter((address) => this.#firewall.hasPacketFlows(address)));
    }
    return this.#next.done;
  }

  #schedule(): Removal {
    const lists = { netnsPaths: [] as string[], interfaces: [] as string[], addresses: [] as string[] };
    // Those of this turn of the event loop at least.
    const turn = new Promise<void>((resolve) => setImmediate(resolve));
    const done = Promise.all([turn, this.#running.catch(() => {})]).then(() => {
      this.#next = undefined;
      return this.#native.unplug(lists.netnsPaths, lists.interfaces, lists.addresses);
    });
    this.#running = done;
    return { ...lists, done };
  }
}

function networkError(attempt: string, error: unknown): Error {
  if (!(error instanceof Error)) return new Error(attempt, { cause: error });
  const code = 'code' in error ? error.code : undefined;
  if (code === 'NAME_TAKEN' || code === 'INVALID') return new ComposeError(code, `${attempt}: ${error.message}`);
  const isRefused = code === 'EPERM' || code === 'EACCES';
  return new ComposeError(isRefused ? 'NO_PERMISSION' : 'KERNEL', `${attempt}: ${error.message}`, { cause: error });
}
