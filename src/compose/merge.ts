import { hasVariableKey, mappingOf } from './short-forms.ts';
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

function pairsOf(value: Value): Value[] {
  if (Array.isArray(value)) return value;
  if (!isTree(value)) return [value];
  return Object.entries(value).map(([key, item]) => (item === null ? key : `${key}=${item}`));
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
