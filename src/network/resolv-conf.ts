/** The text of /etc/resolv.conf (resolv.conf(5)): reading the host's, writing a container's. */
import { readFileSync, statSync } from 'node:fs';
import type { ContainerRecord } from '../model/records.ts';

export interface ResolverSettings {
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/** The address inside every container that has a network of its own. */
const dnsAddress = '127.0.0.11';

/** Reads what resolv.conf(5) has of servers, search domains and options; the rest is passed over. */
export function parseResolvConf(text: string): ResolverSettings {
  const nameservers: string[] = [];
  let search: string[] = [];
  const options: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && values[0] !== undefined) nameservers.push(values[0]);
    // The last of the two counts.
    if (keyword === 'search' || keyword === 'domain') search = values;
    if (keyword === 'options') options.push(...values);
  }
  return { nameservers, search, options };
}

/**
 * What a container finds. On a network of its own it asks us, and `dns` says whom we ask; on the host's network it asks
 * `dns` or the host's servers itself. `dns_search: .` means no search domain.
 */
export function formatResolvConf(record: ContainerRecord, host: ResolverSettings): string {
  const { dns } = record;
  const hasOwnNetwork = record.networkNamespace !== null;
  const nameservers = hasOwnNetwork ? [dnsAddress] : dns.servers.length > 0 ? dns.servers : host.nameservers;
  const search = (dns.search.length > 0 ? dns.search : host.search).filter((domain) => domain !== '.');
  const options = [...(dns.options.length > 0 ? dns.options : host.options)];
  // Service names have no dot: with ndots:1 a resolver tries the search domains first.
  if (hasOwnNetwork && !options.some((option) => option.startsWith('ndots:'))) options.push('ndots:0');
  return [
    ...nameservers.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
    '',
  ].join('\n');
}

/** A container's resolv.conf on this machine, as it is configured now. */
export function resolvConf(record: ContainerRecord): string {
  return formatResolvConf(record, hostResolver());
}

const path = '/etc/resolv.conf';
let known: { readonly changedMs: number; readonly settings: ResolverSettings } | undefined;

/** The host's settings; read again when the file has changed. A missing file has none. */
export function hostResolver(): ResolverSettings {
  const changedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (changedMs === undefined) return { nameservers: [], search: [], options: [] };
  if (known?.changedMs !== changedMs) known = { changedMs, settings: parseResolvConf(readFileSync(path, 'utf8')) };
  return known.settings;
}
