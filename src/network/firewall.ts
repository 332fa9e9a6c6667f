/**
 * The records of all projects → the table `inet tscompose`. Pure.
 *
 * - Published ports are destination NAT, for what arrives and for what the host itself sends (127.0.0.1 included).
 * - A port that several containers share leads to each of them in turn of chance, but for those whose traffic is held.
 * - What leaves a network for elsewhere takes the host's address.
 * - Networks do not reach each other, nor does anybody reach into one, but through a published port.
 * - Addresses of 127.0.0.0/8 on the wire are nobody's: route_localnet on the bridges must not open the host's loopback
 *   services to containers.
 */
import type { ContainerRecord, EndpointRecord, NetworkRecord, PublishedPort } from '../model/records.ts';
import type { ForwardChain, NftChain, NftExpression, NftGuest, NftSet, NftTable } from '../native/binding.ts';
import { sha256 } from '../native/digest.ts';
import { parseAddress } from './allocate.ts';
import type { NetworkWorld } from './contract.ts';
import * as nft from './nft-expressions.ts';

/** What to do with a packet that firewalld would reject after our chain has let it pass. */
export type Passage =
  | { readonly kind: 'accept' }
  | { readonly kind: 'queue'; readonly number: number; readonly compatible: boolean };

/** The ruleset of that world. Without networks of ours: a table without chains, which means none. */
export function firewallTable(world: NetworkWorld, tableName: string, passage: Passage): NftTable {
  const networks = world.networks
    .filter((network) => network.driver === 'bridge')
    .toSorted((a, b) => (a.bridge < b.bridge ? -1 : 1));
  const empty = { family: 'inet', name: tableName, digest: '', sets: [], chains: [] } as const;
  if (networks.length === 0) return empty;
  const tableSets = sets(networks, world.containers);
  const balanced = tableSets.flatMap(({ name }) => (name.startsWith('balanced') ? [name] : []));
  // The same for both forms of the queue: every process must recognize what any other has written.
  const plain = passage.kind === 'queue' ? { ...passage, compatible: false } : passage;
  const digest = digestOf({ ...empty, sets: tableSets, chains: chains(networks, balanced, plain) });
  return { ...empty, digest, sets: tableSets, chains: chains(networks, balanced, passage) };
}

/** How many objects of each kind the kernel shows for that table. */
export function countOf(table: NftTable): { chains: number; rules: number; elements: number } {
  return {
    chains: table.chains.length,
    rules: table.chains.reduce((sum, chain) => sum + chain.rules.length, 0),
    elements: table.sets.reduce((sum, set) => sum + set.elements.length, 0),
  };
}

/**
 * What lets our packets pass the policies of iptables' forward chains, which Docker sets to drop: rules at their end. What our
 * own chain drops never gets there, and what an administrator's rules drop in one of these chains, those of DOCKER-USER
 * included, is dropped. Chains that accept by themselves get none, and lose what they had.
 */
export function guestRules(world: NetworkWorld, owner: string, foreign: readonly ForwardChain[]): NftGuest[] {
  const bridges = world.networks
    .filter(({ driver }) => driver === 'bridge')
    .map(({ bridge }) => bridge)
    .sort();
  return foreign.flatMap(({ family, table, chain, policy }) => {
    if ((family !== 'ip' && family !== 'ip6') || table !== 'filter' || chain !== 'FORWARD') return [];
    const guests = policy === 'drop' ? bridges : [];
    // As iptables itself writes them, so that it can read and list them.
    const rules = guests.flatMap((name) => [
      rule(nft.inputIs(name), nft.counter, nft.accept),
      rule(nft.outputIs(name), nft.counter, nft.accept),
    ]);
    return [{ family, table, chain, owner, digest: digestOf(guests), rules }];
  });
}

