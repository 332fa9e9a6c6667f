import { cleanPath, parsePort, parseVolume } from './short-forms.ts';
import { isTree, type Tree, type TreePath, type Value } from './tree-path.ts';

/** Thrown when two files give one attribute two kinds of value. */
export class MergeConflict extends Error {
  readonly path: TreePath;

  constructor(path: TreePath) {
    super('cannot be merged with what an earlier file says');
    this.name = 'MergeConflict';
    this.path = path;
  }
}

type Merger = (base: Value, over: Value, path: TreePath) => Value;
interface MergeRules {
  readonly [key: string]: Merger | MergeRules;
}

/** What does not merge key by key and list after list. A key `*` is any key or position. */
const RULES: MergeRules = {
  services: {
    '*': {
      annotations: mergeMappings,
      build: mergeBuild,
      command: replace,
      depends_on: mergeDependsOn,
      deploy: { labels: mergeMappings },
      dns: mergeWords,
      dns_opt: mergeWords,
      dns_search: mergeWords,
      entrypoint: replace,
      env_file: mergeWords,
      environment: mergeMappings,
      extra_hosts: mergeHosts,
      healthcheck: { test: replace },
      label_file: mergeWords,
      labels: mergeMappings,
      logging: mergeLogging,
      models: mergeNamed,
      networks: mergeNamed,
      sysctls: mergeMappings,
      tmpfs: mergeWords,
      ulimits: { '*': replace },
      volumes: { '*': { volume: { labels: mergeMappings } } },
    },
  },
  networks: { '*': { ipam: { config: mergePools }, labels: mergeMappings } },
  volumes: { '*': { labels: mergeMappings } },
  secrets: { '*': { labels: mergeMappings } },
  configs: { '*': { labels: mergeMappings } },
};

const BUILD_RULES: MergeRules = {
  additional_contexts: mergeMappings,
  args: mergeMappings,
  extra_hosts: mergeHosts,
  labels: mergeMappings,
  ssh: mergeMappings,
  ulimits: { '*': replace },
};

/** Lays one file over what came before it. Both may be changed. Throws MergeConflict. */
export function mergeFiles(base: Tree, over: Tree): Tree {
  return mergeTrees(base, over, RULES, []);
}

/** Lays a service over the one it extends. */
export function mergeServices(base: Tree, over: Tree, name: string): Tree {
  const rules = (RULES.services as MergeRules)['*'] as MergeRules;
  return mergeTrees(base, over, rules, ['services', name]);
}

function mergeTrees(base: Tree, over: Tree, rules: MergeRules | undefined, path: TreePath): Tree {
  for (const key of Object.keys(over)) {
    const value = over[key] as Value;
    if (!Object.hasOwn(base, key)) {
      base[key] = value;
      continue;
    }
    const rule = rules === undefined ? undefined : Object.hasOwn(rules, key) ? rules[key] : rules['*'];
    const isExtension = rule === undefined && key.startsWith('x-');
    base[key] = mergeValues(base[key] as Value, value, isExtension ? mergeExtension : rule, [...path, key]);
  }
  return base;
}

function mergeValues(base: Value, over: Value, rule: Merger | MergeRules | undefined, path: TreePath): Value {
  if (typeof rule === 'function') return base === null && rule !== replace ? over : rule(base, over, path);
  if (over === null) return base;
  if (base === null) return over;
  if (isTree(base)) {
    if (!isTree(over)) throw new MergeConflict(path);
    return mergeTrees(base, over, rule, path);
  }
  if (Array.isArray(base)) {
    if (!Array.isArray(over)) throw new MergeConflict(path);
    return [...base, ...over];
  }
  return over;
}

function replace(_base: Value, over: Value): Value {
  return over;
}

/** What we do not read has no kind: maps and lists merge, anything else is replaced. */
function mergeExtension(base: Value, over: Value): Value {
  if (over === null) return base;
  if (Array.isArray(base) && Array.isArray(over)) return [...base, ...over];
  if (!isTree(base) || !isTree(over)) return over;
  for (const key of Object.keys(over)) {
    base[key] = Object.hasOwn(base, key)
      ? mergeExtension(base[key] as Value, over[key] as Value)
      : (over[key] as Value);
  }
  return base;
}

function mergeBuild(base: Value, over: Value, path: TreePath): Value {
  const toTree = (value: Value): Value => (typeof value === 'string' ? { context: value } : value);
  const [below, above] = [toTree(base), toTree(over)];
  if (above === null) return below;
  if (!isTree(below) || !isTree(above)) throw new MergeConflict(path);
  return mergeTrees(below, above, BUILD_RULES, path);
}

/** Maps and lists of KEY=VALUE mix: both become a map, and a later key wins, also without a value. */
function mergeMappings(base: Value, over: Value, path: TreePath): Value {
  if (over === null) return base;
  if (hasVariableKey(base) || hasVariableKey(over)) return [...pairsOf(base), ...pairsOf(over)];
  const below = mappingOf(base);
  const above = mappingOf(over);
  if (below === undefined || above === undefined) {
    if (typeof base === typeof over && !isTree(base) && !isTree(over)) return over;
    throw new MergeConflict(path);
  }
  return { ...below, ...above };
}

