import type {
  BlkioConfig,
  BlkioLimit,
  Build,
  CredentialSpec,
  Dependency,
  Deploy,
  Develop,
  DeviceMapping,
  DeviceRequest,
  FileReference,
  Healthcheck,
  Hook,
  Logging,
  Mount,
  Port,
  PreStartHook,
  Provider,
  Service,
  ServiceModel,
  ServiceNetwork,
  Ulimit,
  UpdateConfig,
  WatchRule,
} from '../model/service.ts';
import {
  anyText,
  choice,
  command,
  count,
  type Decoder,
  decodeShape,
  deviceCount,
  duration,
  environment,
  flag,
  healthRetries,
  healthTest,
  listOf,
  mapOf,
  mapping,
  mode,
  namedOrNull,
  numeral,
  oneOf,
  processors,
  rate,
  type Shape,
  scalarText,
  shaped,
  size,
  sizeText,
  sortedKeys,
  sortedWords,
  text,
  tmpfsMode,
  whole,
  wordOrFlag,
  words,
  wordsOrWord,
} from './decoders.ts';
import type { ReportAt } from './report.ts';
import { isTree, type Tree } from './tree-path.ts';

const ulimits = mapOf<Ulimit>((value, path, report) =>
  isTree(value)
    ? decodeShape<Exclude<Ulimit, number>>(value, { soft: count, hard: count }, path, report)
    : Number(value),
);

const reference = shaped<FileReference>({ source: anyText, target: text, uid: text, gid: text, mode });
const references = listOf(reference);

const hookShape: Shape<Hook> = { command, user: text, privileged: flag, working_dir: text, environment };
const hook = shaped<Hook>(hookShape, { command: null });
const preStart = shaped<PreStartHook>({ ...hookShape, image: text, per_replica: choice }, { command: null });

const deviceShape: Shape<DeviceRequest> = {
  capabilities: words,
  count: deviceCount,
  device_ids: words,
  driver: text,
  options: mapping,
};
const deviceRequest: Decoder<DeviceRequest> = (value, path, report) => {
  const device = shaped<DeviceRequest>(deviceShape)(value, path, report);
  if (device === undefined || !isTree(value)) return device;
  const hasIds = Array.isArray(value.device_ids) && value.device_ids.length > 0;
  if (value.count !== undefined && value.count !== null && hasIds) {
    report([...path, 'count'], '"count" and "device_ids" attributes are exclusive');
    return device;
  }
  return device.count === undefined && !hasIds ? { ...device, count: -1 } : device;
};

const updateConfig = shaped<UpdateConfig>({
  parallelism: count,
  delay: duration,
  failure_action: text,
  monitor: duration,
  max_failure_ratio: numeral,
  order: text,
});

const deploy = shaped<Deploy>(
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

const blkioLimits = listOf<BlkioLimit>((value, path, report) => {
  if (!isTree(value)) return undefined;
  return { Path: scalarText(value.path ?? ''), Rate: rate(value.rate ?? 0, [...path, 'rate'], report) };
});

const build = shaped<Build>({
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

const port = shaped<Port>({
  name: text,
  mode: text,
  host_ip: text,
  target: count,
  published: text,
  protocol: text,
  app_protocol: text,
});

const mount = shaped<Mount>({
  type: oneOf(),
  source: text,
  target: text,
  read_only: flag,
  consistency: text,
  bind: shaped({ propagation: text, create_host_path: choice, recursive: text, selinux: text }),
  volume: shaped({ labels: mapping, nocopy: flag, subpath: text }),
  tmpfs: shaped({ size, mode: tmpfsMode }),
  image: shaped({ subpath: text }),
});

const serviceNetworkShape: Shape<ServiceNetwork> = {
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

const providerOptions = mapOf((value) => (Array.isArray(value) ? value.map(scalarText) : [scalarText(value)]));

/** Every attribute of a service, in the order it is printed in. */
const SERVICE: Shape<Service> = {
  annotations: mapping,
  attach: choice,
  blkio_config: shaped<BlkioConfig>({
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
  credential_spec: shaped<CredentialSpec>({ config: text, file: text, registry: text }),
  depends_on: mapOf(shaped<Dependency>({ condition: oneOf(), required: choice, restart: flag })),
  deploy,
  develop: shaped<Develop>({
    watch: listOf(
      shaped<WatchRule>(
        {
          path: anyText,
          action: oneOf(),
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
  devices: listOf(shaped<DeviceMapping>({ source: anyText, target: text, permissions: text })),
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
  healthcheck: shaped<Healthcheck>({
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
  logging: shaped<Logging>({ driver: text, options: mapping }),
  mac_address: text,
  mem_limit: size,
  mem_reservation: size,
  mem_swappiness: sizeText,
  memswap_limit: size,
  models: mapOf(namedOrNull<ServiceModel>({ endpoint_var: text, model_var: text })),
  network_mode: text,
  networks: mapOf(namedOrNull<ServiceNetwork>(serviceNetworkShape)),
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
  provider: shaped<Provider>({ type: anyText, options: providerOptions }),
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

/** A service in long form as the canonical project has it. */
export function decodeService(value: Tree, name: string, report: ReportAt): Service {
  return decodeShape(value, SERVICE, ['services', name], report, { command: null, entrypoint: null });
}
