import { sizeToBytes } from '../model/bytes.ts';
import { durationToNs, formatDurationNs } from '../model/duration.ts';
import type { Network } from '../model/network.ts';
import type { Config, Model, Secret } from '../model/project.ts';
import type { Service } from '../model/service.ts';
import type { Volume } from '../model/volume.ts';
import type { ReportAt } from './canonical.ts';
import { formatFloat } from './scalar.ts';
import { splitWords } from './short-forms.ts';
import { formatPath, isTree, type Tree, type TreePath, type Value } from './tree-path.ts';

/**
 * Turns the value of an attribute into that of the canonical project. undefined: it says nothing and is left out, as an
 * empty text, an empty list, false or zero do wherever being unset means the same.
 */
type Decoder = (value: Value, path: TreePath, report: ReportAt) => unknown;
interface Shape {
  readonly [key: string]: Decoder;
}

const text: Decoder = (value) => (value === null || value === '' ? undefined : scalarText(value));
const anyText: Decoder = (value) => (value === null ? undefined : scalarText(value));
const flag: Decoder = (value) => (value === true || value === 'true' ? true : undefined);
/** A flag whose being unset means something else than false. */
const choice: Decoder = (value) => (value === null ? undefined : value);
const numeral: Decoder = (value) => (value === null || value === 0 ? undefined : Number(value));
/** A whole number. The reference drops a fraction. */
const whole: Decoder = (value, path, report) => {
  const number = numeral(value, path, report);
  if (typeof number !== 'number' || Number.isInteger(number)) return number;
  report(path, `${formatPath(path)}: the fraction of ${number} is dropped`, { code: 'ignored' });
  return Math.trunc(number) === 0 ? undefined : Math.trunc(number);
};
/** A number whose being unset means something else than zero. */
const count: Decoder = (value) => (value === null ? undefined : Number(value));
const wordOrFlag: Decoder = (value) => (value === null || value === '' ? undefined : String(value));

const words: Decoder = (value) => {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return value.map(scalarText);
};

const duration: Decoder = (value, path, report) => {
  if (value === null) return undefined;
  const ns = typeof value === 'string' ? durationToNs(value) : undefined;
  if (ns !== undefined) return formatDurationNs(ns);
  report(path, `${JSON.stringify(value)} is not a duration`, {
    hint: 'write a number and a unit, such as 30s, 1m30s or 500ms',
  });
  return undefined;
};

const size: Decoder = (value, path, report) => {
  if (value === null) return undefined;
  const hint = 'write a number of bytes, or one with a unit such as 512m';
  if (typeof value === 'number') {
    if (Number.isInteger(value)) return value === 0 ? undefined : String(value);
    // The reference says nothing, and there is no limit.
    report(path, `${formatPath(path)}: ${value} has a fraction and no unit, so it counts for nothing`, {
      code: 'ignored',
      hint,
    });
    return undefined;
  }
  const bytes = typeof value === 'string' ? sizeToBytes(value) : undefined;
  if (bytes === undefined) {
    report(path, `${JSON.stringify(value)} is not a size`, { hint });
    return undefined;
  }
  return bytes === 0n ? undefined : String(bytes);
};

const sizeText: Decoder = (value, path, report) => {
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return value === '0' ? undefined : value;
  return size(value, path, report);
};

const command: Decoder = (value, path, report) => {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return value.map(scalarText);
  const line = String(value);
  const split = splitWords(line);
  if (split === undefined) {
    report(path, `${JSON.stringify(line)} is not a command: a quote or bracket is not closed`, {
      hint: 'write a list of words, or ["sh", "-c", "…"] for what a shell must read',
    });
    return null;
  }
  if (split.cutAt !== undefined) {
    report(path, `${JSON.stringify(line.slice(split.cutAt))} is dropped: no shell reads this command`, {
      code: 'command-cut',
      hint: 'write ["sh", "-c", "…"] for what a shell must read',
    });
  }
  return split.words;
};

const healthTest: Decoder = (value, path, report) => {
  if (value === null) return undefined;
  if (typeof value === 'string') return ['CMD-SHELL', value];
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const [first] = value;
  if (first !== 'CMD' && first !== 'CMD-SHELL' && first !== 'NONE') {
    report([...path, 0], `a healthcheck begins with CMD, CMD-SHELL or NONE, not ${JSON.stringify(first)}`);
  }
  return value.map(scalarText);
};

/** Null and absent values become empty text. */
const mapping: Decoder = (value) => {
  if (!isTree(value)) return undefined;
  const map: Record<string, string> = {};
  for (const key of Object.keys(value)) map[key] = value[key] === null ? '' : scalarText(value[key] as Value);
  return nonEmpty(map);
};