/** Whether a list of KEY=VALUE has a variable for a key: keys of maps are not interpolated, so it must stay a list. */
export function hasVariableKey(value: Value): boolean {
  return Array.isArray(value) && value.some((item) => typeof item === 'string' && /^[^=]*\$/.test(item));
}

function pairsOf(value: Value): Value[] {
  if (Array.isArray(value)) return value;
  if (!isTree(value)) return [value];
  return Object.entries(value).map(([key, item]) => (item === null ? key : `${key}=${item}`));
}

/** A map from a map or a list of KEY=VALUE; a bare KEY has the value null. */
export function mappingOf(value: Value): Tree | undefined {
  if (isTree(value)) return value;
  if (!Array.isArray(value)) return undefined;
  const map: Tree = {};
  for (const item of value) {
    if (typeof item !== 'string') return undefined;
    const equals = item.indexOf('=');
    const key = equals < 0 ? item : item.slice(0, equals);
    if (key === '__proto__') return undefined;
    map[key] = equals < 0 ? null : item.slice(equals + 1);
  }
  return map;
}

function mergeWords(base: Value, over: Value): Value {
  if (over === null) return base;
  const list = (value: Value): Value[] => (Array.isArray(value) ? value : [value]);
  return [...list(base), ...list(over)];
}

function mergeHosts(base: Value, over: Value, path: TreePath): Value {
  if (over === null) return base;
  const list = (value: Value): Value[] | undefined => {
    if (Array.isArray(value)) return value;
    if (!isTree(value)) return undefined;
    return Object.entries(value).flatMap(([host, address]) =>
      (Array.isArray(address) ? address : [address]).map((one) => `${host}=${one}`),
    );
  };
  const [below, above] = [list(base), list(over)];
  if (below === undefined || above === undefined) throw new MergeConflict(path);
  return [...below, ...above.filter((item) => !below.includes(item))];
}

function mergeDependsOn(base: Value, over: Value, path: TreePath): Value {
  if (over === null) return base;
  const toTree = (value: Value): Value => {
    if (!Array.isArray(value)) return value;
    const tree: Tree = {};
    for (const name of value) tree[String(name)] = { condition: 'service_started', required: true };
    return tree;
  };
  // A list with a repeat is wrong, and stays as it is so that the schema says so.
  if (Array.isArray(over) && new Set(over).size < over.length) return over;
  const [below, above] = [toTree(base), toTree(over)];
  if (!isTree(below) || !isTree(above)) throw new MergeConflict(path);
  return mergeTrees(below, above, undefined, path);
}

/** Lists of names become maps first. */
function mergeNamed(base: Value, over: Value, path: TreePath): Value {
  if (over === null) return base;
  const toTree = (value: Value): Value => {
    if (!Array.isArray(value)) return value;
    const tree: Tree = {};
    for (const name of value) tree[String(name)] = null;
    return tree;
  };
  const [below, above] = [toTree(base), toTree(over)];
  if (!isTree(below) || !isTree(above)) throw new MergeConflict(path);
  return mergeTrees(below, above, undefined, path);
}

/** Options belong to a driver, so they merge only when the driver stays. */
function mergeLogging(base: Value, over: Value, path: TreePath): Value {
  if (over === null) return base;
  if (!isTree(base) || !isTree(over)) throw new MergeConflict(path);
  const isSame = base.driver === over.driver || base.driver === undefined || over.driver === undefined;
  return isSame ? mergeTrees(base, over, undefined, path) : over;
}

/**
 * Pools of one subnet merge, and a new one takes the place of those it is laid over: the reference's way, in which a file that
 * names another subnet moves the network there.
 */
function mergePools(base: Value, over: Value, path: TreePath): Value {
  if (over === null) return base;
  if (!Array.isArray(base) || !Array.isArray(over)) throw new MergeConflict(path);
  const pools: Tree[] = [];
  const indexOf = (pool: Tree): number => pools.findIndex((other) => other.subnet === pool.subnet);
  for (const below of base.filter(isTree)) {
    for (const above of over.filter(isTree)) {
      if (above.subnet !== below.subnet && indexOf(above) < 0) {
        pools.push(above);
        continue;
      }
      const merged = mergeTrees({ ...below }, above, undefined, path);
      const index = indexOf(merged);
      if (index < 0) pools.push(merged);
      else pools[index] = merged;
    }
  }
  return pools;
}

/** Removes what `!reset` and `!override` of a later file name. */
export function applyResets(tree: Tree, resets: readonly TreePath[]): void {
  for (const path of resets) {
    let parent: Value | undefined = tree;
    for (const segment of path.slice(0, -1)) parent = isTree(parent) ? parent[String(segment)] : undefined;
    const last = path.at(-1);
    if (isTree(parent) && last !== undefined && Object.hasOwn(parent, String(last))) delete parent[String(last)];
  }
}

type Identify = (item: Value) => string | undefined;

