import type { ReportAt } from './report.ts';
import { isTree, type Tree, type TreePath, type Value } from './tree-path.ts';

/**
 * What becomes of an attribute.
 * `honoured`: it does what the specification says. `ignored`: it is accepted, and nothing follows from it. `refused`: a file
 * with it loads, but what it asks for cannot be started.
 */
export type Support = 'honoured' | 'ignored' | 'refused';

export interface AttributeSupport {
  /** From the root; `*` is any name or position. What is below has the same support unless it has a row of its own. */
  readonly path: string;
  readonly support: Support;
  /** Why, for people; nothing where `honoured` says it all. */
  readonly note?: string;
  /** Whether loading a file with it says so. What is ignored because there is nothing to do is silent. */
  readonly isSilent?: boolean;
  /** Values with which nothing is lost. */
  readonly unless?: readonly string[];
  /** Whether a value asks for what there is not; absent: every one does. */
  readonly asks?: (value: Value, machine: Machine) => boolean;
  /** Where the path ends in `*`: the keys of the map that are honoured. */
  readonly honouredKeys?: readonly string[];
}

/** What of the machine decides what an attribute comes to. */
export interface Machine {
  /** As `platform` has it: `linux/amd64`. */
  readonly platform: string;
  readonly cgroupVersion: 1 | 2;
}

const WINDOWS = 'it is for Windows';
const ONE_MACHINE = 'there is one machine, and no swarm';
const NO_STORE = 'there is no store of them; give file or environment';
/** What `network_mode` and the like may share. */
const SHARED = 'service:NAME or container:NAME';

const onVersion2 = (_value: Value, { cgroupVersion }: Machine): boolean => cgroupVersion === 2;

