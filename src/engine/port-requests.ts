/** Compose's `ports:` as what is asked of the host. */
import { parsePortRange } from '../model/port.ts';
import type { ContainerRecord, PublishedPort } from '../model/records.ts';
import type { PortRequest } from '../network/contract.ts';

type Publisher = Pick<ContainerRecord, 'id' | 'service' | 'number' | 'oneOff' | 'config'>;

/**
 * Requests for the ports of a container. One that takes the place of `replaced` asks for the very ports which that one has
 * where the file leaves the choice.
 */
export function portRequests(
  container: Publisher,
  replaced: Pick<ContainerRecord, 'ports'> | null = null,
): PortRequest[] {
  const group = portGroup(container);
  return (container.config.ports ?? []).map((port) => {
    const range = port.published ? parsePortRange(port.published) : undefined;
    const protocol = (port.protocol || 'tcp') as PublishedPort['protocol'];
    const request: PortRequest = {
      hostIp: port.host_ip ?? '',
      hostPort: range?.start ?? 0,
      ...(range !== undefined && range.end !== range.start ? { hostPortEnd: range.end } : {}),
      protocol,
      containerPort: port.target,
      group,
    };
    const { hostPort, hostPortEnd = hostPort } = request;
    const had = replaced?.ports.find(
      (other) =>
        other.containerPort === port.target &&
        other.protocol === protocol &&
        (hostPort === 0 || (other.hostPort >= hostPort && other.hostPort <= hostPortEnd)),
    );
    if (had === undefined) return request;
    const { hostPortEnd: _end, ...certain } = request;
    return { ...certain, hostPort: had.hostPort };
  });
}

/**
 * Who shares a port: the replicas of a service, among which connections are dealt out; with `mode: host`, or once off, nobody
 * but a container and the one that takes its place.
 */
export function portGroup({ id, service, number, oneOff, config }: Publisher): string {
  if (oneOff) return id;
  const isOfHost = config.ports?.some(({ mode }) => mode === 'host') ?? false;
  return isOfHost ? `${service} ${number}` : service;
}
