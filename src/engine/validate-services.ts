/** What a service asks of this machine that can be looked up before anything is touched. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { securityOptions } from '../container/bundle.ts';
import { resolveCapabilities } from '../container/capabilities.ts';
import type { HostFacts } from '../container/host.ts';
import { checkLogging } from '../container/log-options.ts';
import { deviceGrants, resourcesOf, splitDevice } from '../container/resources.ts';
import { parseSeccompProfile, type SeccompProfile } from '../container/seccomp-profile.ts';
import { isIpAddress } from '../model/address.ts';
import type { Project } from '../model/project.ts';
import type { Service } from '../model/service.ts';
import { parseExtraHost } from '../network/hosts-file.ts';
import { about, ComposeError, type ErrorPath } from '../util/errors.ts';
import { didYouMean } from '../util/nearest.ts';
import { nameError } from './desired.ts';
import { type GivenVariables, validateGivenFiles } from './given-files.ts';
import { checkAddresses } from './validate-addresses.ts';

export interface ValidationOptions {
  readonly host: HostFacts;
  readonly workingDirectory: string;
  readonly variables: GivenVariables;
}

/** Collects what this machine cannot give to each of `services`; each error names the service and the attribute. */
export function findServiceErrors(
  project: Project,
  services: ReadonlySet<string>,
  options: ValidationOptions,
): ComposeError[] {
  const errors: ComposeError[] = [];
  for (const name of [...services].sort()) {
    const service = project.services[name];
    if (service === undefined) continue;
    for (const check of CHECKS) {
      try {
        check(service, { ...options, project });
      } catch (error) {
        if (!(error instanceof ComposeError)) throw error;
        errors.push(nameError(name, error));
      }
    }
  }
  return errors;
}

interface Given extends ValidationOptions {
  readonly project: Project;
}

type Check = (service: Service, given: Given) => void;

/** Each throws the first thing that is wrong with the attributes it looks at. */
const CHECKS: readonly Check[] = [
  checkCapabilities,
  (service) => void resourcesOf(service, deviceGrants(service.devices ?? [])),
  checkControllers,
  checkMemory,
  ({ cpuset }) => checkProcessors(cpuset),
  checkRealtime,
  checkWeights,
  checkUlimits,
  (service, { workingDirectory }) => void customSeccomp(service, workingDirectory),
  checkNamespaces,
  (service, { project }) => checkAddresses(service, project),
  checkNames,
  checkSysctls,
  checkPorts,
  checkTargets,
  checkRestart,
  ({ stop_signal }) => checkSignal(stop_signal),
  checkLogging,
  (service, { project, variables }) => validateGivenFiles(service, project, variables),
];

function invalid(attribute: ErrorPath, message: string, hint?: string): ComposeError {
  return new ComposeError('INVALID', message, { attribute, hint });
}

function checkCapabilities(service: Service, { host }: Given): void {
  resolveCapabilities({
    add: service.cap_add ?? [],
    drop: service.cap_drop ?? [],
    isPrivileged: service.privileged ?? false,
    bounding: host.boundingCapabilities,
  });
}

/** The profile that `security_opt` names, relative to the project's directory; null without one. */
export function customSeccomp(service: Service, workingDirectory: string): SeccompProfile | null {
  const { seccomp } = securityOptions(service);
  if (typeof seccomp === 'string') return null;
  const path = resolve(workingDirectory, seccomp.path);
  const index = service.security_opt?.findIndex((option) => /^seccomp[:=]/.test(option)) ?? 0;
  const attribute = ['security_opt', index];
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const reason = existsSync(path) ? 'cannot be read' : 'does not exist';
    throw new ComposeError('FILE_NOT_FOUND', `seccomp profile ${path} ${reason}`, {
      cause: error,
      attribute,
      hint: 'name a file, or write seccomp:unconfined',
    });
  }
  try {
    return parseSeccompProfile(text);
  } catch (error) {
    if (!(error instanceof ComposeError)) throw error;
    throw about(error, { attribute }, `seccomp profile ${path}: ${error.message}`);
  }
}

/** Attributes that set limits, and the controller whose limits they are. */
const controllers: readonly (readonly [controller: string, attribute: readonly string[]])[] = [
  ...['mem_limit', 'mem_reservation', 'memswap_limit', 'mem_swappiness', 'oom_kill_disable'].map(
    (key) => ['memory', [key]] as const,
  ),
  ['memory', ['deploy', 'resources', 'limits', 'memory']],
  ['memory', ['deploy', 'resources', 'reservations', 'memory']],
  ...['cpus', 'cpu_shares', 'cpu_quota', 'cpu_period'].map((key) => ['cpu', [key]] as const),
  ['cpu', ['deploy', 'resources', 'limits', 'cpus']],
  ['cpuset', ['cpuset']],
  ['pids', ['pids_limit']],
  ['pids', ['deploy', 'resources', 'limits', 'pids']],
  ['io', ['blkio_config']],
];

