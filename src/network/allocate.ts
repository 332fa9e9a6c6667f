/**
 * Choosing subnets, addresses, MAC addresses and link names. Pure: what is taken comes in, what is chosen goes out.
 */

import type { SubnetRecord } from '../model/records.ts';
import { sha256 } from '../native/digest.ts';
import { blame, ComposeError } from '../util/errors.ts';

/** A block of addresses: the network address as a number, its prefix length and family. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly base: bigint;
  readonly prefix: number;
}

/** Where subnets come from when the Compose file names none: those of Docker. */
const defaultPools: readonly { readonly pool: string; readonly prefix: number }[] = [
  ...Array.from({ length: 15 }, (_, i) => ({ pool: `172.${17 + i}.0.0/16`, prefix: 16 })),
  { pool: '192.168.0.0/16', prefix: 20 },
];

/** The number of an address; throws INVALID for what is none. An IPv4-mapped IPv6 address stays IPv6. */
export function parseAddress(text: string): { readonly family: 4 | 6; readonly value: bigint } {
  if (!text.includes(':')) {
    const parts = text.split('.');
    const isValid = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
    if (!isValid) throw new ComposeError('INVALID', `invalid IP address ${JSON.stringify(text)}`);
    return { family: 4, value: parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n) };
  }
  const invalid = () => new ComposeError('INVALID', `invalid IP address ${JSON.stringify(text)}`);
  let source = text;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted !== null) {
    const { value } = parseAddress(dotted[2] as string);
    source = `${dotted[1]}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  }
  const halves = source.split('::');
  if (halves.length > 2) throw invalid();
  const groups = (half: string | undefined) => (half === undefined || half === '' ? [] : half.split(':'));
  const head = groups(halves[0]);
  const tail = groups(halves[1]);
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) throw invalid();
  const all = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  if (!all.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) throw invalid();
  return { family: 6, value: all.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n) };
}

/** The canonical spelling (RFC 5952 for IPv6). */
export function formatAddress(family: 4 | 6, value: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  if (best.start < 0) return hex(groups);
  return `${hex(groups.slice(0, best.start))}::${hex(groups.slice(best.start + best.length))}`;
}

/** `172.18.0.0/16`; host bits are cleared. Without prefix length: one address. Throws INVALID. */
export function parseCidr(text: string): Cidr {
  const [address = '', length, ...rest] = text.split('/');
  const { family, value } = parseAddress(address);
  const bits = family === 4 ? 32 : 128;
  const prefix = length === undefined ? bits : Number(length);
  if (rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length)) || prefix > bits) {
    throw new ComposeError('INVALID', `invalid subnet ${JSON.stringify(text)}`);
  }
  const hostBits = BigInt(bits - prefix);
  return { family, base: (value >> hostBits) << hostBits, prefix };
}

/** The block in the kernel’s spelling, which parseCidr reads. */
export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(cidr.family, cidr.base)}/${cidr.prefix}`;
}

/** Number of addresses in the block. */
export function sizeOf(cidr: Cidr): bigint {
  return 1n << BigInt((cidr.family === 4 ? 32 : 128) - cidr.prefix);
}

/** Whether the blocks have an address in common; those of different families never do. */
export function overlaps(one: Cidr, other: Cidr): boolean {
  return one.family === other.family && one.base < other.base + sizeOf(other) && other.base < one.base + sizeOf(one);
}

/** Whether the address is of the subnet. Throws INVALID for what is neither. */
export function contains(subnet: string, address: string): boolean {
  const { family, value } = parseAddress(address);
  const block = parseCidr(subnet);
  return family === block.family && value >= block.base && value < block.base + sizeOf(block);
}

/** What the Compose file says of a network's addresses (ipam.config and enable_ipv6). */
export interface SubnetWish {
  readonly subnet?: string | undefined;
  readonly gateway?: string | undefined;
  readonly ip_range?: string | undefined;
  readonly aux_addresses?: Readonly<Record<string, string>> | undefined;
}

/**
 * The subnets of a new network. `taken` are the host's subnets and those of all other networks: a subnet that is chosen
 * avoids them, one that was asked for must not clash with another network's (`reserved`).
 * Throws SUBNET_CLASH, INVALID, or NO_SPACE when the pools are exhausted; `attribute` leads on from `wishes`.
 */