function digestOf(content: NftTable | readonly string[]): string {
  const text = JSON.stringify(content, (_, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  );
  return sha256(text).slice(0, 16);
}

type Rule = readonly NftExpression[];
const rule = (...parts: readonly (readonly NftExpression[])[]): Rule => parts.flat();

function chains(networks: readonly NetworkRecord[], balanced: readonly string[], passage: Passage): NftChain[] {
  const publish = (family: 4 | 6, withAddress: boolean): Rule[] => {
    const suffix = `${family}${withAddress ? 'at' : ''}`;
    const shared = balanced.includes(`balanced${suffix}`)
      ? [nft.publish(family, `balanced${suffix}`, withAddress, balanceSlots)]
      : [];
    return [...shared, nft.publish(family, `published${suffix}`, withAddress)];
  };
  const subnetsOf = (network: NetworkRecord) => network.subnets.map(({ subnet }) => subnet);
  return [
    {
      name: 'loopback',
      hook: { type: 'filter', name: 'prerouting', priority: -300 },
      rules: [rule(nft.inputIn('bridges'), nft.addressWithin('destination', '127.0.0.0/8'), nft.drop)],
    },
    {
      name: 'prerouting',
      hook: { type: 'nat', name: 'prerouting', priority: -100 },
      rules: [rule(nft.isToThisHost, nft.jump('publish'))],
    },
    {
      name: 'output',
      hook: { type: 'nat', name: 'output', priority: -100 },
      rules: [
        // There is no route_localnet for IPv6: connections to ::1 are left to the listener (ports.ts).
        rule(nft.addressWithin('destination', '::1/128'), nft.accept),
        rule(nft.isToThisHost, nft.jump('publish')),
      ],
    },
    {
      name: 'publish',
      rules: [...publish(4, true), ...publish(4, false), ...publish(6, true), ...publish(6, false)],
    },
    {
      name: 'postrouting',
      hook: { type: 'nat', name: 'postrouting', priority: 100 },
      rules: [
        rule(nft.outputIn('bridges'), nft.addressWithin('source', '127.0.0.0/8'), nft.masquerade),
        ...networks.flatMap((network) =>
          subnetsOf(network).flatMap((subnet) => [
            // Through the host's address to a neighbour: the answer must come back the same way.
            rule(nft.outputIs(network.bridge), nft.addressWithin('source', subnet), nft.isPublished, nft.masquerade),
            ...(network.masquerade && !network.internal
              ? [rule(nft.outputIsNot(network.bridge), nft.addressWithin('source', subnet), nft.masquerade)]
              : []),
          ]),
        ),
      ],
    },
    {
      name: 'forward',
      hook: { type: 'filter', name: 'forward', priority: -10 },
      rules: [rule(nft.inputIn('bridges'), nft.goto('passage')), rule(nft.outputIn('bridges'), nft.goto('passage'))],
    },
    {
      name: 'passage',
      rules: [
        rule(nft.isKnownConnection, nft.accept),
        // Within one bridge: seen here only where bridge-nf-call-iptables is on.
        rule(nft.passageIn('within'), nft.accept),
        rule(nft.outputIn('bridges'), nft.isPublished, nft.accept),
        rule(nft.outputIn('bridges'), nft.drop),
        rule(nft.inputIn('internal'), nft.drop),
        rule(nft.accept),
      ],
    },
    ...(passage.kind === 'accept' ? [] : [late(passage)]),
  ];
}

/** After the chains of priority 0, whose drops are final, and before firewalld's. */
function late({ number, compatible }: Extract<Passage, { kind: 'queue' }>): NftChain {
  const pass = nft.queue(number, compatible);
  return {
    name: 'late',
    hook: { type: 'filter', name: 'forward', priority: 5 },
    rules: [rule(nft.inputIn('bridges'), pass), rule(nft.outputIn('bridges'), pass)],
  };
}

function sets(networks: readonly NetworkRecord[], containers: readonly ContainerRecord[]): NftSet[] {
  const { interfaceName, ipv4Address, ipv6Address, protocol, port, mark } = nft.dataType;
  const names = (name: string, chosen: readonly NetworkRecord[]): NftSet => ({
    name,
    keyLength: 16,
    dataLength: 0,
    keyType: interfaceName,
    dataType: 0,
    elements: chosen.map((network) => ({ key: nft.interfaceNameBytes(network.bridge) })),
  });
  const published = publishedPorts(networks, containers);
  const maps = (family: 4 | 6, withAddress: boolean): NftSet[] => {
    const length = family === 4 ? 4 : 16;
    const address = family === 4 ? ipv4Address : ipv6Address;
    const ports = new Map<string, { key: Uint8Array; data: [Uint8Array, ...Uint8Array[]] }>();
    for (const { hostAddress, target, record } of published) {
      if (parseAddress(target).family !== family || (hostAddress !== null) !== withAddress) continue;
      const prefix = hostAddress === null ? [] : [nft.addressBytes(hostAddress)];
      const key = nft.join(...prefix, nft.protocolBytes(record.protocol), nft.portBytes(record.hostPort));
      const name = Buffer.from(key).toString('hex');
      const data = nft.join(nft.addressBytes(target), nft.portBytes(record.containerPort));
      const shared = ports.get(name);
      if (shared === undefined) ports.set(name, { key, data: [data] });
      else if (shared.data.length < balanceSlots) shared.data.push(data);
    }
    const keyTypes = [...(withAddress ? [address] : []), protocol, port];
    const common = { dataLength: length + 4, dataType: nft.concatenation(address, port) };
    const keyLength = (withAddress ? length : 0) + 8;
    const suffix = `${family}${withAddress ? 'at' : ''}`;
    const single: NftSet = {
      ...common,
      name: `published${suffix}`,
      keyLength,
      keyType: nft.concatenation(...keyTypes),
      elements: [...ports.values()].flatMap(({ key, data }) => (data.length === 1 ? { key, data: data[0] } : [])),
    };
    const balanced = [...ports.values()].filter(({ data }) => data.length > 1);
    if (balanced.length === 0) return [single];
    return [
      single,
      {
        ...common,
        name: `balanced${suffix}`,
        keyLength: keyLength + 4,
        keyType: nft.concatenation(...keyTypes, mark),
        elements: balanced.flatMap(({ key, data }) =>
          Array.from({ length: balanceSlots }, (_, slot) => ({
            key: nft.join(key, nft.slotBytes(slot)),
            data: data[slot % data.length] ?? data[0],
          })),
        ),
      },
    ];
  };
  return [
    names('bridges', networks),
    names(
      'internal',
      networks.filter((network) => network.internal),
    ),
    {
      name: 'within',
      keyLength: 32,
      dataLength: 0,
      keyType: nft.concatenation(interfaceName, interfaceName),
      dataType: 0,
      elements: networks
        .filter((network) => !network.isolateContainers)
        .map((network) => {
          const name = nft.interfaceNameBytes(network.bridge);
          return { key: nft.join(name, name) };
        }),
    },
    ...maps(4, false),
    ...maps(4, true),
    ...maps(6, false),
    ...maps(6, true),
  ];
}

/** Among so many places containers that share a port are dealt out; a power of two, because its remainder is a mask. */
const balanceSlots = 64;

interface Published {
  /** Null: any address of the host. */
  readonly hostAddress: string | null;
  readonly target: string;
  readonly record: PublishedPort;
}

function publishedPorts(networks: readonly NetworkRecord[], containers: readonly ContainerRecord[]): Published[] {
  const byId = new Map(networks.map((network) => [network.id, network]));
  return containers
    .filter((container) => container.ports.length > 0 && container.traffic !== 'held')
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap((container) =>
      container.ports.flatMap((record) => {
        const hostIp = record.hostIp === '' ? '0.0.0.0' : record.hostIp;
        const { family, value } = parseAddress(hostIp);
        const target = targetAddress(container, byId, family);
        return target === null ? [] : [{ hostAddress: value === 0n ? null : hostIp, target, record }];
      }),
    );
}

/** The address that published ports lead to: on the network with the default route, never on an internal one. */
export function targetAddress(
  container: ContainerRecord,
  networks: ReadonlyMap<string, NetworkRecord>,
  family: 4 | 6,
): string | null {
  const addressOf = (endpoint: EndpointRecord) => (family === 4 ? endpoint.ipv4 : endpoint.ipv6);
  const usable = container.endpoints.filter((endpoint) => {
    const network = networks.get(endpoint.networkId);
    return network?.driver === 'bridge' && !network.internal && addressOf(endpoint) !== null;
  });
  const chosen = usable.find((endpoint) => endpoint.isGateway) ?? usable[0];
  return chosen === undefined ? null : addressOf(chosen);
}
