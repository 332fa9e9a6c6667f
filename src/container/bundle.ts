/** A service as an OCI bundle: pure, from plain data to config.json and monitor.json. */

import { parseBytes } from '../model/bytes.ts';
import { defaultPath, type ResolvedImage } from '../model/image.ts';
import type { EndpointRecord } from '../model/records.ts';
import type { Service } from '../model/service.ts';
import type { ContainerPaths } from '../state/paths.ts';
import { ComposeError } from '../util/errors.ts';
import { resolveCapabilities } from './capabilities.ts';
import { durationMs, healthCheckOf } from './health.ts';
import type { HostFacts } from './host.ts';
import { monitorLog } from './logging.ts';
import type { MonitorSpec, RestartPolicy } from './monitor-spec.ts';
import type { OciMount, OciNamespace, OciSpec } from './oci.ts';
import { deviceGrants, hostDevices, resourcesOf, rlimitsOf } from './resources.ts';
import { defaultSeccomp } from './seccomp.ts';
import { resolveSeccompProfile, type SeccompProfile } from './seccomp-profile.ts';

export interface BundleInput {
  readonly id: string;
  readonly name: string;
  readonly service: Service;
  readonly image: ResolvedImage;
  readonly paths: ContainerPaths;
  readonly endpoints: readonly EndpointRecord[];
  /** Namespace paths of other containers or of the host (null), by type; absent: a new one. */
  readonly namespaces: Readonly<Partial<Record<OciNamespace['type'], string | null>>>;
  /** The service's own mounts, resolved to host paths, in the order of their targets. */
  readonly mounts: readonly OciMount[];
  readonly host: HostFacts;
  readonly seccompCache: string;
  /** A custom profile from security_opt, already read. */
  readonly seccompProfile: SeccompProfile | null;
  readonly supervisor: MonitorSpec['supervisor'];
  readonly labels: Readonly<Record<string, string>>;
}

/** The container's hostname: what it says, else the first twelve digits of its id. */
export function hostnameOf(service: Service, id: string): string {
  return service.hostname ?? id.slice(0, 12);
}

/** Entrypoint and command as one list. A service's entrypoint clears the image's command (semantics.md section 16). */
export function processArgs(service: Service, image: ResolvedImage): string[] {
  const entrypoint = service.entrypoint ?? image.config.entrypoint;
  const command = service.command ?? (service.entrypoint === null ? image.config.cmd : []);
  return [...entrypoint, ...command];
}

/** config.json. Throws INVALID for what cannot be run, such as no command at all. */
export function ociSpec(input: BundleInput): OciSpec {
  const { id, service, image, paths, host } = input;
  const args = processArgs(service, image);
  if (args.length === 0) {
    throw new ComposeError(
      'INVALID',
      `cannot create ${input.name}: no command is given and image ${image.reference} has none`,
      {
        hint: 'add command: or entrypoint: to the service',
      },
    );
  }
  const capabilities = resolveCapabilities({
    add: service.cap_add ?? [],
    drop: service.cap_drop ?? [],
    isPrivileged: service.privileged ?? false,
    bounding: host.boundingCapabilities,
  });
  const user = service.user ?? image.config.user;
  const isRoot = user === '' || user === 'root' || /^0(:|$)/.test(user);
  const grants = [...(service.privileged ? hostDevices() : []), ...deviceGrants(service.devices ?? [])];
  const options = securityOptions(service);
  const seccomp =
    service.privileged || options.seccomp === 'unconfined'
      ? undefined
      : input.seccompProfile === null
        ? defaultSeccomp(capabilities, host.arch)
        : resolveSeccompProfile(input.seccompProfile, { ...host, capabilities });
  return {
    ociVersion: '1.2.0',
    root: { path: paths.rootfs, readonly: service.read_only ?? false },
    ...(input.namespaces.uts === undefined ? { hostname: hostnameOf(service, id) } : {}),
    ...(service.domainname === undefined || input.namespaces.uts !== undefined
      ? {}
      : { domainname: service.domainname }),
    process: {
      terminal: service.tty ?? false,
      user: { uid: 0, gid: 0 },
      args,
      env: environmentOf(service, image, hostnameOf(service, id)),
      cwd: service.working_dir ?? (image.config.workingDir || '/'),
      capabilities: {
        bounding: capabilities,
        // Only root keeps capabilities over its exec (capabilities(7)); others can gain the bounding set by set-user-ID.
        effective: isRoot ? capabilities : [],
        permitted: isRoot ? capabilities : [],
        inheritable: [],
        ambient: [],
      },
      rlimits: rlimitsOf(service.ulimits ?? {}),
      noNewPrivileges: options.noNewPrivileges,
      ...(service.oom_score_adj === undefined || service.oom_score_adj === 0
        ? {}
        : { oomScoreAdj: service.oom_score_adj }),
    },
    mounts: [...defaultMounts(service, host, paths, input.namespaces), ...input.mounts],
    linux: {
      namespaces: namespacesOf(input),
      devices: grants.map(({ device }) => device),
      cgroupsPath: cgroupsPathOf(service, id),
      resources: resourcesOf(service, grants, host),
      sysctl: sysctlsOf(service, input),
      ...(seccomp === undefined ? {} : { seccomp }),
      maskedPaths: service.privileged || options.hasPlainSystemPaths ? [] : maskedPaths,
      readonlyPaths: service.privileged || options.hasPlainSystemPaths ? [] : readonlyPaths,
    },
    annotations: {
      'dev.tscompose.overlay': JSON.stringify({ lower: image.layers, upper: paths.upper, work: paths.work }),
      'dev.tscompose.seccompCache': input.seccompCache,
      ...(service.init ? { 'dev.tscompose.init': 'true' } : {}),
      ...(user === '' ? {} : { 'dev.tscompose.user': user }),
      ...(service.group_add?.length ? { 'dev.tscompose.groups': JSON.stringify(service.group_add) } : {}),
      ...service.annotations,
    },
  };
}

