/** Compose's limits → OCI resources. */
import { readdirSync, type Stats, statSync } from 'node:fs';
import { parseBytes } from '../model/bytes.ts';
import type { BlkioConfig, DeviceMapping, Service, Ulimit } from '../model/service.ts';
import { ComposeError, type ErrorPath } from '../util/errors.ts';
import type { HostFacts } from './host.ts';
import type { OciDevice, OciDeviceRule, OciProcess, OciResources, OciThrottle } from './oci.ts';

/** Device nodes every container may use (runtime-spec, config-linux.md, Default Devices, and terminals). */
const defaultDeviceRules: readonly OciDeviceRule[] = [
  { allow: false, access: 'rwm' },
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  ...[
    [1, 3],
    [1, 5],
    [1, 7],
    [1, 8],
    [1, 9],
    [5, 0],
    [5, 1],
    [5, 2],
  ].map(([major, minor]) => ({ allow: true, type: 'c', major, minor, access: 'rwm' }) as OciDeviceRule),
  { allow: true, type: 'c', major: 136, access: 'rwm' },
  { allow: true, type: 'c', major: 10, minor: 200, access: 'rwm' },
];

/** The limits of a service: the old attributes and `deploy.resources`, which agree where both are given. */
export function resourcesOf(
  service: Service,
  devices: readonly DeviceGrant[],
  host?: Pick<HostFacts, 'cgroups'>,
): OciResources {
  const limits = service.deploy?.resources.limits;
  const reservations = service.deploy?.resources.reservations;
  const memoryLimit = bytes(service.mem_limit ?? limits?.memory);
  const cpus = service.cpus ?? limits?.cpus;
  const period = service.cpu_period ?? (cpus ? 100_000 : undefined);
  const quota = service.cpu_quota ?? (cpus && period ? Math.round(cpus * period) : undefined);
  const pids = service.pids_limit ?? limits?.pids;
  const swap = service.memswap_limit === undefined ? undefined : Number(service.memswap_limit);
  const swappiness = service.mem_swappiness === undefined ? undefined : Number(service.mem_swappiness);
  return {
    devices: service.privileged ? [{ allow: true, access: 'rwm' }] : deviceRules(service, devices),
    memory: {
      ...given('limit', memoryLimit),
      ...given('reservation', bytes(service.mem_reservation ?? reservations?.memory)),
      ...given('swap', swap === -1 ? -1 : swap || defaultSwap(memoryLimit, host)),
      ...given('swappiness', swappiness === -1 ? undefined : swappiness),
      ...(service.oom_kill_disable ? { disableOOMKiller: true } : {}),
    },
    cpu: {
      ...given('shares', service.cpu_shares || undefined),
      ...given('quota', quota || undefined),
      ...given('period', period || undefined),
      ...given('realtimeRuntime', service.cpu_rt_runtime || undefined),
      ...given('realtimePeriod', service.cpu_rt_period || undefined),
      ...given('cpus', service.cpuset || undefined),
    },
    ...(pids === undefined || pids === 0 ? {} : { pids: { limit: pids } }),
    ...(service.blkio_config === undefined ? {} : { blockIO: blockIo(service.blkio_config) }),
  };
}

/** Docker's: as much swap again as memory; where the kernel does not count swap, memory alone is limited. */
function defaultSwap(memory: number | undefined, host: Pick<HostFacts, 'cgroups'> | undefined): number | undefined {
  return memory && (host?.cgroups.limitsSwap ?? true) ? memory * 2 : undefined;
}

function bytes(size: string | undefined): number | undefined {
  const value = size === undefined ? 0 : parseBytes(size);
  return value === 0 ? undefined : value;
}

function given<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V });
}

function blockIo(config: BlkioConfig): NonNullable<OciResources['blockIO']> {
  const throttle = (key: `device_${'read' | 'write'}_${'bps' | 'iops'}`): OciThrottle[] =>
    (config[key] ?? []).map(({ Path, Rate }, index) => ({ ...blockDevice(Path, key, index), rate: parseBytes(Rate) }));
  return {
    ...given('weight', config.weight || undefined),
    weightDevice: (config.weight_device ?? []).map(({ Path, Weight }, index) => ({
      ...blockDevice(Path, 'weight_device', index),
      weight: Weight,
    })),
    throttleReadBpsDevice: throttle('device_read_bps'),
    throttleWriteBpsDevice: throttle('device_write_bps'),
    throttleReadIOPSDevice: throttle('device_read_iops'),
    throttleWriteIOPSDevice: throttle('device_write_iops'),
  };
}