/** The rows of docs/compatibility.md that differ from what is above them. */
export const ATTRIBUTES: readonly AttributeSupport[] = [
  { path: 'version', support: 'ignored', note: 'it has no meaning any more', isSilent: true },
  { path: 'name', support: 'honoured' },
  { path: 'include', support: 'honoured', note: 'files on this machine; oci:// and git are refused' },
  { path: 'models', support: 'refused', note: 'there is no program that runs models', isSilent: true },
  { path: 'networks', support: 'honoured' },
  {
    path: 'networks.*.driver',
    support: 'refused',
    note: 'there is bridge alone',
    unless: ['bridge', 'default'],
  },
  {
    path: 'networks.*.driver_opts',
    support: 'honoured',
    note: 'com.docker.network.driver.mtu, and of com.docker.network.bridge name, enable_icc and enable_ip_masquerade',
  },
  {
    path: 'networks.*.driver_opts.*',
    support: 'ignored',
    note: 'the bridge has no such option',
    honouredKeys: [
      'com.docker.network.driver.mtu',
      'com.docker.network.bridge.name',
      'com.docker.network.bridge.enable_icc',
      'com.docker.network.bridge.enable_ip_masquerade',
    ],
  },
  { path: 'networks.*.attachable', support: 'ignored', note: ONE_MACHINE },
  {
    path: 'networks.*.ipam.driver',
    support: 'ignored',
    note: 'addresses are given out by the core',
    unless: ['default'],
  },
  { path: 'networks.*.ipam.options', support: 'ignored', note: 'addresses are given out by the core' },
  { path: 'volumes', support: 'honoured' },
  { path: 'volumes.*.driver', support: 'refused', note: 'there is local alone', unless: ['local'] },
  { path: 'volumes.*.driver_opts', support: 'honoured', note: 'type, o and device' },
  {
    path: 'volumes.*.driver_opts.*',
    support: 'ignored',
    note: 'the local driver has no such option',
    honouredKeys: ['type', 'o', 'device'],
  },
  { path: 'secrets', support: 'honoured' },
  { path: 'secrets.*.name', support: 'ignored', note: 'it names external ones', isSilent: true },
  { path: 'secrets.*.external', support: 'refused', note: NO_STORE },
  { path: 'secrets.*.driver', support: 'refused', note: 'there are no secret drivers' },
  { path: 'secrets.*.driver_opts', support: 'ignored', note: 'there are no secret drivers' },
  { path: 'secrets.*.template_driver', support: 'ignored', note: 'there are no template drivers' },
  { path: 'secrets.*.labels', support: 'ignored', note: 'a secret is a file, which has no labels' },
  { path: 'configs', support: 'honoured' },
  { path: 'configs.*.name', support: 'ignored', note: 'it names external ones', isSilent: true },
  { path: 'configs.*.external', support: 'refused', note: NO_STORE },
  { path: 'configs.*.template_driver', support: 'ignored', note: 'there are no template drivers' },
  { path: 'configs.*.labels', support: 'ignored', note: 'a config is a file, which has no labels' },
  { path: 'services', support: 'honoured' },
  {
    path: 'services.*.blkio_config.weight_device',
    support: 'honoured',
    note: 'where the scheduler of the device is bfq',
  },
  { path: 'services.*.build', support: 'honoured' },
  {
    path: 'services.*.build.context',
    support: 'honoured',
    note: 'a directory of this machine, a repository of git, or an archive or Dockerfile by URL',
  },
  {
    path: 'services.*.build.additional_contexts',
    support: 'honoured',
    note: 'directories, repositories of git, files by URL, docker-image://NAME, oci-layout://DIRECTORY, service:NAME',
  },
  {
    path: 'services.*.build.cache_from',
    support: 'honoured',
    note: 'names of images, type=registry and type=local, as tscompose itself has written them',
  },
  {
    path: 'services.*.build.cache_to',
    support: 'honoured',
    note: 'type=registry, type=local and type=inline; others are refused',
  },
  { path: 'services.*.build.entitlements', support: 'ignored', note: 'nothing needs one', isSilent: true },
  { path: 'services.*.build.isolation', support: 'ignored', note: WINDOWS },
  { path: 'services.*.build.network', support: 'honoured', note: 'default, host, none; others are refused' },
  { path: 'services.*.build.provenance', support: 'ignored', note: 'there are no attestations', unless: ['false'] },
  { path: 'services.*.build.sbom', support: 'ignored', note: 'there are no attestations', unless: ['false'] },
  { path: 'services.*.build.ssh', support: 'honoured', note: 'sockets of agents, and files of keys' },
  { path: 'services.*.cpu_count', support: 'ignored', note: WINDOWS },
  { path: 'services.*.cpu_percent', support: 'ignored', note: WINDOWS },
  { path: 'services.*.credential_spec', support: 'ignored', note: WINDOWS },
  { path: 'services.*.isolation', support: 'ignored', note: WINDOWS, unless: ['default'] },
  { path: 'services.*.deploy.endpoint_mode', support: 'ignored', note: ONE_MACHINE },
  { path: 'services.*.deploy.mode', support: 'ignored', note: ONE_MACHINE, unless: ['replicated'] },
  {
    path: 'services.*.deploy.labels',
    support: 'ignored',
    note: 'a service is no object of its own; labels are for containers',
  },
  { path: 'services.*.deploy.placement', support: 'ignored', note: ONE_MACHINE },
  { path: 'services.*.deploy.rollback_config', support: 'honoured', note: 'absent: as update_config says' },
  { path: 'services.*.deploy.resources.reservations.cpus', support: 'ignored', note: ONE_MACHINE },
  { path: 'services.*.deploy.resources.reservations.generic_resources', support: 'ignored', note: ONE_MACHINE },
  {
    path: 'services.*.deploy.resources.reservations.devices',
    support: 'refused',
    note: 'device requests need a driver',
  },
  { path: 'services.*.develop', support: 'honoured', note: 'by `watch` and `up --watch`' },
  {
    path: 'services.*.expose',
    support: 'ignored',
    note: 'services on one network reach all ports of each other',
    isSilent: true,
  },
  { path: 'services.*.networks.*.driver_opts', support: 'ignored', note: 'a place on a network has no options' },
  { path: 'services.*.networks.*.link_local_ips', support: 'ignored', note: 'no further addresses are added' },
  { path: 'services.*.image', support: 'honoured', note: 'also rootfs:DIR, and rootfs:/ for this machine’s own' },
  { path: 'services.*.volumes.*.volume.labels', support: 'ignored', note: 'labels of the top-level volume are used' },
  { path: 'services.*.external_links', support: 'honoured', note: 'on networks that both have joined' },
  { path: 'services.*.network_mode', support: 'honoured', note: `host, none, ${SHARED}; others are refused` },
  { path: 'services.*.ipc', support: 'honoured', note: `host, private, shareable, ${SHARED}` },
  { path: 'services.*.pid', support: 'honoured', note: `host, private, ${SHARED}` },
  { path: 'services.*.uts', support: 'honoured', note: `host, private, ${SHARED}` },
  { path: 'services.*.volumes.*.type', support: 'honoured', note: 'bind, volume and tmpfs; others are refused' },
  {
    path: 'services.*.mem_swappiness',
    support: 'honoured',
    note: 'with cgroup v1; v2 has no such setting',
    asks: onVersion2,
  },
  {
    path: 'services.*.oom_kill_disable',
    support: 'honoured',
    note: 'with cgroup v1; v2 has no such setting',
    asks: onVersion2,
  },
  { path: 'services.*.cpu_rt_runtime', support: 'honoured', note: 'with cgroup v1; refused with v2' },
  { path: 'services.*.cpu_rt_period', support: 'honoured', note: 'with cgroup v1; refused with v2' },
  {
    path: 'services.*.security_opt',
    support: 'honoured',
    note: 'no-new-privileges, seccomp, systempaths; apparmor and label have no effect, others are refused',
  },
  {
    path: 'services.*.security_opt.*',
    support: 'ignored',
    note: 'no security module is used',
    asks: (value) => /^(?:apparmor|label)[:=](?!unconfined$|disable$)/.test(String(value)),
  },
  { path: 'services.*.logging.options', support: 'honoured', note: 'those of Docker’s drivers; others are refused' },
  { path: 'services.*.gpus', support: 'refused', note: 'device requests need a driver' },
  { path: 'services.*.models', support: 'refused', note: 'there is no program that runs models' },
  {
    path: 'services.*.platform',
    support: 'honoured',
    note: 'another architecture than the machine’s needs an emulator that the kernel knows (binfmt_misc)',
  },
  {
    path: 'services.*.pre_start.*.per_replica',
    support: 'refused',
    note: 'a hook runs once, before the first replica',
  },
  {
    path: 'services.*.provider',
    support: 'honoured',
    note: 'a plugin of the Docker CLI or a program, asked before containers are made',
  },
  {
    path: 'services.*.runtime',
    support: 'ignored',
    note: 'containers are made by the core',
    unless: ['runc', 'tscompose', 'io.containerd.runc.v2'],
  },
  {
    path: 'services.*.storage_opt',
    support: 'ignored',
    note: 'the writable layer is a directory, without a size of its own',
  },
  { path: 'services.*.use_api_socket', support: 'refused', note: 'there is no Docker API to give access to' },
  {
    path: 'services.*.userns_mode',
    support: 'ignored',
    note: 'user namespaces are not mapped for a service',
    unless: ['host'],
  },
  {
    path: 'services.*.logging.driver',
    support: 'refused',
    note: 'there are json-file, local, none, syslog and journald',
    unless: ['json-file', 'local', 'none', 'syslog', 'journald'],
  },
  { path: 'services.*.volumes.*.consistency', support: 'ignored', note: 'it is for macOS' },
  { path: 'services.*.volumes.*.bind.selinux', support: 'ignored', note: 'files are not labelled' },
  { path: 'services.*.volumes.*.image', support: 'refused', note: 'images are not mounted yet' },
  {
    path: 'services.*.ports.*.app_protocol',
    support: 'ignored',
    note: 'it describes the port, and changes nothing',
    isSilent: true,
  },
  {
    path: 'services.*.ports.*.name',
    support: 'ignored',
    note: 'it describes the port, and changes nothing',
    isSilent: true,
  },
  {
    path: 'services.*.ports.*.mode',
    support: 'ignored',
    note: 'there is one machine: host and ingress are the same',
    isSilent: true,
  },
];

