import type { ReportAt } from './report.ts';
import { cleanPath, hasVariableKey, mappingOf, parseDevice, parsePort, parseVolume } from './short-forms.ts';
import { formatPath, isTree, type Tree, type TreePath, type Value } from './tree-path.ts';

export interface Expansion {
  readonly report: ReportAt;
  /** Variables were left as they are: a short form with one in it may not be one yet, and then it stays as it is. */
  readonly hasVariables: boolean;
}

/**
 * Turns the short forms of a tree into long ones, in place. What has the wrong kind stays as it is, for the schema to
 * say so; what has the right kind but cannot be read is reported. Running it twice changes nothing.
 */
export function expandShortForms(tree: Tree, expansion: Expansion): void {
  if (isTree(tree.services)) {
    for (const [name, service] of Object.entries(tree.services)) {
      if (isTree(service)) expandService(service, ['services', name], expansion);
    }
  }
  for (const kind of ['networks', 'volumes', 'secrets', 'configs']) {
    const resources = tree[kind];
    if (!isTree(resources)) continue;
    for (const [name, resource] of Object.entries(resources)) {
      if (isTree(resource)) expandResource(resource, [kind, name], expansion);
    }
  }
}

/** The same for one service. */
export function expandService(service: Tree, path: TreePath, expansion: Expansion): void {
  for (const key of Object.keys(service)) {
    const expand = Object.hasOwn(EXPANDERS, key) ? EXPANDERS[key] : undefined;
    if (expand === undefined) continue;
    const value = service[key] as Value;
    if (value !== null) service[key] = expand(value, [...path, key], expansion);
  }
}

type Expander = (value: Value, path: TreePath, expansion: Expansion) => Value;

const EXPANDERS: Readonly<Record<string, Expander>> = {
  annotations: toMapping,
  build: expandBuild,
  configs: toReferences,
  depends_on: expandDependsOn,
  deploy: expandDeploy,
  develop: expandDevelop,
  devices: expandDevices,
  dns: toList,
  dns_search: toList,
  env_file: expandEnvFiles,
  environment: toMapping,
  extra_hosts: expandHosts,
  gpus: expandGpus,
  label_file: toList,
  labels: toMapping,
  models: toNamed,
  post_start: expandHooks,
  pre_start: expandHooks,
  pre_stop: expandHooks,
  networks: toNamed,
  ports: expandPorts,
  secrets: toReferences,
  sysctls: toMapping,
  tmpfs: toList,
  volumes: expandVolumes,
};

function toMapping(value: Value, _path: TreePath, { hasVariables }: Expansion): Value {
  return hasVariables && hasVariableKey(value) ? value : (mappingOf(value) ?? value);
}

/** The same for attributes of a map. */
function toMappings(tree: Value | undefined, keys: readonly string[], expansion: Expansion): void {
  if (!isTree(tree)) return;
  for (const key of keys) {
    const value = tree[key];
    if (value !== undefined && value !== null) tree[key] = toMapping(value, [], expansion);
  }
}

/** Whether a short form may be another one once its variables are replaced. */
function isOpen(item: Value, { hasVariables }: Expansion): boolean {
  return hasVariables && typeof item === 'string' && item.includes('$');
}

function toList(value: Value): Value {
  return typeof value === 'string' ? [value] : value;
}

function toNamed(value: Value): Value {
  if (!Array.isArray(value)) return value;
  const tree: Tree = {};
  for (const name of value) tree[String(name)] = null;
  return tree;
}

function toReferences(value: Value): Value {
  return Array.isArray(value) ? value.map((item) => (typeof item === 'string' ? { source: item } : item)) : value;
}

function expandDeviceRequests(value: Value | undefined, expansion: Expansion): void {
  if (Array.isArray(value)) for (const request of value) toMappings(request, ['options'], expansion);
}

function expandBuild(value: Value, path: TreePath, expansion: Expansion): Value {
  if (typeof value === 'string') return { context: value };
  if (!isTree(value)) return value;
  toMappings(value, ['args', 'labels', 'additional_contexts', 'ssh'], expansion);
  if (value.secrets !== undefined) value.secrets = toReferences(value.secrets);
  if (value.extra_hosts !== undefined)
    value.extra_hosts = expandHosts(value.extra_hosts, [...path, 'extra_hosts'], expansion);
  if (value.no_cache_filter !== undefined) value.no_cache_filter = toList(value.no_cache_filter);
  return value;
}

function expandDependsOn(value: Value): Value {
  if (Array.isArray(value)) {
    const tree: Tree = {};
    for (const name of value) tree[String(name)] = { condition: 'service_started', required: true };
    return tree;
  }
  if (isTree(value)) {
    for (const dependency of Object.values(value)) {
      if (isTree(dependency) && dependency.required === undefined) dependency.required = true;
    }
  }
  return value;
}

function expandDeploy(value: Value, _path: TreePath, expansion: Expansion): Value {
  toMappings(value, ['labels'], expansion);
  const resources = isTree(value) ? value.resources : undefined;
  const reservations = isTree(resources) ? resources.reservations : undefined;
  if (isTree(reservations)) expandDeviceRequests(reservations.devices, expansion);
  return value;
}

function expandGpus(value: Value, path: TreePath, expansion: Expansion): Value {
  if (isOpen(value, expansion)) return value;
  if (typeof value !== 'string') {
    expandDeviceRequests(value, expansion);
    return value;
  }
  if (value !== 'all')
    expansion.report(path, `${formatPath(path)}: expected all or a list, got the text ${JSON.stringify(value)}`);
  return [{ count: -1 }];
}

