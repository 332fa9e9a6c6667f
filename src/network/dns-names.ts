/**
 * Who is meant by a name, for the container that asks. Pure: an index of the world, and look-ups in it.
 *
 * - A container sees those that share a network with it, itself included; each with its addresses on the shared ones.
 * - Names: service, container name, id (12 digits; a label has at most 63 characters), hostname, the network's aliases; each also with the
 *   network's name as its domain (`web.shop_default`).
 * - What `links` and `external_links` call another one is a name for the container alone that has them.
 * - A container whose traffic is held has its own names only.
 * - Service names and aliases mean all containers that have them; the answers' order is turned by one each time.
 */
import type { ContainerRecord } from '../model/records.ts';
import { parseAddress } from './allocate.ts';
import type { NetworkWorld } from './contract.ts';

export interface NameIndex {
  /** Addresses of that family; empty: the name exists without one (NODATA). Undefined: not a name of ours. */
  resolve(containerId: string, name: string, family: 4 | 6): readonly string[] | undefined;
  /** The name for a reverse question (`2.0.18.172.in-addr.arpa`); undefined: not an address of ours. */
  reverse(containerId: string, name: string): string | undefined;
  has(containerId: string): boolean;
}

interface Named {
  readonly ipv4: string[];
  readonly ipv6: string[];
}

interface NetworkNames {
  readonly names: Map<string, Named>;
  /** Address, in the kernel's spelling of its number → name. */
  readonly addresses: Map<string, string>;
}

/** Who is called what, and seen by whom, in the world as it is now. */
export function indexNames(world: NetworkWorld): NameIndex {
  const networkName = new Map(world.networks.map((network) => [network.id, network.name.toLowerCase()]));
  const byNetwork = new Map<string, NetworkNames>();
  const networksOf = new Map<string, readonly string[]>();
  const linksOf = new Map<string, ReadonlyMap<string, string>>();
  for (const container of world.containers.toSorted((a, b) => a.number - b.number || (a.id < b.id ? -1 : 1))) {
    networksOf.set(
      container.id,
      container.endpoints.map((endpoint) => endpoint.networkId),
    );
    linksOf.set(container.id, linksIn(container));
    for (const endpoint of container.endpoints) {
      let network = byNetwork.get(endpoint.networkId);
      if (network === undefined) {
        network = { names: new Map(), addresses: new Map() };
        byNetwork.set(endpoint.networkId, network);
      }
      const domain = networkName.get(endpoint.networkId);
      for (const name of namesOf(container, endpoint.aliases)) {
        add(network.names, name, endpoint.ipv4, endpoint.ipv6);
        if (domain !== undefined) add(network.names, `${name}.${domain}`, endpoint.ipv4, endpoint.ipv6);
      }
      for (const address of [endpoint.ipv4, endpoint.ipv6]) {
        if (address === null) continue;
        const label = domain === undefined ? container.name : `${container.name}.${domain}`;
        network.addresses.set(addressKey(address), label);
      }
    }
  }
  const turns = new Map<string, number>();
  return {
    has: (containerId) => networksOf.has(containerId),
    resolve(containerId, name, family) {
      const asked = name.toLowerCase();
      const wanted = linksOf.get(containerId)?.get(asked) ?? asked;
      let found: string[] | undefined;
      for (const networkId of networksOf.get(containerId) ?? []) {
        const named = byNetwork.get(networkId)?.names.get(wanted);
        if (named === undefined) continue;
        found ??= [];
        for (const address of family === 4 ? named.ipv4 : named.ipv6) if (!found.includes(address)) found.push(address);
      }
      if (found === undefined || found.length < 2) return found;
      const key = `${family} ${wanted}`;
      const turn = turns.get(key) ?? 0;
      turns.set(key, turn + 1);
      const start = turn % found.length;
      return [...found.slice(start), ...found.slice(0, start)];
    },
    reverse(containerId, name) {
      const key = reverseKey(name.toLowerCase());
      if (key === undefined) return undefined;
      for (const networkId of networksOf.get(containerId) ?? []) {
        const found = byNetwork.get(networkId)?.addresses.get(key);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

/** From the name that a container's links give to what they mean: a service, or a container of another project. */
function linksIn({ config }: ContainerRecord): Map<string, string> {
  const links = [...(config.links ?? []), ...(config.external_links ?? [])].map((link) =>
    link.toLowerCase().split(':'),
  );
  return new Map(links.flatMap(([target = '', alias]) => (alias === undefined ? [] : [[alias, target]])));
}

function namesOf(container: ContainerRecord, aliases: readonly string[]): Set<string> {
  const own = [container.name, container.id.slice(0, 12), container.hostname];
  // A one-off container (`run`) does not answer for its service.
  const service = container.oneOff ? [] : [container.service];
  const names = container.traffic === 'held' ? own : [...service, ...own, ...aliases];
  return new Set(names.filter((name) => name !== '').map((name) => name.toLowerCase()));
}

function add(names: Map<string, Named>, name: string, ipv4: string | null, ipv6: string | null): void {
  let named = names.get(name);
  if (named === undefined) {
    named = { ipv4: [], ipv6: [] };
    names.set(name, named);
  }
  if (ipv4 !== null && !named.ipv4.includes(ipv4)) named.ipv4.push(ipv4);
  if (ipv6 !== null && !named.ipv6.includes(ipv6)) named.ipv6.push(ipv6);
}

function addressKey(address: string): string {
  const { family, value } = parseAddress(address);
  return `${family} ${value}`;
}

/** `2.0.18.172.in-addr.arpa` or the nibbles of `ip6.arpa` (RFC 1035, 3.5; RFC 3596, 2.5). */
function reverseKey(name: string): string | undefined {
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name);
  if (four !== null) {
    const octets = four.slice(1).reverse().map(Number);
    return octets.some((octet) => octet > 255) ? undefined : addressKey(octets.join('.'));
  }
  const six = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name);
  if (six === null) return undefined;
  return `6 ${BigInt(`0x${(six[1] as string).replaceAll('.', '').split('').reverse().join('')}`)}`;
}
