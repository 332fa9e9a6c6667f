import type { ContainerRecord, NetworkRecord } from '../model/records.ts';
import { ComposeError } from '../util/errors.ts';
import { parseAddress } from './allocate.ts';

/**
 * The text of a container's /etc/hosts: loopback, `extra_hosts`, and its own name. The address `host-gateway` stands for
 * the gateway of its network, where the host answers. Throws INVALID for an address that is none.
 */
export function hostsFile(record: ContainerRecord, networks: readonly NetworkRecord[]): string {
  const lines = [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::\tip6-localnet',
    'ff00::\tip6-mcastprefix',
    'ff02::1\tip6-allnodes',
    'ff02::2\tip6-allrouters',
  ];
  for (const entry of record.config.extra_hosts ?? []) {
    const { name, address } = parseExtraHost(entry);
    const resolved = address === 'host-gateway' ? hostGateway(record, networks) : address;
    parseAddress(resolved);
    lines.push(`${resolved}\t${name}`);
  }
  const { hostname } = record;
  const domain = record.config.domainname;
  const names = domain ? `${hostname}.${domain} ${hostname}` : hostname;
  for (const endpoint of record.endpoints) {
    for (const address of [endpoint.ipv4, endpoint.ipv6]) if (address !== null) lines.push(`${address}\t${names}`);
  }
  if (record.networkNamespace === null) lines.push(`127.0.1.1\t${names}`);
  return `${lines.join('\n')}\n`;
}

/** `name=address` or `name:address`; an IPv6 address may stand in brackets. */
export function parseExtraHost(entry: string): { readonly name: string; readonly address: string } {
  const at = entry.includes('=') ? entry.indexOf('=') : entry.indexOf(':');
  if (at <= 0) throw new ComposeError('INVALID', `invalid extra_hosts entry ${JSON.stringify(entry)}`);
  return { name: entry.slice(0, at), address: entry.slice(at + 1).replace(/^\[(.*)\]$/, '$1') };
}

/** Where the host answers: the gateway on the network of the default route, loopback on the host's own network. */
function hostGateway(record: ContainerRecord, networks: readonly NetworkRecord[]): string {
  if (record.networkNamespace === null) return '127.0.0.1';
  const chosen = record.endpoints.find((endpoint) => endpoint.isGateway) ?? record.endpoints[0];
  const network = networks.find((candidate) => candidate.id === chosen?.networkId);
  const gateways = (network?.subnets ?? []).flatMap(({ gateway }) => (gateway === null ? [] : [gateway]));
  const gateway = gateways.find((address) => !address.includes(':')) ?? gateways[0];
  if (gateway !== undefined) return gateway;
  throw new ComposeError('INVALID', `${record.name} has no network with a gateway that host-gateway could mean`);
}