function blockDevice(path: string, key: string, index: number): { major: number; minor: number } {
  const attribute = ['blkio_config', key, index];
  const node = deviceNode(path, attribute);
  if (node.type !== 'b') throw new ComposeError('INVALID', `${path} is not a block device`, { attribute });
  return { major: node.major, minor: node.minor };
}

/** A host device given to the container. */
export interface DeviceGrant {
  readonly device: OciDevice;
  readonly access: string;
}

/** `devices:` of a service as nodes with their access. Throws INVALID for a path that is no device. */
export function deviceGrants(mappings: readonly DeviceMapping[]): DeviceGrant[] {
  return mappings.map(({ source, target, permissions }, index) => {
    const node = deviceNode(source, ['devices', index]);
    return { device: { ...node, path: target ?? source }, access: permissions ?? 'rwm' };
  });
}

/** Every device of the host, as `privileged` has it; what the container has of its own, such as its terminals, is left out. */
export function hostDevices(): DeviceGrant[] {
  const own = /^\/dev\/(?:pts|shm|fd|mqueue|console|null|zero|full|random|urandom|tty|ptmx)(?:\/|$)/;
  const grants: DeviceGrant[] = [];
  const visit = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = `${directory}/${entry.name}`;
      if (own.test(path)) continue;
      if (entry.isDirectory()) visit(path);
      else if (entry.isCharacterDevice() || entry.isBlockDevice()) {
        const status = statSync(path, { throwIfNoEntry: false });
        if (status !== undefined) grants.push({ device: nodeOf(path, status), access: 'rwm' });
      }
    }
  };
  visit('/dev');
  return grants;
}

function deviceNode(path: string, attribute: ErrorPath): OciDevice {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status !== undefined && (status.isCharacterDevice() || status.isBlockDevice())) return nodeOf(path, status);
  const reason = status === undefined ? 'does not exist' : 'is not a device';
  throw new ComposeError('INVALID', `device ${path} ${reason}`, { attribute });
}

function nodeOf(path: string, status: Stats): OciDevice {
  const { major, minor } = splitDevice(status.rdev);
  return {
    path,
    type: status.isBlockDevice() ? 'b' : 'c',
    major,
    minor,
    fileMode: status.mode & 0o7777,
    uid: status.uid,
    gid: status.gid,
  };
}

/** makedev(3): 12 bits of the major above 8 bits of the minor, the rest of the minor from bit 20 on. */
export function splitDevice(device: number): { readonly major: number; readonly minor: number } {
  const value = BigInt(device);
  return {
    major: Number(((value >> 8n) & 0xfffn) | ((value >> 32n) & ~0xfffn)),
    minor: Number((value & 0xffn) | ((value >> 12n) & ~0xffn)),
  };
}

function deviceRules(service: Service, grants: readonly DeviceGrant[]): OciDeviceRule[] {
  return [
    ...defaultDeviceRules,
    ...grants.map(
      ({ device, access }) =>
        ({ allow: true, type: device.type, major: device.major, minor: device.minor, access }) as OciDeviceRule,
    ),
    ...(service.device_cgroup_rules ?? []).map((rule, index) => parseDeviceRule(rule, ['device_cgroup_rules', index])),
  ];
}

/** `c 1:3 mr`, `a *:* rwm` (devices controller of cgroups v1). */
function parseDeviceRule(text: string, attribute: ErrorPath): OciDeviceRule {
  const match = /^([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})$/.exec(text);
  if (match === null) {
    throw new ComposeError('INVALID', `${JSON.stringify(text)} is not a rule for devices`, {
      attribute,
      hint: 'write type, numbers and access, such as "c 1:3 mr"',
    });
  }
  const [, type, major, minor, access] = match;
  return {
    allow: true,
    type: type as 'a' | 'c' | 'b',
    ...(major === '*' ? {} : { major: Number(major) }),
    ...(minor === '*' ? {} : { minor: Number(minor) }),
    access: access ?? 'rwm',
  };
}

/** `ulimits:` → rlimits, `-1` being without limit (RLIM_INFINITY as JSON can hold it). */
export function rlimitsOf(ulimits: Readonly<Record<string, Ulimit>>): OciProcess['rlimits'] {
  return Object.entries(ulimits).map(([name, limit]) => {
    const { soft, hard } = typeof limit === 'number' ? { soft: limit, hard: limit } : limit;
    return { type: `RLIMIT_${name.toUpperCase()}`, soft: unlimited(soft), hard: unlimited(hard) };
  });
}

function unlimited(value: number): number {
  return value < 0 ? Number.MAX_SAFE_INTEGER : value;
}
