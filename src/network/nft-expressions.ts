/**
 * The vocabulary of nftables rules, as libnftnl takes it: each function gives the expressions of one condition or
 * action of `nft`'s language. Numbers are those of linux/netfilter/nf_tables.h.
 */
import type { NftExpression } from '../native/binding.ts';
import { parseAddress, parseCidr } from './allocate.ts';

type Expressions = readonly NftExpression[];

/** Registers of four bytes; the sixteen-byte ones overlap them. */
const register = (index: number) => 8 + index;

/** nft's numbers of data types; a concatenation has six bits for each (see concatenation()). */
export const dataType = {
  ipv4Address: 7,
  ipv6Address: 8,
  protocol: 12,
  port: 13,
  mark: 19,
  interfaceName: 41,
} as const;

export const concatenation = (...types: readonly number[]) => types.reduce((sum, type) => (sum << 6) | type, 0);

const protocolNumber = { tcp: 6, udp: 17, sctp: 132 } as const;

const equal = 0;
const notEqual = 1;

/** An interface’s name as the kernel compares it: padded to IFNAMSIZ. */
export function interfaceNameBytes(name: string): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set(Buffer.from(name));
  return bytes;
}

/** An address of either family in network byte order. */
export function addressBytes(address: string): Uint8Array {
  const { family, value } = parseAddress(address);
  return numberBytes(value, family === 4 ? 4 : 16);
}

/** Big-endian. */
function numberBytes(value: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 0xffn));
}

/** A protocol or port as one part of a concatenation: padded to four bytes. */
export const protocolBytes = (protocol: keyof typeof protocolNumber) =>
  Uint8Array.of(protocolNumber[protocol], 0, 0, 0);
export const portBytes = (port: number) => Uint8Array.of(port >> 8, port & 0xff, 0, 0);

/** The parts of a concatenation, one behind the other. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Numbers that the kernel keeps in its own byte order. */
function hostOrder(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

const compare = (data: Uint8Array, op = equal, sreg = register(0)): NftExpression => ['cmp', { sreg, op, data }];
const meta = (key: number, dreg = register(0)): NftExpression => ['meta', { key, dreg }];
const payload = (base: number, offset: number, len: number, dreg = register(0)): NftExpression => [
  'payload',
  { dreg, base, offset, len },
];

/** A number from `meta random`, as one part of a concatenation. */
export const slotBytes = (slot: number) => hostOrder(slot);

const metaKey = { inputName: 6, outputName: 7, protocolFamily: 15, l4Protocol: 16, random: 24 };
const familyNumber = { 4: 2, 6: 10 } as const;
/** Offsets of the addresses in the network header. */
const addressAt = {
  4: { source: 12, destination: 16, length: 4 },
  6: { source: 8, destination: 24, length: 16 },
} as const;

const isFamily = (family: 4 | 6): Expressions => [
  meta(metaKey.protocolFamily),
  compare(Uint8Array.of(familyNumber[family])),
];

export const inputIs = (name: string): Expressions => [meta(metaKey.inputName), compare(interfaceNameBytes(name))];
export const outputIs = (name: string): Expressions => [meta(metaKey.outputName), compare(interfaceNameBytes(name))];
export const outputIsNot = (name: string): Expressions => [
  meta(metaKey.outputName),
  compare(interfaceNameBytes(name), notEqual),
];
export const inputIn = (set: string): Expressions => [meta(metaKey.inputName), ['lookup', { sreg: register(0), set }]];
export const outputIn = (set: string): Expressions => [
  meta(metaKey.outputName),
  ['lookup', { sreg: register(0), set }],
];

/** `iifname . oifname @set` */
export const passageIn = (set: string): Expressions => [
  meta(metaKey.inputName, register(0)),
  meta(metaKey.outputName, register(4)),
  ['lookup', { sreg: register(0), set }],
];

/** `ip saddr 172.18.0.0/16`, with the check of the family. */
export function addressWithin(which: 'source' | 'destination', subnet: string): Expressions {
  const { family, base, prefix } = parseCidr(subnet);
  const at = addressAt[family];
  const bits = at.length * 8;
  const mask = numberBytes(((1n << BigInt(prefix)) - 1n) << BigInt(bits - prefix), at.length);
  return [
    ...isFamily(family),
    payload(1, at[which], at.length),
    ['bitwise', { sreg: register(0), dreg: register(0), len: at.length, mask, xor: new Uint8Array(at.length) }],
    compare(numberBytes(base, at.length)),
  ];
}

/** `fib daddr type local` */
export const isToThisHost: Expressions = [['fib', { dreg: register(0), result: 3, flags: 2 }], compare(hostOrder(2))];

const ctBits = (key: number, mask: number): Expressions => [
  ['ct', { key, dreg: register(0) }],
  ['bitwise', { sreg: register(0), dreg: register(0), len: 4, mask: hostOrder(mask), xor: hostOrder(0) }],
  compare(hostOrder(0), notEqual),
];

/** `ct state established,related` */
export const isKnownConnection: Expressions = ctBits(0, 0b110);
/** `ct status dnat` */
export const isPublished: Expressions = ctBits(2, 1 << 5);

export const counter: Expressions = [['counter', {}]];
export const accept: Expressions = [['immediate', { dreg: 0, verdict: 1 }]];
export const drop: Expressions = [['immediate', { dreg: 0, verdict: 0 }]];
export const jump = (chain: string): Expressions => [['immediate', { dreg: 0, verdict: 0xfffffffd, chain }]];
export const goto = (chain: string): Expressions => [['immediate', { dreg: 0, verdict: 0xfffffffc, chain }]];
export const masquerade: Expressions = [['masq', {}]];

/** `queue flags bypass to <number>`; `compatible`: as iptables' target, for kernels without nft_queue. */
export function queue(number: number, compatible: boolean): Expressions {
  if (!compatible) return [['queue', { num: number, total: 1, flags: 1 }]];
  // struct xt_NFQ_info_v3: number, count, flags, and padding
  return [['target', { name: 'NFQUEUE', rev: 3, info: new Uint8Array(Uint16Array.of(number, 1, 1, 0).buffer) }]];
}

/**
 * `dnat ip to meta l4proto . th dport map @map`, or with `ip daddr .` in front of the key; with `slots`, a power of two,
 * `. meta random & (slots - 1)` behind it.
 */
export function publish(family: 4 | 6, map: string, withAddress: boolean, slots = 0): Expressions {
  const { destination, length } = addressAt[family];
  const words = withAddress ? length / 4 : 0;
  const address: Expressions = withAddress ? [payload(1, destination, length, register(0))] : [];
  const slot = register(words + 2);
  const mask = { sreg: slot, dreg: slot, len: 4, mask: hostOrder(slots - 1), xor: hostOrder(0) };
  const chance: Expressions = slots === 0 ? [] : [meta(metaKey.random, slot), ['bitwise', mask]];
  const dreg = register(words + (slots === 0 ? 2 : 3));
  return [
    ...isFamily(family),
    ...address,
    meta(metaKey.l4Protocol, register(words)),
    payload(2, 2, 2, register(words + 1)),
    ...chance,
    ['lookup', { sreg: register(0), dreg, set: map }],
    ['nat', { type: 1, family: familyNumber[family], addr: dreg, proto: dreg + length / 4 }],
  ];
}