/** Null stays: a variable that is not set. */
const environment: Decoder = (value) => {
  if (!isTree(value)) return undefined;
  const map: Record<string, string | null> = {};
  for (const key of Object.keys(value)) map[key] = value[key] === null ? null : scalarText(value[key] as Value);
  return nonEmpty(map);
};

const sortedKeys: Decoder = (value) => {
  if (!isTree(value)) return undefined;
  const keys = Object.entries(value).map(([id, path]) => (path === null || path === '' ? id : `${id}=${path}`));
  return keys.length === 0 ? undefined : keys.sort();
};

const sortedWords: Decoder = (value, path, report) => {
  const list = words(value, path, report);
  return Array.isArray(list) ? list.sort() : undefined;
};

/** An octal mode as text: `"0440"`. */
const mode: Decoder = (value, path, report) => {
  if (value === null) return undefined;
  const octal = typeof value === 'number' ? value.toString(8) : String(value);
  if (/^[0-7]{1,7}$/.test(octal)) return `0${octal.replace(/^0+/, '')}`;
  report(path, `${JSON.stringify(value)} is not a file mode`, { hint: 'write an octal number such as 0440' });
  return undefined;
};

const deviceCount: Decoder = (value, path, report) => {
  if (value === null) return undefined;
  if (value === 'all') return -1;
  if (typeof value === 'number') return value;
  if (/^-?\d+$/.test(String(value))) return Number(value);
  report(path, `${JSON.stringify(value)} is not a number of devices`, { hint: 'write a number, or all' });
  return undefined;
};

/** A size for a rate: printed as a number in text. */
const rate: Decoder = (value, path, report) => size(value, path, report) ?? '0';

/** A number of processors, as exact as the reference has it: in 32 bits. */
const processors: Decoder = (value, path, report) => {
  const number = numeral(value, path, report);
  if (typeof number !== 'number') return number;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(number.toPrecision(digits));
    if (Math.fround(short) === Math.fround(number)) return short;
  }
  return Number(number.toPrecision(9));
};

function shaped(shape: Shape, always: Readonly<Record<string, unknown>> = {}): Decoder {
  return (value, path, report) => (isTree(value) ? decodeShape(value, shape, path, report, always) : undefined);
}

function listOf(decode: Decoder, keepEmpty = false): Decoder {
  return (value, path, report) => {
    if (!Array.isArray(value) || (value.length === 0 && !keepEmpty)) return undefined;
    return value.map((item, index) => decode(item, [...path, index], report));
  };
}

function mapOf(decode: Decoder): Decoder {
  return (value, path, report) => {
    if (!isTree(value)) return undefined;
    const map: Record<string, unknown> = {};
    for (const key of Object.keys(value)) map[key] = decode(value[key] as Value, [...path, key], report);
    return nonEmpty(map);
  };
}

const ulimits = mapOf((value, path, report) =>
  isTree(value) ? decodeShape(value, { soft: count, hard: count }, path, report) : Number(value),
);

const reference = shaped({ source: anyText, target: text, uid: text, gid: text, mode });
const references = listOf(reference);

const hookShape: Shape = { command, user: text, privileged: flag, working_dir: text, environment };
const hook = shaped(hookShape, { command: null });
const preStart = shaped({ ...hookShape, image: text, per_replica: choice }, { command: null });

const deviceShape: Shape = {
  capabilities: words,
  count: deviceCount,
  device_ids: words,
  driver: text,
  options: mapping,
};
const deviceRequest: Decoder = (value, path, report) => {
  const device = shaped(deviceShape)(value, path, report) as Record<string, unknown> | undefined;
  if (device === undefined || !isTree(value)) return device;
  const hasIds = Array.isArray(value.device_ids) && value.device_ids.length > 0;
  if (value.count !== undefined && value.count !== null && hasIds) {
    report([...path, 'count'], '"count" and "device_ids" attributes are exclusive');
  } else if (device.count === undefined && !hasIds) device.count = -1;
  return device;
};

const updateConfig = shaped({
  parallelism: count,
  delay: duration,
  failure_action: text,
  monitor: duration,
  max_failure_ratio: numeral,
  order: text,
});

const deploy = shaped(
  {
    mode: text,
    endpoint_mode: text,
    replicas: count,
    labels: mapping,
    update_config: updateConfig,
    rollback_config: updateConfig,
    resources: shaped({
      limits: shaped({ cpus: processors, memory: size, pids: whole }),
      reservations: shaped({
        cpus: processors,
        memory: size,
        devices: listOf(deviceRequest),
        generic_resources: listOf(shaped({ discrete_resource_spec: shaped({ kind: anyText, value: count }) })),
      }),
    }),
    restart_policy: shaped({ condition: text, delay: duration, max_attempts: count, window: duration }),
    placement: shaped({
      constraints: words,
      preferences: listOf(shaped({ spread: text })),
      max_replicas_per_node: whole,
    }),
  },
  { resources: {}, placement: {} },
);

