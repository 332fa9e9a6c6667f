import { isIpAddress } from '../model/address.ts';
import { formatPortRange, type PortRange, parsePortRange } from '../model/port.ts';
import { isTree, type Tree, type Value } from './tree-path.ts';

/** A function here that cannot read its text returns a sentence that says why. */
type Why = string;

export interface ShortVolume {
  source: string;
  target: string;
  type: 'bind' | 'volume';
  readOnly: boolean;
  bind?: Tree;
  volume?: Tree;
}

const PROPAGATIONS: ReadonlySet<string> = new Set(['rprivate', 'private', 'rshared', 'shared', 'rslave', 'slave']);

/** `SOURCE:TARGET:OPTIONS`; a letter and a colon at the beginning of a part is a drive. */
export function parseVolume(spec: string): ShortVolume | Why {
  if (spec === '') return 'a volume cannot be empty';
  const volume: ShortVolume = { source: '', target: '', type: 'volume', readOnly: false };
  if (spec.length <= 2) {
    volume.target = spec;
    return volume;
  }
  const parts = splitVolume(spec);
  if (parts.some((part) => part === '')) return 'a part between two colons is empty';
  if (parts.length > 3) return 'too many colons';
  const [first = '', second, options] = parts;
  if (second === undefined) volume.target = first;
  else {
    volume.source = first;
    volume.target = second;
  }
  for (const option of options?.split(',') ?? []) {
    if (option === 'ro') volume.readOnly = true;
    else if (option === 'rw') volume.readOnly = false;
    else if (option === 'nocopy') volume.volume = { nocopy: true };
    else if (PROPAGATIONS.has(option)) volume.bind = { ...volume.bind, propagation: option };
    else if (option === 'z' || option === 'Z') volume.bind = { ...volume.bind, selinux: option };
  }
  if (isHostPath(volume.source)) {
    volume.type = 'bind';
    volume.bind = { ...volume.bind, create_host_path: true };
  } else volume.volume = { ...volume.volume };
  return volume;
}

function splitVolume(spec: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (const char of spec) {
    if (char === ':' && !/^\p{L}$/u.test(part)) {
      parts.push(part);
      part = '';
    } else part += char;
  }
  parts.push(part);
  return parts;
}

function isHostPath(source: string): boolean {
  return /^[./~\\]/.test(source) || /^\p{L}:/u.test(source);
}

/** A path without `.`, `..` and doubled slashes. An empty one stays empty. */
export function cleanPath(path: string): string {
  if (path === '') return '';
  const isAbsolute = path.startsWith('/');
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (!isAbsolute) parts.push('..');
  }
  const joined = parts.join('/');
  if (isAbsolute) return `/${joined}`;
  return joined === '' ? '.' : joined;
}

/** `[IP:][HOST:]CONTAINER[/PROTOCOL]`, ports or ranges, as the long form; one entry for each container port. */
export function parsePort(spec: string): Tree[] | Why {
  const parts = spec.split(':');
  let containerPart = parts.at(-1) ?? '';
  const hostPart = parts.length > 1 ? (parts.at(-2) ?? '') : '';
  let address = parts.slice(0, -2).join(':');
  if (address !== '') {
    const bracketed = /^\[(.*)\]$/.exec(address);
    if (bracketed === null && address.includes(':')) {
      return `address ${address} must be in brackets: [${address}]:…`;
    }
    address = bracketed?.[1] ?? address;
    if (!isIpAddress(address.split('%', 1)[0] ?? '')) return `${JSON.stringify(address)} is not an IP address`;
  }
  let protocol = 'tcp';
  const slash = containerPart.indexOf('/');
  if (slash >= 0) {
    const word = containerPart.slice(slash + 1);
    if (word !== '') protocol = word.toLowerCase();
    containerPart = containerPart.slice(0, slash);
  }
  if (containerPart === '') return 'there is no container port';
  if (!['tcp', 'udp', 'sctp'].includes(protocol)) return `${JSON.stringify(protocol)} is not tcp, udp or sctp`;
  const container = parsePortRange(containerPart);
  if (container === undefined || container.start === 0)
    return `${JSON.stringify(containerPart)} is not a port or range from 1 to 65535`;
  const host = hostPart === '' ? undefined : parsePortRange(hostPart);
  if (hostPart !== '' && host === undefined)
    return `${JSON.stringify(hostPart)} is not a port or range from 0 to 65535`;
  const count = container.end - container.start;
  if (host !== undefined && count > 0 && host.end - host.start !== count) {
    return `the ranges ${formatPortRange(host)} and ${formatPortRange(container)} differ in length`;
  }
  const entries: Tree[] = [];
  for (let i = 0; i <= count; i++)
    entries.push(portEntry(container.start + i, protocol, address, host, i, count === 0));
  // The order of the reference: by the text of the port.
  return entries.sort((a, b) => (`${a.target}/` < `${b.target}/` ? -1 : 1));
}