function expandHooks(value: Value, _path: TreePath, expansion: Expansion): Value {
  if (Array.isArray(value)) for (const hook of value) toMappings(hook, ['environment'], expansion);
  return value;
}

function expandDevelop(value: Value, _path: TreePath, expansion: Expansion): Value {
  if (isTree(value) && Array.isArray(value.watch)) {
    for (const rule of value.watch) if (isTree(rule)) toMappings(rule.exec, ['environment'], expansion);
  }
  return value;
}

function expandDevices(value: Value, path: TreePath, expansion: Expansion): Value {
  if (!Array.isArray(value)) return value;
  return value.map((item, index) => {
    if (typeof item !== 'string' || isOpen(item, expansion)) return item;
    const device = parseDevice(item);
    if (typeof device !== 'string') return device;
    expansion.report([...path, index], `${JSON.stringify(item)} is not a device: ${device}`, {
      hint: 'write SOURCE, SOURCE:TARGET or SOURCE:TARGET:rwm',
    });
    return item;
  });
}

function expandEnvFiles(value: Value): Value {
  const list = toList(value);
  if (!Array.isArray(list)) return value;
  return list.map((item) => {
    if (typeof item === 'string') return { path: item, required: true };
    if (isTree(item) && item.required === undefined) item.required = true;
    return item;
  });
}

function expandHosts(value: Value, path: TreePath, expansion: Expansion): Value {
  const { report } = expansion;
  const hosts: string[] = [];
  const add = (host: string, address: Value): void => {
    for (const list of Array.isArray(address) ? address : [address]) {
      for (const one of String(list).split(',')) hosts.push(`${host}=${one.replace(/^\[(.*)\]$/, '$1')}`);
    }
  };
  if (isTree(value)) for (const [host, address] of Object.entries(value)) add(host, address);
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      if (typeof item !== 'string') return value;
      if (isOpen(item, expansion)) {
        hosts.push(item);
        continue;
      }
      const match = /^([^=]*)=(.*)$/s.exec(item) ?? /^([^:]*):(.*)$/s.exec(item);
      if (match === null) {
        report([...path, index], `${JSON.stringify(item)} has no address`, { hint: 'write HOST=ADDRESS' });
        hosts.push(item);
        continue;
      }
      if (match[1] === '')
        report([...path, index], `${JSON.stringify(item)} has no host`, { hint: 'write HOST=ADDRESS' });
      add(match[1] ?? '', match[2] ?? '');
    }
  } else return value;
  return [...new Set(hosts)];
}

function expandPorts(value: Value, path: TreePath, expansion: Expansion): Value {
  if (!Array.isArray(value)) return value;
  const { report } = expansion;
  const ports: Value[] = [];
  // Ranges of ports that lead to the same ports again could fill any memory.
  const most = 65_536 + value.length;
  for (const [index, item] of value.entries()) {
    if (ports.length > most) {
      report([...path, index], 'there are more ports than a machine has', { code: 'limit' });
      return ports;
    }
    if (isOpen(item, expansion)) ports.push(item);
    else if (typeof item === 'string' || typeof item === 'number') {
      const entries = parsePort(String(item));
      if (typeof entries === 'string') {
        report([...path, index], `${JSON.stringify(item)} is not a port: ${entries}`, {
          hint: 'write CONTAINER, HOST:CONTAINER or ADDRESS:HOST:CONTAINER, with /udp if need be',
        });
        ports.push(item);
      } else ports.push(...entries);
    } else if (isTree(item)) {
      if (item.mode === undefined) item.mode = 'ingress';
      if (item.protocol === undefined) item.protocol = 'tcp';
      if (typeof item.published === 'number') item.published = String(item.published);
      ports.push(item);
    } else ports.push(item);
  }
  return ports;
}

function expandVolumes(value: Value, path: TreePath, expansion: Expansion): Value {
  if (!Array.isArray(value)) return value;
  return value.map((item, index) => {
    if (isTree(item)) {
      if (typeof item.target === 'string') item.target = cleanPath(item.target);
      toMappings(item.volume, ['labels'], expansion);
      return item;
    }
    if (typeof item !== 'string' || isOpen(item, expansion)) return item;
    const volume = parseVolume(item);
    if (typeof volume === 'string') {
      expansion.report([...path, index], `${JSON.stringify(item)} is not a volume: ${volume}`, {
        hint: 'write VOLUME:TARGET, ./PATH:TARGET or TARGET, with :ro if need be',
      });
      return item;
    }
    const mount: Tree = { type: volume.type };
    if (volume.source !== '') mount.source = volume.source;
    mount.target = cleanPath(volume.target);
    if (volume.readOnly) mount.read_only = true;
    if (volume.bind !== undefined) mount.bind = volume.bind;
    if (volume.volume !== undefined) mount.volume = volume.volume;
    return mount;
  });
}

function expandResource(resource: Tree, path: TreePath, expansion: Expansion): void {
  const { report } = expansion;
  toMappings(resource, ['labels'], expansion);
  const { external } = resource;
  if (!isTree(external)) return;
  const [kind, key] = path;
  if (external.name === undefined) {
    resource.external = true;
    return;
  }
  if (resource.name !== undefined && resource.name !== external.name) {
    report([...path, 'external', 'name'], `${formatPath(path)}: name and external.name are two names; keep name`);
    return;
  }
  resource.external = true;
  resource.name = external.name;
  report([...path, 'external'], `${kind}.${key}: external.name is deprecated. Please set name and external: true`, {
    code: 'deprecated',
  });
}