const blkioLimits = listOf((value, path, report) => {
  if (!isTree(value)) return undefined;
  return { Path: scalarText(value.path ?? ''), Rate: rate(value.rate ?? 0, [...path, 'rate'], report) };
});

const build = shaped({
  context: text,
  dockerfile: text,
  dockerfile_inline: text,
  additional_contexts: mapping,
  args: mapping,
  cache_from: words,
  cache_to: words,
  entitlements: words,
  extra_hosts: sortedWords,
  isolation: text,
  labels: mapping,
  network: text,
  no_cache: flag,
  no_cache_filter: words,
  platforms: words,
  privileged: flag,
  provenance: wordOrFlag,
  pull: flag,
  sbom: wordOrFlag,
  secrets: references,
  shm_size: size,
  ssh: sortedKeys,
  tags: words,
  target: text,
  ulimits,
});

const port = shaped({
  name: text,
  mode: text,
  host_ip: text,
  target: count,
  published: text,
  protocol: text,
  app_protocol: text,
});

const mount = shaped({
  type: anyText,
  source: text,
  target: text,
  read_only: flag,
  consistency: text,
  bind: shaped({ propagation: text, create_host_path: choice, recursive: text, selinux: text }),
  volume: shaped({ labels: mapping, nocopy: flag, subpath: text }),
  tmpfs: shaped({ size, mode: tmpfsMode }),
  image: shaped({ subpath: text }),
});

/** A number as YAML reads it; text is octal. */
function tmpfsMode(value: Value, path: TreePath, report: ReportAt): unknown {
  if (value === null || value === 0) return undefined;
  if (typeof value === 'number') return Math.trunc(value);
  if (/^[0-7]{1,5}$/.test(String(value))) return Number.parseInt(String(value), 8);
  report(path, `${JSON.stringify(value)} is not a file mode`, { hint: 'write an octal number such as 01777' });
  return undefined;
}

const serviceNetworkShape: Shape = {
  aliases: words,
  interface_name: text,
  ipv4_address: text,
  ipv6_address: text,
  link_local_ips: words,
  mac_address: text,
  driver_opts: mapping,
  priority: whole,
  gw_priority: whole,
};

const namedOrNull =
  (shape: Shape): Decoder =>
  (value, path, report) =>
    isTree(value) ? decodeShape(value, shape, path, report) : null;

const providerOptions = mapOf((value) => (Array.isArray(value) ? value.map(scalarText) : [scalarText(value)]));

/** Every attribute of a service, in the order it is printed in. */
const SERVICE: Shape = {
  annotations: mapping,
  attach: choice,
  blkio_config: shaped({
    weight: whole,
    weight_device: listOf((value) =>
      isTree(value) ? { Path: scalarText(value.path ?? ''), Weight: Number(value.weight ?? 0) } : undefined,
    ),
    device_read_bps: blkioLimits,
    device_read_iops: blkioLimits,
    device_write_bps: blkioLimits,
    device_write_iops: blkioLimits,
  }),
  build,
  cap_add: words,
  cap_drop: words,
  cgroup: text,
  cgroup_parent: text,
  command,
  configs: references,
  container_name: text,
  cpu_count: whole,
  cpu_percent: numeral,
  cpu_period: whole,
  cpu_quota: whole,
  cpu_rt_period: whole,
  cpu_rt_runtime: whole,
  cpu_shares: whole,
  cpus: processors,
  cpuset: text,
  credential_spec: shaped({ config: text, file: text, registry: text }),
  depends_on: mapOf(shaped({ condition: anyText, required: choice, restart: flag })),
  deploy,
  develop: shaped({
    watch: listOf(
      shaped(
        {
          path: anyText,
          action: anyText,
          target: text,
          ignore: wordsOrWord,
          include: wordsOrWord,
          initial_sync: flag,
          exec: hook,
        },
        { exec: { command: null } },
      ),
    ),
  }),
  device_cgroup_rules: words,
  devices: listOf(shaped({ source: anyText, target: text, permissions: text })),
  dns: words,
  dns_opt: words,
  dns_search: words,
  domainname: text,
  entrypoint: command,
  environment,
  expose: words,
  external_links: words,
  extra_hosts: sortedWords,
  gpus: listOf(deviceRequest),
  group_add: words,
  healthcheck: shaped({
    test: healthTest,
    interval: duration,
    timeout: duration,
    retries: healthRetries,
    start_period: duration,
    start_interval: duration,
    disable: flag,
  }),
  hostname: text,
  image: text,
  init: choice,
  ipc: text,
  isolation: text,
  labels: mapping,
  links: words,
  logging: shaped({ driver: text, options: mapping }),
  mac_address: text,
  mem_limit: size,
  mem_reservation: size,
  mem_swappiness: sizeText,
  memswap_limit: size,
  models: mapOf(namedOrNull({ endpoint_var: text, model_var: text })),
  network_mode: text,
  networks: mapOf(namedOrNull(serviceNetworkShape)),
  oom_kill_disable: flag,
  oom_score_adj: whole,
  pid: text,
  pids_limit: whole,
  platform: text,
  ports: listOf(port),
  post_start: listOf(hook),
  pre_start: listOf(preStart),
  pre_stop: listOf(hook),
  privileged: flag,
  profiles: words,
  provider: shaped({ type: anyText, options: providerOptions }),
  pull_policy: text,
  pull_refresh_after: text,
  read_only: flag,
  restart: text,
  runtime: text,
  scale: count,
  secrets: references,
  security_opt: words,
  shm_size: size,
  stdin_open: flag,
  stop_grace_period: duration,
  stop_signal: text,
  storage_opt: mapping,
  sysctls: mapping,
  tmpfs: words,
  tty: flag,
  ulimits,
  use_api_socket: flag,
  user: text,
  userns_mode: text,
  uts: text,
  volumes: listOf(mount),
  volumes_from: words,
  working_dir: text,
};