export function allocateSubnets(options: {
  readonly networkName: string;
  readonly wishes: readonly SubnetWish[];
  readonly enableIpv4: boolean;
  readonly enableIpv6: boolean;
  /** The host's own subnets. */
  readonly taken: readonly string[];
  /** Subnets of other networks, of all projects. */
  readonly reserved: readonly string[];
}): SubnetRecord[] {
  const { networkName } = options;
  const reserved = options.reserved.map(parseCidr);
  const occupied = [...options.taken.map(parseCidr), ...reserved];
  const chosen: SubnetRecord[] = [];
  for (const [index, wish] of options.wishes.entries()) {
    const attribute = [index, 'subnet'];
    if (wish.subnet === undefined || wish.subnet === '') {
      if (wish.gateway || wish.ip_range) {
        const message = `network ${networkName}: ipam gateway and ip_range need a subnet`;
        throw new ComposeError('INVALID', message, { attribute: [index] });
      }
      continue;
    }
    const subnet = blame(attribute, () => parseCidr(wish.subnet ?? ''));
    const clash = [...reserved, ...chosen.map((record) => parseCidr(record.subnet))].find((o) => overlaps(o, subnet));
    if (clash !== undefined) {
      throw new ComposeError(
        'SUBNET_CLASH',
        `cannot make network ${networkName}: subnet ${formatCidr(subnet)} overlaps ${formatCidr(clash)} of another network`,
        { attribute, hint: 'choose another subnet in ipam.config, or leave it out' },
      );
    }
    chosen.push(subnetRecord(networkName, subnet, wish, index));
  }
  const hasFamily = (family: 4 | 6) => chosen.some((record) => parseCidr(record.subnet).family === family);
  if (options.enableIpv4 && !hasFamily(4)) {
    const subnet = freeIpv4(occupied);
    if (subnet === undefined) {
      throw new ComposeError('NO_SPACE', `cannot make network ${networkName}: all default subnets are in use`, {
        hint: 'remove networks that are not needed, or name a subnet in ipam.config',
      });
    }
    chosen.unshift(subnetRecord(networkName, subnet, {}));
  }
  if (options.enableIpv6 && !hasFamily(6)) {
    chosen.push(subnetRecord(networkName, freeIpv6(networkName, occupied), {}));
  }
  return chosen;
}

function subnetRecord(networkName: string, subnet: Cidr, wish: SubnetWish, index = 0): SubnetRecord {
  const text = formatCidr(subnet);
  const within = (address: string, what: string, ...key: readonly string[]) =>
    blame([index, ...key], () => {
      if (contains(text, address)) return formatAddress(subnet.family, parseAddress(address).value);
      throw new ComposeError('INVALID', `network ${networkName}: ${what} ${address} is not in subnet ${text}`);
    });
  if (sizeOf(subnet) < 4n) {
    const message = `network ${networkName}: subnet ${text} is too small`;
    throw new ComposeError('INVALID', message, { attribute: [index, 'subnet'] });
  }
  let ipRange: string | null = null;
  if (wish.ip_range) {
    const attribute = [index, 'ip_range'];
    const range = blame(attribute, () => parseCidr(wish.ip_range ?? ''));
    within(formatAddress(range.family, range.base), 'ip_range', 'ip_range');
    if (range.prefix < subnet.prefix) {
      const message = `network ${networkName}: ip_range ${wish.ip_range} is larger than ${text}`;
      throw new ComposeError('INVALID', message, { attribute });
    }
    ipRange = formatCidr(range);
  }
  const reserved = Object.entries(wish.aux_addresses ?? {}).map(([name, address]) =>
    within(address, 'aux address', 'aux_addresses', name),
  );
  const gateway = wish.gateway
    ? within(wish.gateway, 'gateway', 'gateway')
    : firstFree(subnet, subnet, new Set(reserved.map((address) => parseAddress(address).value)));
  if (gateway === undefined) throw new ComposeError('INVALID', `network ${networkName}: no address left for a gateway`);
  return { subnet: text, gateway, ipRange, reserved };
}

function freeIpv4(occupied: readonly Cidr[]): Cidr | undefined {
  for (const { pool, prefix } of defaultPools) {
    const block = parseCidr(pool);
    const step = 1n << BigInt(32 - prefix);
    for (let base = block.base; base < block.base + sizeOf(block); base += step) {
      const candidate: Cidr = { family: 4, base, prefix };
      if (!occupied.some((other) => overlaps(other, candidate))) return candidate;
    }
  }
  return undefined;
}

