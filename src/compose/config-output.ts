import { Document, isScalar, visit } from 'yaml';
import { imageName } from '../model/names.ts';
import type { Project } from '../model/project.ts';
import { ComposeError } from '../util/errors.ts';
import { usedResources } from './resources.ts';
import { plainScalar } from './scalar.ts';
import { variablesOf } from './template.ts';
import { isTree, own, type Tree, type Value } from './tree-path.ts';

/** The project as `config --format json` prints it: keys sorted, each `$` doubled, extensions at the top level only. */
export function formatJson(project: Project): string {
  const plain = printable(project as unknown as Tree, { keepExtensions: false, isTidy: false });
  // The reference's encoder writes these so, to be safe inside of HTML.
  return JSON.stringify(plain, null, 2).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

interface Printing {
  readonly keepExtensions: boolean;
  /** Without what says nothing: `command: null`, `ipam: {}`. */
  readonly isTidy: boolean;
}

/** Attributes whose keys are the user's: an `x-` there is a name like any other. */
const NAMED: ReadonlySet<string> = new Set([
  'additional_contexts',
  'annotations',
  'args',
  'aux_addresses',
  'configs',
  'depends_on',
  'driver_opts',
  'environment',
  'labels',
  'models',
  'networks',
  'options',
  'secrets',
  'services',
  'storage_opt',
  'sysctls',
  'ulimits',
  'volumes',
]);

function printable(project: Tree, printing: Printing): Tree {
  const out: Tree = {};
  for (const key of Object.keys(project).sort()) {
    const value = project[key] as Value;
    const isExtension = key.startsWith('x-');
    out[key] = isExtension ? doubled(value) : sorted(value, key, printing);
  }
  return out;
}

function doubled(value: Value): Value {
  return sorted(value, 'x-', { keepExtensions: true, isTidy: false });
}

function sorted(value: Value, parent: string, printing: Printing): Value {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$');
  if (Array.isArray(value)) return value.map((item) => sorted(item, '', printing));
  if (typeof value !== 'object' || value === null) return value;
  const out: Tree = {};
  for (const key of Object.keys(value).sort()) {
    const child = value[key] as Value;
    if (!printing.keepExtensions && key.startsWith('x-') && !NAMED.has(parent)) continue;
    if (printing.isTidy && !NAMED.has(parent) && isEmptyByConvention(key, child, parent)) continue;
    out[key.replaceAll('$', '$$$$')] =
      key.startsWith('x-') && !NAMED.has(parent) ? doubled(child) : sorted(child, key, printing);
  }
  return out;
}

function isEmptyByConvention(key: string, value: Value, parent: string): boolean {
  // A hook, which stands below exec or in a list, must have a command.
  if (value === null) return (key === 'command' || key === 'entrypoint') && parent !== 'exec' && parent !== '';
  return key === 'ipam' && typeof value === 'object' && Object.keys(value).length === 0;
}

/** The project as `config` prints it: YAML with the name first, without what says nothing, each `$` doubled. */
export function formatYaml(project: Project): string {
  return toYaml(printable(project as unknown as Tree, { keepExtensions: true, isTidy: true }));
}

/** A merged file that was not interpolated: its `$` are variables, and stay as they are. */
export function formatTree(tree: Tree, format: 'yaml' | 'json'): string {
  return format === 'json' ? JSON.stringify(withSortedKeys(tree), null, 2) : toYaml(withSortedKeys(tree) as Tree);
}

function withSortedKeys(value: Value): Value {
  if (Array.isArray(value)) return value.map(withSortedKeys);
  if (!isTree(value)) return value;
  const out: Tree = {};
  for (const key of Object.keys(value).sort()) out[key] = withSortedKeys(value[key] as Value);
  return out;
}

function toYaml(tree: Tree): string {
  const { name, ...rest } = tree;
  const document = new Document(name === undefined ? rest : { name, ...rest }, { aliasDuplicateObjects: false });
  // Text that a reader of Compose files, or one of YAML 1.1, would take for something else is quoted.
  visit(document, {
    Scalar(_key, node) {
      if (!isScalar(node) || typeof node.value !== 'string') return;
      if (plainScalar(node.value) !== node.value || OLD_BOOLEAN.test(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  return document.toString({ lineWidth: 0 });
}

const OLD_BOOLEAN = /^(?:y|n|yes|no|on|off|<<|=)$/i;

/** Services, each after those it depends on, otherwise by name. */
export function serviceOrder(project: Project): string[] {
  const order: string[] = [];
  const seen = new Set<string>();
  const stack: { readonly name: string; isEntered: boolean }[] = Object.keys(project.services)
    .sort()
    .reverse()
    .map((name) => ({ name, isEntered: false }));
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    if (top.isEntered || seen.has(top.name)) {
      if (top.isEntered) order.push(top.name);
      stack.pop();
      continue;
    }
    seen.add(top.name);
    top.isEntered = true;
    const service = own(project.services, top.name);
    for (const name of Object.keys(service?.depends_on ?? {})
      .sort()
      .reverse()) {
      if (!seen.has(name) && own(project.services, name) !== undefined) stack.push({ name, isEntered: false });
    }
  }
  return order;
}

/** The images the project runs: of its services, hooks and image mounts. */
export function listImages(project: Project): string[] {
  const images = new Set<string>();
  for (const [name, service] of Object.entries(project.services)) {
    if (service.provider === undefined) images.add(imageName(project.name, name, service));
    for (const hook of service.pre_start ?? []) if (hook.image !== undefined) images.add(hook.image);
    for (const mount of service.volumes ?? []) if (mount.type === 'image' && mount.source) images.add(mount.source);
  }
  return [...images].sort();
}

/** The profiles of all services, enabled or not. */
export function listProfiles(tree: Tree): string[] {
  const profiles = new Set<string>();
  for (const service of Object.values(isTree(tree.services) ? tree.services : {})) {
    if (isTree(service) && Array.isArray(service.profiles))
      for (const name of service.profiles) profiles.add(String(name));
  }
  return [...profiles].sort();
}

/** `name hash` of the services named, or of all for `*`. Throws NO_SERVICE. */
export async function listHashes(project: Project, names: readonly string[]): Promise<string[]> {
  const { serviceHash } = await import('../model/hash.ts');
  const wanted = names.includes('*') ? Object.keys(project.services) : names;
  return [...wanted].sort().map((name) => {
    const service = own(project.services, name);
    if (service === undefined) throw new ComposeError('NO_SERVICE', `no such service: ${name}`);
    return `${name} ${serviceHash(service)}`;
  });
}

/** A variable the files use. */
export interface VariableSummary {
  readonly name: string;
  readonly required: boolean;
  readonly defaultValue: string;
  readonly alternateValue: string;
}

/** The variables of a merged file that was not interpolated, by name. */
export function listVariables(tree: Tree): VariableSummary[] {
  const found = new Map<string, VariableSummary>();
  const visitValue = (value: Value): void => {
    if (typeof value === 'string') addVariables(value, found);
    else if (Array.isArray(value)) value.forEach(visitValue);
    else if (isTree(value)) Object.values(value).forEach(visitValue);
  };
  visitValue(tree);
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function addVariables(text: string, found: Map<string, VariableSummary>): void {
  let uses: ReturnType<typeof variablesOf>;
  try {
    uses = variablesOf(text);
  } catch {
    // What is malformed is the business of interpolation, which names the place.
    return;
  }
  for (const { name, operator, argument } of uses) {
    const known = found.get(name);
    found.set(name, {
      name,
      required: known?.required === true || operator === '?' || operator === ':?',
      defaultValue: operator === '-' || operator === ':-' ? argument : (known?.defaultValue ?? ''),
      alternateValue: operator === '+' || operator === ':+' ? argument : (known?.alternateValue ?? ''),
    });
  }
}

/** The project with only the services named and what they depend on, and without resources nobody uses then. */
export function selectServices(project: Project, names: readonly string[]): Project {
  if (names.length === 0) return project;
  const wanted = new Set<string>();
  const queue = [...names];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (wanted.has(name)) continue;
    const service = own(project.services, name);
    if (service === undefined) {
      if (names.includes(name)) throw new ComposeError('NO_SERVICE', `no such service: ${name}`);
      continue;
    }
    wanted.add(name);
    queue.push(...Object.keys(service.depends_on ?? {}));
  }
  const services = Object.fromEntries(Object.entries(project.services).filter(([name]) => wanted.has(name)));
  return dropUnused({ ...project, services });
}

function dropUnused(project: Project): Project {
  const used = usedResources(project.services);
  const out: Record<string, unknown> = { ...project };
  for (const kind of ['networks', 'volumes', 'secrets', 'configs', 'models'] as const) {
    const kept = Object.entries(project[kind] ?? {}).filter(([key]) => used[kind].has(key));
    if (kept.length === 0) delete out[kind];
    else out[kind] = Object.fromEntries(kept);
  }
  return out as unknown as Project;
}
