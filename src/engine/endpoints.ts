/** A container's places on its networks, and the addresses there. */
import type { EndpointRecord, NetworkRecord } from '../model/records.ts';
import type { Service, ServiceNetwork } from '../model/service.ts';
import { allocateAddress, hostInterfaceName, macAddressFor, parseMacAddress } from '../network/allocate.ts';
import { ComposeError } from '../util/errors.ts';

export interface NetworkPlace {
  readonly key: string;
  readonly record: NetworkRecord;
  readonly terms: ServiceNetwork;
}

/** The networks of a service in the order of their interfaces: higher `priority` first, then by key. */
export function networkPlaces(service: Service, networkOf: (key: string) => NetworkRecord): NetworkPlace[] {
  return Object.entries(service.networks ?? {})
    .map(([key, terms]) => ({ key, record: networkOf(key), terms: terms ?? {} }))
    .sort((a, b) => (b.terms.priority ?? 0) - (a.terms.priority ?? 0) || (a.key < b.key ? -1 : 1));
}

/**
 * Endpoints of a new container. `inUse` are the addresses taken on each network by id; the caller keeps them from
 * changing meanwhile (a database transaction). Throws ADDRESS_TAKEN, INVALID, NO_SPACE.
 */
export function planEndpoints(options: {
  readonly containerId: string;
  readonly serviceName: string;
  readonly service: Service;
  readonly places: readonly NetworkPlace[];
  /** One-off containers do not answer to the service's name. */
  readonly aliases: 'service' | 'none';
  readonly inUse: (networkId: string) => ReadonlySet<string>;
}): EndpointRecord[] {
  const gateway = gatewayPlace(options.places);
  return options.places.map(({ record, terms }, index) => {
    const inUse = options.inUse(record.id);
    const address = (family: 4 | 6, wanted: string | undefined): string | null => {
      const subnet = record.subnets.find((candidate) => candidate.subnet.includes(':') === (family === 6));
      if (subnet === undefined) {
        if (wanted === undefined) return null;
        throw new ComposeError('INVALID', `network ${record.name} has no IPv${family} subnet for address ${wanted}`);
      }
      return allocateAddress({ networkName: record.name, subnet, inUse, wanted });
    };
    const ipv4 = address(4, terms.ipv4_address);
    const ipv6 = address(6, terms.ipv6_address);
    const mac = terms.mac_address ?? (index === 0 ? options.service.mac_address : undefined);
    return {
      networkId: record.id,
      interfaceName: terms.interface_name ?? `eth${index}`,
      hostInterface: hostInterfaceName(options.containerId, record.id),
      macAddress: mac === undefined ? macAddressFor(ipv4 ?? ipv6 ?? '0.0.0.0') : parseMacAddress(mac),
      ipv4,
      ipv6,
      aliases: options.aliases === 'none' ? [] : [...new Set([options.serviceName, ...(terms.aliases ?? [])])],
      isGateway: record === gateway,
    };
  });
}

/** The network of the default route: highest `gw_priority`, then by name; an internal one leads nowhere. */
function gatewayPlace(places: readonly NetworkPlace[]): NetworkRecord | undefined {
  return places
    .filter(({ record }) => !record.internal)
    .sort(
      (a, b) => (b.terms.gw_priority ?? 0) - (a.terms.gw_priority ?? 0) || (a.record.name < b.record.name ? -1 : 1),
    )[0]?.record;
}