/** A unique local /64 (RFC 4193) whose forty bits come from the network's name: the same name, the same subnet. */
function freeIpv6(networkName: string, occupied: readonly Cidr[]): Cidr {
  for (let attempt = 0; ; attempt++) {
    const digest = Buffer.from(sha256(`${networkName} ${attempt}`), 'hex');
    const global = digest.readUIntBE(0, 5);
    const base = ((0xfdn << 40n) | BigInt(global)) << 80n;
    const candidate: Cidr = { family: 6, base, prefix: 64 };
    if (!occupied.some((other) => overlaps(other, candidate))) return candidate;
  }
}

/**
 * An address of the subnet: `wanted` when given, else the lowest free one (of `ipRange`, when there is one). `inUse` are
 * the addresses of all endpoints on that network. Throws ADDRESS_TAKEN, INVALID, or NO_SPACE.
 */
export function allocateAddress(options: {
  readonly networkName: string;
  readonly subnet: SubnetRecord;
  readonly inUse: Iterable<string>;
  readonly wanted?: string | undefined;
}): string {
  const { networkName, subnet } = options;
  const block = parseCidr(subnet.subnet);
  const inUse = new Set([...options.inUse].map((address) => parseAddress(address).value));
  if (options.wanted !== undefined) {
    if (!contains(subnet.subnet, options.wanted)) {
      throw new ComposeError(
        'INVALID',
        `address ${options.wanted} is not in subnet ${subnet.subnet} of ${networkName}`,
      );
    }
    const { value } = parseAddress(options.wanted);
    const isGateway = subnet.gateway !== null && parseAddress(subnet.gateway).value === value;
    if (inUse.has(value) || isGateway || isEdge(block, value)) {
      throw new ComposeError('ADDRESS_TAKEN', `address ${options.wanted} of network ${networkName} is in use`);
    }
    return formatAddress(block.family, value);
  }
  for (const address of [subnet.gateway, ...subnet.reserved]) {
    if (address !== null) inUse.add(parseAddress(address).value);
  }
  const free = firstFree(block, subnet.ipRange === null ? block : parseCidr(subnet.ipRange), inUse);
  if (free === undefined) {
    throw new ComposeError(
      'NO_SPACE',
      `no address left in ${subnet.ipRange ?? subnet.subnet} of network ${networkName}`,
    );
  }
  return free;
}

function firstFree(subnet: Cidr, range: Cidr, inUse: ReadonlySet<bigint>): string | undefined {
  const end = range.base + sizeOf(range);
  for (let value = range.base; value < end; value++) {
    if (!inUse.has(value) && !isEdge(subnet, value)) return formatAddress(subnet.family, value);
  }
  return undefined;
}

/** The network's own address, and the broadcast address of IPv4. */
function isEdge(subnet: Cidr, value: bigint): boolean {
  return value === subnet.base || (subnet.family === 4 && value === subnet.base + sizeOf(subnet) - 1n);
}

/** `02:42:` and the IPv4 address; for IPv6 only, four digits of a hash: locally administered, and stable. */
export function macAddressFor(address: string): string {
  const { family, value } = parseAddress(address);
  const number = family === 4 ? value : BigInt(`0x${sha256(formatAddress(6, value)).slice(0, 8)}`);
  const octets = [24n, 16n, 8n, 0n].map((shift) => ((number >> shift) & 0xffn).toString(16).padStart(2, '0'));
  return `02:42:${octets.join(':')}`;
}

/** A Compose `mac_address` in the kernel's spelling; throws INVALID for one that no interface can have. */
export function parseMacAddress(text: string): string {
  const mac = text.toLowerCase().replaceAll('-', ':');
  const isUnicast = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac) && (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0;
  if (!isUnicast || mac === '00:00:00:00:00:00') throw new ComposeError('INVALID', `invalid mac_address ${text}`);
  return mac;
}

/** `br-` and twelve digits of the network's id, as Docker names them. */
export function bridgeName(networkId: string): string {
  return `br-${networkId.slice(0, 12)}`;
}

/** `veth` and eleven digits that depend on both, so one container has a name of its own on each network. */
export function hostInterfaceName(containerId: string, networkId: string): string {
  return `veth${sha256(`${containerId} ${networkId}`).slice(0, 11)}`;
}