function checkControllers(service: Service, { host }: Given): void {
  for (const [controller, attribute] of controllers) {
    let value: unknown = service;
    for (const key of attribute) value = (value as Readonly<Record<string, unknown>> | undefined)?.[key];
    if (!value || value === '0' || host.cgroups.controllers.includes(controller)) continue;
    throw new ComposeError(
      'CGROUP_UNAVAILABLE',
      `${attribute.join('.')} needs the cgroup controller ${controller}, which is not available here`,
      { attribute, exitCode: 125 },
    );
  }
}

/** Docker's minimum: with less than this no process gets as far as its first instruction. */
const leastMemory = 6 * 1024 * 1024;

function checkMemory(service: Service): void {
  const limits = service.deploy?.resources.limits;
  const isOld = service.mem_limit !== undefined;
  const limit = Number(service.mem_limit ?? limits?.memory ?? 0);
  if (limit !== 0 && limit !== -1 && limit < leastMemory) {
    const attribute = isOld ? ['mem_limit'] : ['deploy', 'resources', 'limits', 'memory'];
    throw invalid(attribute, `a memory limit of ${limit} bytes is too small`, 'the least is 6m');
  }
  const swap = Number(service.memswap_limit ?? 0);
  if (swap > 0 && limit <= 0) throw invalid(['memswap_limit'], 'memswap_limit needs mem_limit, which it includes');
  if (swap > 0 && swap < limit) {
    throw invalid(['memswap_limit'], `memswap_limit is ${swap} bytes, less than the memory limit it includes`);
  }
  const swappiness = Number(service.mem_swappiness ?? -1);
  if (swappiness < -1 || swappiness > 100) throw invalid(['mem_swappiness'], 'mem_swappiness is between 0 and 100');
}

function checkProcessors(list: string | undefined): void {
  if (list === undefined || list === '') return;
  const online = parseProcessors(readFileSync('/sys/devices/system/cpu/online', 'utf8').trim());
  const wanted = parseProcessors(list);
  if (wanted === null) throw invalid(['cpuset'], `cpuset ${JSON.stringify(list)} is not a list such as 0-2,4`);
  const missing = [...wanted].filter((processor) => !online?.has(processor)).sort((a, b) => a - b);
  if (missing.length === 0) return;
  throw invalid(
    ['cpuset'],
    `cpuset ${list}: this machine has no processor ${formatProcessors(missing)}`,
    `it has ${online?.size ?? 0}, counted from 0`,
  );
}

/** As `0-2,4`. */
function formatProcessors(processors: readonly number[]): string {
  const ranges: { first: number; last: number }[] = [];
  for (const processor of processors) {
    const range = ranges.at(-1);
    if (range?.last === processor - 1) range.last = processor;
    else ranges.push({ first: processor, last: processor });
  }
  return ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

/** `0-2,4` (cpuset(7), list format); null for anything else. */
function parseProcessors(list: string): Set<number> | null {
  const processors = new Set<number>();
  for (const part of list.split(',')) {
    const [, first, last] = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part) ?? [];
    if (first === undefined) return null;
    for (let processor = Number(first); processor <= Number(last ?? first); processor++) processors.add(processor);
  }
  return processors;
}

function checkRealtime(service: Service, { host }: Given): void {
  if (host.cgroupVersion === 1) return;
  for (const key of ['cpu_rt_runtime', 'cpu_rt_period'] as const) {
    if (service[key]) throw invalid([key], `${key} needs cgroup v1, and this machine has v2`);
  }
}

/** Only one scheduler of the kernel gives single devices weights; the other ones refuse them. */
function checkWeights({ blkio_config }: Service, { host }: Given): void {
  for (const [index, { Path }] of (blkio_config?.weight_device ?? []).entries()) {
    const { major, minor } = splitDevice(statSync(Path).rdev);
    const file = `/sys/dev/block/${major}:${minor}/queue/scheduler`;
    if (host.cgroupVersion === 2 || !existsSync(file) || readFileSync(file, 'utf8').includes('[bfq]')) continue;
    throw invalid(
      ['blkio_config', 'weight_device', index],
      `${Path} takes no weights: its scheduler is not bfq`,
      `echo bfq >${file}`,
    );
  }
}

/** getrlimit(2). */
const ulimitNames: readonly string[] =
  'as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' ');

function checkUlimits({ ulimits }: Service): void {
  for (const [name, limit] of Object.entries(ulimits ?? {})) {
    if (!ulimitNames.includes(name.toLowerCase())) {
      const hint = didYouMean(name, ulimitNames) ?? `there are ${ulimitNames.join(', ')}`;
      throw invalid(['ulimits', name], `there is no limit ${name}`, hint);
    }
    if (typeof limit === 'number' || limit.hard < 0) continue;
    if (limit.soft < 0 || limit.soft > limit.hard) {
      throw invalid(['ulimits', name, 'soft'], `the soft limit of ${name} is above the hard one, ${limit.hard}`);
    }
  }
}

const namespaceModes = {
  network_mode: ['host', 'none'],
  ipc: ['host', 'private', 'shareable'],
  pid: ['host', 'private'],
  uts: ['host', 'private'],
  cgroup: ['host', 'private'],
} as const;

