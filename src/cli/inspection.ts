/** All about one container as plain data: what it should be, what it is, and what the kernel was told. Pure. */
import type { OciMount, OciSpec } from '../container/oci.ts';
import { hidden, isSecretName, shownValue } from '../model/hidden.ts';
import type { NetworkRecord, VolumeRecord } from '../model/records.ts';
import type { Service } from '../model/service.ts';
import type { ObservedContainer } from '../plan/observed.ts';
import type { ContainerPaths } from '../state/paths.ts';

export interface InspectionInput {
  readonly container: ObservedContainer;
  /** By id. */
  readonly networks: ReadonlyMap<string, NetworkRecord>;
  readonly volumes: readonly VolumeRecord[];
  readonly paths: ContainerPaths;
  /** Null: the bundle is not whole. */
  readonly oci: OciSpec | null;
}

/** A container, with Docker's names where Docker has one. */
export function inspectionOf({ container, networks, volumes, paths, oci }: InspectionInput) {
  const { record, state } = container;
  return {
    Name: record.name,
    Id: record.id,
    Project: record.project,
    Service: record.service,
    Number: record.number,
    OneOff: record.oneOff,
    Created: record.createdAt,
    Image: { Reference: record.imageReference, Id: record.imageDigest },
    State: {
      Status: state.status,
      Pid: state.pid ?? 0,
      ExitCode: state.exitCode ?? 0,
      Signal: state.signal,
      OOMKilled: state.oomKilled,
      Error: state.error ?? '',
      StartedAt: state.startedAt,
      FinishedAt: state.finishedAt,
      RestartCount: state.restartCount,
      Health: state.health,
    },
    Networks: record.endpoints.map((endpoint) => ({
      Name: networks.get(endpoint.networkId)?.name ?? endpoint.networkId,
      Interface: endpoint.interfaceName,
      HostInterface: endpoint.hostInterface,
      MacAddress: endpoint.macAddress,
      IPv4: endpoint.ipv4,
      IPv6: endpoint.ipv6,
      Aliases: endpoint.aliases,
      IsGateway: endpoint.isGateway,
    })),
    Ports: record.ports.map(({ hostIp, hostPort, containerPort, protocol }) => ({
      HostIp: hostIp,
      HostPort: hostPort,
      ContainerPort: containerPort,
      Protocol: protocol,
    })),
    Mounts: (oci?.mounts ?? []).filter(isOwnMount).map((mount) => describeMount(mount, volumes)),
    Limits: limitsOf(oci),
    Labels: shownLabels(record.labels),
    Paths: {
      Bundle: paths.bundle,
      Log: paths.log,
      Root: state.pid === null ? null : `/proc/${state.pid}/root`,
      NetworkNamespace: record.networkNamespace,
      Cgroup: record.cgroupsPath,
    },
    ConfigHash: record.configHash,
    Specification: withoutSecrets(record.config),
    OCI: oci === null ? null : { ...oci, process: { ...oci.process, env: oci.process.env.map(shownEntry) } },
  };
}

/** A service as the project has it, for one that has no container. */
export function withoutSecrets(service: Service): Service {
  const shown = (entries: Readonly<Record<string, string | null>>) =>
    Object.fromEntries(
      Object.entries(entries).map(([name, value]) => [name, value === null ? null : shownValue(name, value)]),
    );
  const labels = service.labels;
  return {
    ...service,
    ...(service.environment === undefined ? {} : { environment: shown(service.environment) }),
    ...(labels === undefined ? {} : { labels: shownLabels(labels) }),
  };
}

function shownLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, isSecretName(name) ? hidden : value]));
}

function shownEntry(entry: string): string {
  const equals = entry.indexOf('=');
  const name = entry.slice(0, equals);
  return `${name}=${shownValue(name, entry.slice(equals + 1))}`;
}

/** /proc, /dev and their like are every container's. */
function isOwnMount({ destination }: OciMount): boolean {
  return !/^\/(?:proc|dev|sys)(?:\/|$)/.test(destination);
}

function describeMount(
  { type = 'bind', source = '', destination, options = [] }: OciMount,
  volumes: readonly VolumeRecord[],
) {
  const volume = volumes.find(({ mountpoint }) => source === mountpoint || source.startsWith(`${mountpoint}/`));
  const kind = volume === undefined ? { Type: type } : { Type: 'volume', Name: volume.name };
  return { ...kind, Source: source, Destination: destination, Options: options };
}

function limitsOf(oci: OciSpec | null) {
  if (oci === null) return null;
  const { memory, cpu, pids, blockIO } = oci.linux.resources;
  const period = cpu?.period ?? 100_000;
  return {
    MemoryBytes: memory?.limit ?? null,
    MemoryReservationBytes: memory?.reservation ?? null,
    MemorySwapBytes: memory?.swap ?? null,
    Cpus: cpu?.quota === undefined ? null : cpu.quota / period,
    CpuShares: cpu?.shares ?? null,
    CpuSet: cpu?.cpus ?? null,
    Pids: pids?.limit ?? null,
    BlockIO: blockIO ?? null,
    Rlimits: oci.process.rlimits,
  };
}