function wordsOrWord(value: Value, path: TreePath, report: ReportAt): unknown {
  return words(typeof value === 'string' ? [value] : value, path, report);
}

function healthRetries(value: Value, path: TreePath, report: ReportAt): unknown {
  if (value === null) return undefined;
  const retries = Number(value);
  if (retries >= 0) return whole(retries, path, report) ?? 0;
  report(path, `${JSON.stringify(value)} is not a number of tries`);
  return undefined;
}

const NETWORK: Shape = {
  name: text,
  driver: text,
  driver_opts: mapping,
  ipam: shaped({
    driver: text,
    config: listOf(shaped({ subnet: text, gateway: text, ip_range: text, aux_addresses: mapping })),
    options: mapping,
  }),
  external: flag,
  internal: flag,
  attachable: flag,
  enable_ipv4: choice,
  enable_ipv6: choice,
  labels: mapping,
};
const VOLUME: Shape = { name: text, driver: text, driver_opts: mapping, external: flag, labels: mapping };
const SECRET: Shape = {
  name: text,
  file: text,
  environment: text,
  external: flag,
  labels: mapping,
  driver: text,
  driver_opts: mapping,
  template_driver: text,
};
const CONFIG: Shape = { ...SECRET, content: text };
const MODEL: Shape = { name: text, model: anyText, context_size: whole, runtime_flags: words };

/** A service in long form as the canonical project has it. */
export function decodeService(value: Tree, name: string, report: ReportAt): Service {
  const service = decodeShape(value, SERVICE, ['services', name], report, { command: null, entrypoint: null });
  return service as unknown as Service;
}

export function decodeNetwork(value: Tree, key: string, report: ReportAt): Network {
  return decodeShape(value, NETWORK, ['networks', key], report, { ipam: {} }) as unknown as Network;
}

export function decodeVolume(value: Tree, key: string, report: ReportAt): Volume {
  return decodeShape(value, VOLUME, ['volumes', key], report) as unknown as Volume;
}

export function decodeSecret(value: Tree, key: string, report: ReportAt): Secret {
  return decodeShape(value, SECRET, ['secrets', key], report) as unknown as Secret;
}

export function decodeConfig(value: Tree, key: string, report: ReportAt): Config {
  return decodeShape(value, CONFIG, ['configs', key], report) as unknown as Config;
}

export function decodeModel(value: Tree, key: string, report: ReportAt): Model {
  return decodeShape(value, MODEL, ['models', key], report) as unknown as Model;
}

function decodeShape(
  value: Tree,
  shape: Shape,
  path: TreePath,
  report: ReportAt,
  always: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const out: Record<string, unknown> = { ...always };
  for (const key of Object.keys(value)) {
    const raw = value[key] as Value;
    if (Object.hasOwn(shape, key)) {
      const decoded = shape[key]?.(raw, [...path, key], report);
      if (decoded !== undefined) out[key] = decoded;
    } else if (key.startsWith('x-')) out[key] = raw;
  }
  return out;
}

function nonEmpty<T extends object>(map: T): T | undefined {
  return Object.keys(map).length === 0 ? undefined : map;
}

/** A scalar where text is wanted. */
export function scalarText(value: Value): string {
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : formatFloat(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
