import type { Diagnostic } from './diagnostic.ts';
import { mappingOf } from './merge.ts';
import { cleanPath, parseDevice, parsePort, parseVolume } from './short-forms.ts';
import { formatPath, isTree, type Tree, type TreePath, type Value } from './tree-path.ts';

/** Says what is wrong with the value at a path of the merged tree. */
export type ReportAt = (path: TreePath, message: string, extra?: Pick<Diagnostic, 'hint' | 'code'>) => void;

/**
 * Turns the short forms of a tree into long ones, in place. What has the wrong kind stays as it is, for the schema to
 * say so; what has the right kind but cannot be read is reported. Running it twice changes nothing.
 */
export function expandShortForms(tree: Tree, report: ReportAt): void {
  if (isTree(tree.services)) {
    for (const [name, service] of Object.entries(tree.services)) {
      if (isTree(service)) expandService(service, ['services', name], report);
    }
  }
  for (const kind of ['networks', 'volumes', 'secrets', 'configs']) {
    const resources = tree[kind];
    if (!isTree(resources)) continue;
    for (const [name, resource] of Object.entries(resources)) {
      if (isTree(resource)) expandResource(resource, [kind, name], report);
    }
  }
}

/** The same for one service. */
export function expandService(service: Tree, path: TreePath, report: ReportAt): void {
  for (const key of Object.keys(service)) {
    const expand = Object.hasOwn(EXPANDERS, key) ? EXPANDERS[key] : undefined;
    if (expand === undefined) continue;
    const value = service[key] as Value;
    if (value !== null) service[key] = expand(value, [...path, key], report);
  }
}

type Expander = (value: Value, path: TreePath, report: ReportAt) => Value;

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
  gpus: (value) => (value === 'all' ? [{ count: -1 }] : value),
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

function toMapping(value: Value): Value {
  return mappingOf(value) ?? value;
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

function expandBuild(value: Value, path: TreePath, report: ReportAt): Value {
  if (typeof value === 'string') return { context: value };
  if (!isTree(value)) return value;
  for (const key of ['args', 'labels', 'additional_contexts', 'ssh']) {
    const child = value[key];
    if (child !== undefined && child !== null) value[key] = toMapping(child);
  }
  if (value.secrets !== undefined) value.secrets = toReferences(value.secrets);
  if (value.extra_hosts !== undefined)
    value.extra_hosts = expandHosts(value.extra_hosts, [...path, 'extra_hosts'], report);
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

function expandDeploy(value: Value): Value {
  if (isTree(value) && value.labels !== undefined && value.labels !== null) value.labels = toMapping(value.labels);
  return value;
}

function expandHooks(value: Value): Value {
  if (Array.isArray(value)) for (const hook of value) expandHook(hook);
  return value;
}

function expandHook(hook: Value | undefined): void {
  if (isTree(hook) && hook.environment !== undefined && hook.environment !== null) {
    hook.environment = toMapping(hook.environment);
  }
}

function expandDevelop(value: Value): Value {
  if (isTree(value) && Array.isArray(value.watch)) {
    for (const rule of value.watch) if (isTree(rule)) expandHook(rule.exec);
  }
  return value;
}

function expandDevices(value: Value, path: TreePath, report: ReportAt): Value {
  if (!Array.isArray(value)) return value;
  return value.map((item, index) => {
    if (typeof item !== 'string') return item;
    const device = parseDevice(item);
    if (typeof device !== 'string') return device;
    report([...path, index], `${JSON.stringify(item)} is not a device: ${device}`, {
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

function expandHosts(value: Value, path: TreePath, report: ReportAt): Value {
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
      const match = /^([^=]*)=(.*)$/s.exec(item) ?? /^([^:]*):(.*)$/s.exec(item);
      if (match === null) {
        report([...path, index], `${JSON.stringify(item)} has no address`, { hint: 'write HOST=ADDRESS' });
        hosts.push(item);
        continue;
      }
      add(match[1] ?? '', match[2] ?? '');
    }
  } else return value;
  return [...new Set(hosts)];
}

function expandPorts(value: Value, path: TreePath, report: ReportAt): Value {
  if (!Array.isArray(value)) return value;
  const ports: Value[] = [];
  // Ranges of ports that lead to the same ports again could fill any memory.
  const most = 65_536 + value.length;
  for (const [index, item] of value.entries()) {
    if (ports.length > most) {
      report([...path, index], 'there are more ports than a machine has', { code: 'limit' });
      return ports;
    }
    if (typeof item === 'string' || typeof item === 'number') {
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

function expandVolumes(value: Value, path: TreePath, report: ReportAt): Value {
  if (!Array.isArray(value)) return value;
  return value.map((item, index) => {
    if (isTree(item)) {
      if (typeof item.target === 'string') item.target = cleanPath(item.target);
      if (isTree(item.volume) && item.volume.labels !== undefined && item.volume.labels !== null) {
        item.volume.labels = toMapping(item.volume.labels);
      }
      return item;
    }
    if (typeof item !== 'string') return item;
    const volume = parseVolume(item);
    if (typeof volume === 'string') {
      report([...path, index], `${JSON.stringify(item)} is not a volume: ${volume}`, {
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

function expandResource(resource: Tree, path: TreePath, report: ReportAt): void {
  if (resource.labels !== undefined && resource.labels !== null) resource.labels = toMapping(resource.labels);
  const { external } = resource;
  if (!isTree(external)) return;
  const [kind, key] = path;
  if (external.name === undefined) {
    resource.external = true;
    return;
  }
  if (resource.name !== undefined && resource.name !== external.name) {
    report([...path, 'external', 'name'], `${formatPath(path)}: name and external.name conflict; only use name`);
    return;
  }
  resource.external = true;
  resource.name = external.name;
  report([...path, 'external'], `${kind}.${key}: external.name is deprecated. Please set name and external: true`, {
    code: 'deprecated',
  });
}
