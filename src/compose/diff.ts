import type { Project } from '../model/project.ts';
import { isTree, own, type Tree, type Value } from './tree-path.ts';

/** One attribute that is not the same on both sides; undefined where it is not there at all. */
export interface Difference {
  /** `environment.LOG_LEVEL`; empty: the whole service or resource. */
  readonly path: string;
  readonly left: Value | undefined;
  readonly right: Value | undefined;
}

/** What differs in one service or resource. */
export interface Section {
  readonly kind: string;
  readonly name: string;
  readonly differences: readonly Difference[];
}

const KINDS = ['services', 'networks', 'volumes', 'secrets', 'configs', 'models'] as const;

/** Compares two projects service by service. The name of the project, and what is named after it, does not count. */
export function diffProjects(left: Project, right: Project): Section[] {
  const sections: Section[] = [];
  for (const kind of KINDS) {
    const [a, b] = [treeOf(left, kind), treeOf(right, kind)];
    for (const name of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()) {
      const [mine, yours] = [
        without(own(a, name), left.name, kind, name),
        without(own(b, name), right.name, kind, name),
      ];
      const differences: Difference[] = [];
      if (mine === undefined || yours === undefined) differences.push({ path: '', left: mine, right: yours });
      else compare(mine, yours, '', differences);
      if (differences.length > 0) sections.push({ kind, name, differences });
    }
  }
  return sections;
}

/** A project with the paths below its own directory as the files say them: two environments may lie in two directories. */
export function withRelativePaths(project: Project, directory: string): Project {
  const relative = (value: unknown): unknown => {
    if (typeof value === 'string') {
      if (value === directory) return '.';
      return value.startsWith(`${directory}/`) ? `.${value.slice(directory.length)}` : value;
    }
    if (Array.isArray(value)) return value.map(relative);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, relative(item)]));
  };
  return relative(project) as Project;
}

function treeOf(project: Project, kind: (typeof KINDS)[number]): Tree {
  return (project[kind] ?? {}) as unknown as Tree;
}

/** A resource without the name that only follows from the project's. */
function without(value: Value | undefined, project: string, kind: string, key: string): Value | undefined {
  if (kind === 'services' || !isTree(value) || value.name !== `${project}_${key}`) return value;
  const { name: _name, ...rest } = value;
  return rest;
}

/** Lists whose items are known by one of their attributes. */
const IDENTITIES: Readonly<Record<string, (item: Tree) => string>> = {
  configs: (item) => String(item.target ?? item.source),
  devices: (item) => String(item.target ?? item.source),
  ports: (item) => `${item.target}/${item.protocol}`,
  secrets: (item) => String(item.target ?? item.source),
  volumes: (item) => String(item.target),
};

function compare(left: Value, right: Value, path: string, out: Difference[]): void {
  if (isTree(left) && isTree(right)) {
    for (const key of [...new Set([...Object.keys(left), ...Object.keys(right)])].sort()) {
      const below = path === '' ? key : `${path}.${key}`;
      const [a, b] = [own(left, key), own(right, key)];
      if (a !== undefined && b !== undefined) compare(a, b, below, out);
      else if (Object.hasOwn(IDENTITIES, path)) out.push({ path: below, left: a, right: b });
      else if (a !== undefined) addLeaves(a, below, 'left', out);
      else if (b !== undefined) addLeaves(b, below, 'right', out);
    }
    return;
  }
  const identify = IDENTITIES[path];
  if (identify !== undefined && Array.isArray(left) && Array.isArray(right)) {
    const byIdentity = (list: Value[]): Tree => {
      const map: Tree = {};
      for (const item of list) if (isTree(item)) map[identify(item)] = item;
      return map;
    };
    const [a, b] = [byIdentity(left), byIdentity(right)];
    // Two ports may lead to one target; then the lists are compared as they are.
    if (Object.keys(a).length === left.length && Object.keys(b).length === right.length) {
      compare(a, b, `${path}`, out);
      return;
    }
  }
  if (JSON.stringify(left) !== JSON.stringify(right)) out.push({ path, left, right });
}

/** What only one side has, down to single values and items. */
function addLeaves(value: Value, path: string, side: 'left' | 'right', out: Difference[]): void {
  const add = (at: string, leaf: Value): void => {
    out.push({ path: at, left: undefined, right: undefined, [side]: leaf });
  };
  const identify = own(IDENTITIES, path);
  if (isTree(value)) {
    for (const key of Object.keys(value).sort()) addLeaves(value[key] as Value, `${path}.${key}`, side, out);
  } else if (identify !== undefined && Array.isArray(value)) {
    for (const item of value) {
      if (isTree(item)) add(`${path}.${identify(item)}`, item);
      else add(path, item);
    }
  } else add(path, value);
}

/** The differences for people: a block for each service, `-` for the left side and `+` for the right. */
export function formatDiff(
  sections: readonly Section[],
  paint: (text: string, side: 'left' | 'right' | 'name') => string,
): string {
  const lines: string[] = [];
  for (const { kind, name, differences } of sections) {
    if (lines.length > 0) lines.push('');
    lines.push(paint(`${kind.slice(0, -1)} ${name}`, 'name'));
    for (const { path, left, right } of differences) {
      const line = (value: Value): string => [path, show(value, path)].filter((part) => part !== '').join(': ');
      if (left !== undefined) lines.push(paint(`  - ${line(left)}`, 'left'));
      if (right !== undefined) lines.push(paint(`  + ${line(right)}`, 'right'));
    }
  }
  return lines.map((line) => `${line}\n`).join('');
}

function show(value: Value, path: string): string {
  if (path === '') return isTree(value) && typeof value.image === 'string' ? `image ${value.image}` : 'is only here';
  if (value === null) return '';
  if (isTree(value)) return showItem(value);
  return typeof value === 'string' && value !== '' && !/[\s"']/.test(value) ? value : JSON.stringify(value);
}

/** An item whose path says already where in the container it is. */
function showItem(item: Tree): string {
  if (item.protocol !== undefined) {
    const address = item.host_ip === undefined ? '' : `${item.host_ip}:`;
    return item.published === undefined ? 'on any port' : `${address}${item.published}`;
  }
  const source = String(item.source ?? (item.type === 'volume' ? 'a volume without a name' : item.type));
  return item.read_only === true ? `${source}, read-only` : source;
}