/** Lists whose items have an identity: a later item with the same one takes the earlier's place. */
const UNIQUE_IN_SERVICE: Readonly<Record<string, Identify>> = {
  cap_add: wordIdentity,
  cap_drop: wordIdentity,
  configs: (item) => mountIdentity(item, '/'),
  devices: deviceIdentity,
  dns: wordIdentity,
  dns_opt: wordIdentity,
  dns_search: wordIdentity,
  env_file: (item) => (isTree(item) ? textOf(item.path) : wordIdentity(item)),
  environment: keyIdentity,
  expose: (item) => (typeof item === 'number' ? String(item) : wordIdentity(item)),
  labels: keyIdentity,
  annotations: keyIdentity,
  sysctls: keyIdentity,
  links: wordIdentity,
  ports: portIdentity,
  profiles: wordIdentity,
  secrets: (item) => mountIdentity(item, '/run/secrets/'),
  tmpfs: wordIdentity,
  volumes: volumeIdentity,
};

const UNIQUE_IN_BUILD: Readonly<Record<string, Identify>> = {
  args: keyIdentity,
  additional_contexts: keyIdentity,
  labels: keyIdentity,
  tags: wordIdentity,
};

/**
 * What makes an item of the list `key` of a service what it is; several for a short form that means several items. Equal
 * ones mean the same item, in whichever form.
 */
export function identitiesOf(key: string, item: Value): string[] {
  if (key === 'ports' && (typeof item === 'string' || typeof item === 'number')) {
    const ports = parsePort(String(item));
    return typeof ports === 'string' ? [] : ports.flatMap((port) => portIdentity(port) ?? []);
  }
  const identify = Object.hasOwn(UNIQUE_IN_SERVICE, key) ? UNIQUE_IN_SERVICE[key] : undefined;
  return [identify?.(item) ?? (isTree(item) || Array.isArray(item) ? JSON.stringify(item, asText) : String(item))];
}

/** A number or a boolean may have been text in the file. */
function asText(_key: string, value: unknown): unknown {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}

/** Drops what lists of a merged file repeat. */
export function dropDuplicates(tree: Tree): void {
  for (const service of trees(tree.services)) {
    unique(service, UNIQUE_IN_SERVICE);
    if (isTree(service.build)) unique(service.build, UNIQUE_IN_BUILD);
    if (isTree(service.deploy)) unique(service.deploy, { labels: keyIdentity });
    for (const network of trees(service.networks)) {
      unique(network, { aliases: wordIdentity, link_local_ips: wordIdentity });
    }
  }
  for (const kind of ['networks', 'volumes', 'secrets', 'configs']) {
    for (const resource of trees(tree[kind])) unique(resource, { labels: keyIdentity });
  }
}

function trees(value: Value | undefined): Tree[] {
  return isTree(value) ? Object.values(value).filter(isTree) : [];
}

function unique(tree: Tree, identities: Readonly<Record<string, Identify>>): void {
  for (const key of Object.keys(identities)) {
    const list = tree[key];
    const identify = identities[key];
    if (!Array.isArray(list) || list.length < 2 || identify === undefined) continue;
    const places = new Map<string, number>();
    const kept: Value[] = [];
    for (const item of list) {
      const identity = identify(item);
      const place = identity === undefined ? undefined : places.get(identity);
      if (place !== undefined) {
        kept[place] = item;
        continue;
      }
      if (identity !== undefined) places.set(identity, kept.length);
      kept.push(item);
    }
    if (kept.length < list.length) tree[key] = kept;
  }
}

/** The colons in it are not yet those of a short form. */
function hasVariable(text: string): boolean {
  return text.includes('${');
}

function textOf(value: Value | undefined): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function wordIdentity(item: Value): string | undefined {
  return typeof item === 'string' ? item : undefined;
}

function keyIdentity(item: Value): string | undefined {
  return typeof item === 'string' ? (item.split('=', 1)[0] ?? '') : undefined;
}

function mountIdentity(item: Value, directory: string): string | undefined {
  if (typeof item === 'string') return directory + item;
  if (!isTree(item)) return undefined;
  const target = textOf(item.target);
  if (target !== undefined && target !== '') return target;
  return textOf(item.source) === undefined ? undefined : `${directory}${item.source}`;
}

function deviceIdentity(item: Value): string | undefined {
  if (typeof item === 'string') {
    if (hasVariable(item)) return item;
    const parts = item.split(':');
    return parts[1] ?? parts[0];
  }
  return isTree(item) ? textOf(item.target) : undefined;
}

function volumeIdentity(item: Value): string | undefined {
  if (typeof item === 'string') {
    if (hasVariable(item)) return item;
    const volume = parseVolume(item);
    return typeof volume === 'string' ? undefined : cleanPath(volume.target);
  }
  const target = isTree(item) ? textOf(item.target) : undefined;
  return target === undefined ? undefined : cleanPath(target);
}

function portIdentity(item: Value): string | undefined {
  if (!isTree(item)) return textOf(item);
  const address = textOf(item.host_ip) ?? '0.0.0.0';
  return `${address === '' ? '0.0.0.0' : address}:${textOf(item.published) ?? ''}:${textOf(item.target) ?? ''}/${textOf(item.protocol) ?? 'tcp'}`;
}