/** config.json as text. A limit without end is 2^64-1, which a JavaScript number cannot hold. */
export function formatSpec(spec: OciSpec): string {
  return JSON.stringify(spec).replaceAll(/:9007199254740991(?=[,}])/g, ':18446744073709551615');
}

/** The OCI cgroupsPath: below `cgroup_parent`, else below /tscompose. */
export function cgroupsPathOf(service: Service, id: string): string {
  const parent = service.cgroup_parent ?? '/tscompose';
  return `${parent.startsWith('/') ? '' : '/'}${parent.replace(/\/+$/, '')}/${id}`;
}

/** monitor.json. `logger` is the path of tscompose-logger. */
export function monitorSpec(input: BundleInput, logger: string): MonitorSpec {
  const { service, image, paths } = input;
  const logged = {
    ...input,
    environment: environmentOf(service, image, hostnameOf(service, input.id)),
    command: processArgs(service, image),
  };
  return {
    version: 1,
    id: input.id,
    name: input.name,
    bundle: paths.bundle,
    runDir: paths.runDir,
    log: monitorLog(logged, paths.log, logger),
    restart: restartPolicyOf(service),
    stop: {
      signal: service.stop_signal ?? image.config.stopSignal ?? 'SIGTERM',
      timeoutMs: durationMs(service.stop_grace_period) ?? 10_000,
    },
    stdinOpen: service.stdin_open ?? false,
    terminal: service.tty ?? false,
    health: healthCheckOf(service.healthcheck, image.config.healthcheck),
    supervisor: input.supervisor,
  };
}

/** `deploy.restart_policy`, or else `restart:`. */
export function restartPolicyOf(service: Service): RestartPolicy {
  const base = { maxRetries: 0, delayMs: 100, maxDelayMs: 60_000, windowMs: 10_000 };
  const policy = service.deploy?.restart_policy;
  if (policy === undefined) {
    const [name, retries] = (service.restart || 'no').split(':');
    return { ...base, policy: name as RestartPolicy['policy'], maxRetries: Number(retries ?? 0) };
  }
  const words = { none: 'no', 'on-failure': 'on-failure', any: 'always' } as const;
  const delayMs = durationMs(policy.delay);
  const windowMs = durationMs(policy.window);
  return {
    policy: words[(policy.condition ?? 'any') as keyof typeof words] ?? 'always',
    maxRetries: policy.max_attempts ?? 0,
    // What is said is the delay between any two attempts; otherwise they come less and less often.
    delayMs: delayMs || base.delayMs,
    maxDelayMs: delayMs || base.maxDelayMs,
    windowMs: windowMs ?? base.windowMs,
    ...(windowMs === undefined ? {} : { resetsAttempts: true }),
  };
}