function checkNamespaces(service: Service): void {
  for (const [key, modes] of Object.entries(namespaceModes) as [keyof typeof namespaceModes, readonly string[]][]) {
    const mode = service[key];
    if (mode === undefined || mode === '' || modes.includes(mode)) continue;
    if (/^(?:service|container):./.test(mode)) continue;
    const shared = 'service:NAME or container:NAME';
    throw invalid(
      [key],
      `there is no ${key} ${JSON.stringify(mode)}`,
      didYouMean(mode, modes) ??
        (key === 'network_mode'
          ? `write ${modes.join(', ')}, ${shared}; without network_mode it joins the project's network`
          : `write ${modes.join(', ')}, ${shared}`),
    );
  }
}

function checkNames(service: Service): void {
  for (const [index, server] of (service.dns ?? []).entries()) {
    if (!isIpAddress(server)) throw invalid(['dns', index], `${JSON.stringify(server)} is not an IP address`);
  }
  for (const entry of service.extra_hosts ?? []) {
    const { name, address } = parseExtraHost(entry);
    if (address === 'host-gateway' || isIpAddress(address)) continue;
    throw invalid(['extra_hosts', name], `host ${name}: ${JSON.stringify(address)} is not an IP address`);
  }
}

/** Those of namespaces that a container has; any other would be the host's (sysctl(5), namespaces(7)). */
const sysctlNames =
  /^(?:net[./].+|fs[./]mqueue[./].+|kernel[./](?:msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced|hostname|domainname))$/;

function checkSysctls(service: Service): void {
  for (const name of Object.keys(service.sysctls ?? {})) {
    const attribute = ['sysctls', name];
    if (!sysctlNames.test(name))
      throw invalid(attribute, `sysctl ${name} is the host's, not one of the container's own`);
    const isNetwork = /^net[./]/.test(name);
    const isIpc = !isNetwork && !/hostname|domainname/.test(name);
    const key = isNetwork ? 'network_mode' : isIpc ? 'ipc' : 'uts';
    if (service[key] === 'host')
      throw invalid(attribute, `sysctl ${name} would be the host's, because of ${key}: host`);
    // Those of single interfaces are there when these are.
    const path = /^[^./]*\//.test(name) ? name : name.replaceAll('.', '/');
    if (/^net\/ipv[46]\/(?:conf|neigh)\//.test(path) || existsSync(`/proc/sys/${path}`)) continue;
    throw invalid(attribute, `this kernel has no sysctl ${name}`);
  }
}

function checkPorts(service: Service): void {
  for (const [index, { protocol, published, target }] of (service.ports ?? []).entries()) {
    if (!['tcp', 'udp', 'sctp', ''].includes(protocol)) {
      throw invalid(['ports', index], `${JSON.stringify(protocol)} is not tcp, udp or sctp`);
    }
    if (protocol === 'sctp' && published === undefined) {
      throw invalid(['ports', index], `SCTP port ${target} needs a host port`);
    }
  }
}

/** Where something is to be mounted. */
function checkTargets({ volumes, tmpfs }: Service): void {
  const targets: readonly (readonly [ErrorPath, string])[] = [
    ...(volumes ?? []).map(({ target }, index) => [['volumes', index], target] as const),
    ...(tmpfs ?? []).map((entry, index) => [['tmpfs', index], entry] as const),
  ];
  for (const [attribute, target] of targets) {
    if (target.startsWith('/')) continue;
    const isDrive = /^[A-Za-z]:/.test(target);
    throw invalid(
      attribute,
      `mount target ${JSON.stringify(target)} is not an absolute path`,
      isDrive ? 'a source of one letter reads as a drive of Windows: write source: and target:' : 'begin it with /',
    );
  }
}

function checkRestart({ restart, deploy }: Service): void {
  if (restart !== undefined && !/^(?:no|always|unless-stopped|on-failure(?::\d+)?)$/.test(restart)) {
    throw invalid(
      ['restart'],
      `there is no restart policy ${JSON.stringify(restart)}`,
      didYouMean(restart, ['always', 'unless-stopped', 'on-failure']) ??
        'write no, always, unless-stopped, on-failure or on-failure:TIMES',
    );
  }
  const condition = deploy?.restart_policy?.condition;
  if (condition !== undefined && !['none', 'on-failure', 'any'].includes(condition)) {
    const attribute = ['deploy', 'restart_policy', 'condition'];
    throw invalid(
      attribute,
      `there is no restart condition ${JSON.stringify(condition)}`,
      'write none, on-failure or any',
    );
  }
}

function checkSignal(signal: string | undefined): void {
  if (signal === undefined) return;
  const name = signal.replace(/^SIG/, '');
  const isKnown = Object.hasOwn(constants.signals, `SIG${name}`) || /^RTM(?:IN(?:\+\d+)?|AX(?:-\d+)?)$/.test(name);
  if (isKnown || (/^\d{1,2}$/.test(signal) && Number(signal) > 0 && Number(signal) < 65)) return;
  const hint = didYouMean(`SIG${name}`, Object.keys(constants.signals)) ?? 'see signal(7) for the names';
  throw invalid(['stop_signal'], `there is no signal ${JSON.stringify(signal)}`, hint);
}
