/** Addresses that services ask for: of their networks' subnets, and of nobody else. */
import { isIpAddress } from '../model/address.ts';
import { replicaCount } from '../model/names.ts';
import type { Project } from '../model/project.ts';
import type { Service } from '../model/service.ts';
import type { ApplySettings } from '../model/settings.ts';
import { contains, parseAddress, parseMacAddress } from '../network/allocate.ts';
import { blame, ComposeError, type ErrorPath } from '../util/errors.ts';

const families = ['ipv4', 'ipv6'] as const;

/** Throws the first address of a service that its network cannot have. */
export function checkAddresses(service: Service, project: Project): void {
  const mac = (text: string | undefined, attribute: ErrorPath) => {
    if (text !== undefined) blame(attribute, () => parseMacAddress(text));
  };
  mac(service.mac_address, ['mac_address']);
  for (const [key, place] of Object.entries(service.networks ?? {})) {
    mac(place?.mac_address, ['networks', key, 'mac_address']);
    const network = project.networks?.[key];
    const subnets = (network?.ipam.config ?? []).flatMap(({ subnet }) => subnet ?? []);
    for (const family of families) {
      const address = place?.[`${family}_address`];
      if (network === undefined || address === undefined) continue;
      const attribute = ['networks', key, `${family}_address`];
      const title = family === 'ipv4' ? 'IPv4' : 'IPv6';
      if (!isIpAddress(address) || address.includes(':') !== (family === 'ipv6')) {
        throw invalid(attribute, `${JSON.stringify(address)} is not an ${title} address`);
      }
      // Whoever owns it knows its subnets.
      if (network.external) continue;
      const ofFamily = subnets.filter((subnet) => subnet.includes(':') === address.includes(':'));
      if (ofFamily.length === 0) {
        throw invalid(
          attribute,
          `address ${address} needs a subnet that is certain, and network ${network.name} names no ${title} subnet`,
          'name one in its ipam.config, or leave the address out',
        );
      }
      if (ofFamily.some((subnet) => contains(subnet, address))) continue;
      throw invalid(
        attribute,
        `address ${address} is not in subnet ${ofFamily.join(', ')} of ${network.name}`,
        'choose an address within, or another subnet in ipam.config',
      );
    }
  }
}

/** Addresses that two services, or several replicas of one, would have. */
export function* findSharedAddresses(
  project: Project,
  services: ReadonlySet<string>,
  { scale }: Pick<ApplySettings, 'scale'>,
): Generator<ComposeError> {
  const owners = new Map<string, string>();
  for (const name of [...services].sort()) {
    const service = project.services[name];
    if (service === undefined) continue;
    const count = scale[name] ?? replicaCount(service);
    if (count === 0) continue;
    for (const [key, place] of Object.entries(service.networks ?? {})) {
      for (const family of families) {
        const address = place?.[`${family}_address`];
        if (address === undefined || !isIpAddress(address)) continue;
        const path = ['services', name, 'networks', key, `${family}_address`];
        if (count > 1) {
          yield new ComposeError(
            'INVALID',
            `service ${name} has address ${address} and cannot run ${count} replicas: each needs one of its own`,
            { path, hint: 'remove the address, or ask for one replica' },
          );
        }
        const where = `${key} ${parseAddress(address).value}`;
        const other = owners.get(where);
        if (other !== undefined) {
          yield new ComposeError('ADDRESS_TAKEN', `service ${name}: address ${address} is that of service ${other}`, {
            path,
          });
        }
        owners.set(where, name);
      }
    }
  }
}

function invalid(attribute: ErrorPath, message: string, hint?: string): ComposeError {
  return new ComposeError('INVALID', message, { attribute, hint });
}