function environmentOf(service: Service, image: ResolvedImage, hostname: string): string[] {
  const variables = new Map<string, string>();
  for (const entry of image.config.env) {
    const end = entry.indexOf('=');
    variables.set(end < 0 ? entry : entry.slice(0, end), end < 0 ? '' : entry.slice(end + 1));
  }
  if (!variables.has('PATH')) variables.set('PATH', defaultPath);
  variables.set('HOSTNAME', hostname);
  if (service.tty) variables.set('TERM', 'xterm');
  for (const [name, value] of Object.entries(service.environment ?? {})) {
    if (value === null) variables.delete(name);
    else variables.set(name, value);
  }
  return [...variables].map(([name, value]) => `${name}=${value}`);
}

function namespacesOf(input: BundleInput): OciNamespace[] {
  const types: OciNamespace['type'][] = ['pid', 'network', 'mount', 'ipc', 'uts'];
  const isCgroupPrivate =
    input.service.cgroup === 'private' || (input.service.cgroup !== 'host' && input.host.cgroupVersion === 2);
  if (isCgroupPrivate && !(input.service.privileged && input.service.cgroup === undefined)) types.push('cgroup');
  return types.flatMap((type): OciNamespace[] => {
    const joined = input.namespaces[type];
    if (joined === undefined) return [{ type }];
    return joined === null ? [] : [{ type, path: joined }];
  });
}

function defaultMounts(
  service: Service,
  host: HostFacts,
  paths: ContainerPaths,
  namespaces: BundleInput['namespaces'],
): OciMount[] {
  const isPrivileged = service.privileged ?? false;
  const shmBytes = service.shm_size === undefined ? 64 * 1024 * 1024 : parseBytes(service.shm_size);
  const sysAccess = isPrivileged ? 'rw' : 'ro';
  const hostIpc = namespaces.ipc === null;
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', sysAccess] },
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: [host.cgroupVersion === 2 && isPrivileged ? 'rw' : sysAccess, 'nosuid', 'noexec', 'nodev'],
    },
    // A new mount shows the queues of the IPC namespace it is made in (mq_overview(7)), be that the host's.
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
    hostIpc
      ? { destination: '/dev/shm', type: 'bind', source: '/dev/shm', options: ['bind', 'nosuid', 'noexec', 'nodev'] }
      : {
          destination: '/dev/shm',
          type: 'tmpfs',
          source: 'shm',
          options: ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${shmBytes}`],
        },
    ...(['resolv.conf', 'hostname', 'hosts'] as const).map((name) => ({
      destination: `/etc/${name}`,
      type: 'bind',
      source: `${paths.bundle}/${name}`,
      options: ['rbind', 'rprivate'],
    })),
  ];
}

/** Docker's two settings let any user bind low ports and ping; with the host's network nothing is touched. */
function sysctlsOf(service: Service, input: BundleInput): Record<string, string> {
  const own = input.namespaces.network === null ? {} : containerNetworkSysctls;
  return { ...own, ...service.sysctls };
}

const containerNetworkSysctls = {
  'net.ipv4.ip_unprivileged_port_start': '0',
  'net.ipv4.ping_group_range': '0 2147483647',
};

interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  readonly seccomp: 'default' | 'unconfined' | { readonly path: string };
  /** Nothing of /proc and /sys is masked or read-only. */
  readonly hasPlainSystemPaths: boolean;
}

/** `security_opt:` with `:` or `=` between key and value, as Docker takes both. Throws INVALID for what it does not know. */
export function securityOptions(service: Service): SecurityOptions {
  let noNewPrivileges = false;
  let hasPlainSystemPaths = false;
  let seccomp: SecurityOptions['seccomp'] = 'default';
  for (const [index, option] of (service.security_opt ?? []).entries()) {
    const [key = '', value = ''] = option.split(/[:=](.*)/s);
    if (key === 'no-new-privileges') noNewPrivileges = value !== 'false';
    else if (key === 'seccomp') seccomp = value === 'unconfined' ? 'unconfined' : { path: value };
    else if (key === 'systempaths' && value === 'unconfined') hasPlainSystemPaths = true;
    // No security module is used, which the loader has said.
    else if (key !== 'apparmor' && key !== 'label') {
      throw new ComposeError('INVALID', `there is no security option ${JSON.stringify(option)}`, {
        attribute: ['security_opt', index],
        hint: 'there are no-new-privileges, seccomp=FILE, seccomp=unconfined and systempaths=unconfined',
      });
    }
  }
  return { noNewPrivileges, seccomp, hasPlainSystemPaths };
}

const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];

const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];