function portEntry(
  target: number,
  protocol: string,
  address: string,
  host: PortRange | undefined,
  index: number,
  isSingle: boolean,
): Tree {
  const entry: Tree = { mode: 'ingress' };
  if (address !== '') entry.host_ip = address;
  entry.target = target;
  if (host !== undefined) entry.published = isSingle ? formatPortRange(host) : String(host.start + index);
  entry.protocol = protocol;
  return entry;
}

/** `SOURCE[:TARGET[:PERMISSIONS]]`. */
export function parseDevice(spec: string): Tree | Why {
  const [source = '', target, permissions, ...rest] = spec.split(':');
  if (rest.length > 0) return 'too many colons';
  return {
    source,
    target: target === undefined || target === '' ? source : target,
    permissions: permissions ?? 'rwm',
  };
}

export interface Words {
  readonly words: string[];
  /** Where an operator of a shell stood: the text from there on is no part of the command. */
  readonly cutAt: number | undefined;
}

/** Splits a command as a shell splits words; nothing else of a shell happens. Undefined when quotes are not closed. */
export function splitWords(line: string): Words | undefined {
  const words: string[] = [];
  let word = '';
  let hasWord = false;
  let isEscaped = false;
  let quote: '"' | "'" | '`' | '(' | undefined;
  let position = 0;
  for (; position < line.length; position++) {
    const char = line[position] ?? '';
    if (isEscaped) {
      word += char;
      isEscaped = false;
      hasWord = true;
      continue;
    }
    if (char === '\\' && quote !== "'") {
      isEscaped = true;
      continue;
    }
    if (/[ \t\r\n]/.test(char) && quote === undefined) {
      if (hasWord) words.push(word);
      word = '';
      hasWord = false;
      continue;
    }
    if ((char === '"' || char === "'") && (quote === undefined || quote === char)) {
      quote = quote === undefined ? char : undefined;
      hasWord = true;
      continue;
    }
    if (char === '`' && (quote === undefined || quote === '`')) quote = quote === undefined ? '`' : undefined;
    else if (char === '(' && (quote === undefined || quote === '(')) {
      if (quote === '(' || !word.endsWith('$')) return undefined;
      quote = '(';
    } else if (char === ')' && (quote === undefined || quote === '(')) {
      if (quote === undefined) return undefined;
      quote = undefined;
    } else if (/[;&|<>]/.test(char) && quote === undefined) {
      // `2>` is a redirection too, so the number before it is no word.
      if (char === '>' && /^[0-9]/.test(word)) hasWord = false;
      break;
    }
    word += char;
    hasWord = true;
  }
  if (isEscaped || quote !== undefined) return undefined;
  if (hasWord) words.push(word);
  return { words, cutAt: position < line.length ? position : undefined };
}

/** Whether a list of KEY=VALUE has a variable for a key: keys of maps are not interpolated, so it must stay a list. */
export function hasVariableKey(value: Value): boolean {
  return Array.isArray(value) && value.some((item) => typeof item === 'string' && /^[^=]*\$/.test(item));
}

/** A map from a map or a list of KEY=VALUE; a bare KEY has the value null. */
export function mappingOf(value: Value): Tree | undefined {
  if (isTree(value)) return value;
  if (!Array.isArray(value)) return undefined;
  const map: Tree = {};
  for (const item of value) {
    if (typeof item !== 'string') return undefined;
    const equals = item.indexOf('=');
    const key = equals < 0 ? item : item.slice(0, equals);
    if (key === '__proto__') return undefined;
    map[key] = equals < 0 ? null : item.slice(equals + 1);
  }
  return map;
}