/** The support of an attribute: its own row, or that of what is above it. Rows of single values are no attributes. */
export function supportOf(path: string): AttributeSupport {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const row = ATTRIBUTES.find((candidate) => candidate.path === at);
    if (row !== undefined) return row;
  }
  throw new Error(`no support is stated for ${path}`);
}

interface Reporting {
  readonly row: AttributeSupport;
  readonly machine: Machine;
  readonly report: ReportAt;
}

/** Reports each attribute of the enabled services and their resources that will have no effect. */
export function reportUnsupported(
  tree: Tree,
  isUsed: (kind: string, key: string) => boolean,
  machine: Machine,
  report: ReportAt,
): void {
  for (const row of ATTRIBUTES) {
    if ((row.support === 'honoured' && row.asks === undefined) || row.isSilent === true) continue;
    const [kind = '', ...rest] = row.path.split('.');
    const resources = tree[kind];
    if (!isTree(resources) || rest[0] !== '*') continue;
    for (const key of Object.keys(resources)) {
      if (isUsed(kind, key)) visit(resources[key], rest.slice(1), [kind, key], { row, machine, report });
    }
  }
}

function visit(value: Value | undefined, rest: readonly string[], path: TreePath, reporting: Reporting): void {
  const { row, machine, report } = reporting;
  const [segment, ...below] = rest;
  if (segment === undefined) {
    if (value === undefined || !isAsked(value) || (typeof value === 'string' && row.unless?.includes(value))) return;
    if (row.asks !== undefined && !row.asks(value, machine)) return;
    const words = path.slice(2).filter((part) => typeof part === 'string');
    // An item of a list is named by what it says.
    const attribute = `${words.join('.')}${typeof path.at(-1) === 'number' && !isTree(value) ? ` ${value}` : ''}`;
    const [effect, code] =
      row.support === 'refused' ? ['is not supported', 'refused'] : ['has no effect', 'unsupported'];
    report(path, `${String(path[0])}.${String(path[1])}: ${attribute} ${effect}: ${row.note}`, { code });
  } else if (segment === '*') {
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) visit(item, below, [...path, index], reporting);
    } else if (isTree(value)) {
      for (const key of Object.keys(value)) {
        if (!row.honouredKeys?.includes(key)) visit(value[key], below, [...path, key], reporting);
      }
    }
  } else if (isTree(value) && Object.hasOwn(value, segment))
    visit(value[segment], below, [...path, segment], reporting);
}

function isAsked(value: Value | undefined): boolean {
  if (value === undefined || value === null || value === false || value === '' || value === 0) return false;
  if (Array.isArray(value)) return value.length > 0;
  return !isTree(value) || Object.keys(value).length > 0;
}
