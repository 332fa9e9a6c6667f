import { Document, isScalar, visit } from 'yaml';
import { imageName, type NameSeparator } from '../model/names.ts';
import type { Project } from '../model/project.ts';
import { ComposeError } from '../util/errors.ts';
import { didYouMean } from '../util/nearest.ts';
import { usedResources } from './resources.ts';
import { plainScalar } from './scalar.ts';
import { variablesOf } from './template.ts';
import { isTree, own, type Tree, type Value } from './tree-path.ts';

/** The project as `config --format json` prints it: as the reference does, so that programs that read it go on. */
export function formatJson(project: Project): string {
  // The reference's encoder writes these so, to be safe inside of HTML.
  return JSON.stringify(printable(project as unknown as Tree, 'json'), null, 2).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * `json` is the reference's: each `$` doubled, in keys too, extensions at the top level only, empty lists in them as null, and
 * a limit of zero left out. `yaml` is for people, and what it says loads again: without what says nothing (`command: null`,
 * `ipam: {}`), and with what the reference leaves out and then misses.
 */
type Form = 'json' | 'yaml';

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

function printable(project: Tree, form: Form): Tree {
  const out: Tree = {};
  for (const key of Object.keys(project).sort()) {
    const value = project[key] as Value;
    out[keyText(key, form)] = key.startsWith('x-') ? extension(value, form) : printed(value, key, false, form);
  }
  return out;
}

/** Keys are not interpolated, so in what is to load again they stay. */
function keyText(key: string, form: Form): string {
  return form === 'json' ? key.replaceAll('$', '$$$$') : key;
}

/** `key` is where the value stands, and `isNamed` whether that key is the user's. */
function printed(value: Value, key: string, isNamed: boolean, form: Form): Value {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$');
  if (Array.isArray(value)) return value.map((item) => printed(item, '', false, form));
  if (!isTree(value)) return value;
  const holdsNames = !isNamed && NAMED.has(key);
  return form === 'json' && holdsNames && key === 'ulimits' ? limits(value) : tree(value, key, holdsNames, form);
}

function tree(value: Tree, parent: string, holdsNames: boolean, form: Form): Tree {
  const out: Tree = {};
  for (const key of Object.keys(value).sort()) {
    const child = value[key] as Value;
    const isExtension = key.startsWith('x-') && !holdsNames;
    if (isExtension && form === 'json') continue;
    if (form === 'yaml' && !holdsNames && isEmptyByConvention(key, child, parent)) continue;
    out[keyText(key, form)] = isExtension ? extension(child, form) : printed(child, key, holdsNames, form);
  }
  return out;
}

function extension(value: Value, form: Form): Value {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$');
  if (Array.isArray(value))
    return value.length === 0 && form === 'json' ? null : value.map((item) => extension(item, form));
  if (!isTree(value)) return value;
  const out: Tree = {};
  for (const key of Object.keys(value).sort()) {
    out[keyText(key, form)] = extension(value[key] as Value, form);
  }
  return out;
}

function limits(ulimits: Tree): Tree {
  const out: Tree = {};
  for (const name of Object.keys(ulimits).sort()) {
    const limit = ulimits[name] as Value;
    if (!isTree(limit)) out[name] = limit === 0 ? {} : limit;
    else
      out[name] = Object.fromEntries(
        Object.entries(limit).filter(([key, value]) => value !== 0 && !key.startsWith('x-')),
      );
  }
  return out;
}

function isEmptyByConvention(key: string, value: Value, parent: string): boolean {
  // A hook, which stands below exec or in a list, must have a command.
  if (value === null) return (key === 'command' || key === 'entrypoint') && parent !== 'exec' && parent !== '';
  return key === 'ipam' && typeof value === 'object' && Object.keys(value).length === 0;
}

/** The project as `config` prints it. `isNormalized`: whether resources were given their names. */
export function formatYaml(project: Project, isNormalized = true): string {
  return toYaml(printable((isNormalized ? loadable(project) : project) as unknown as Tree, 'yaml'));
}

/**
 * The project as a file has to say it: a resource's name that is empty and a device without capabilities are written down, and
 * an optional dependency on a service that no profile enables is not.
 */
function loadable(project: Project): Project {
  const out: Record<string, unknown> = { ...project };
  for (const kind of ['networks', 'volumes', 'secrets', 'configs'] as const) {
    out[kind] = mapValues(project[kind], (resource) => ({ ...resource, name: resource.name ?? '' }));
    if (out[kind] === undefined) delete out[kind];
  }
  out.services = mapValues(project.services, (service) => {
    const plain = { ...service };
    const dependencies = Object.entries(service.depends_on ?? {}).filter(
      ([name, { required }]) => required || own(project.services, name) !== undefined,
    );
    if (dependencies.length > 0) plain.depends_on = Object.fromEntries(dependencies);
    else delete plain.depends_on;
    const reservations = service.deploy?.resources.reservations;
    if (service.deploy === undefined || reservations?.devices === undefined) return plain;
    const devices = reservations.devices.map((device) => ({ ...device, capabilities: device.capabilities ?? [] }));
    const resources = { ...service.deploy.resources, reservations: { ...reservations, devices } };
    return { ...plain, deploy: { ...service.deploy, resources } };
  });
  return out as unknown as Project;
}

function mapValues<T, U>(
  map: Readonly<Record<string, T>> | undefined,
  change: (value: T) => U,
): Record<string, U> | undefined {
  return map && Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
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

/** What people look for first comes first. */
const ORDER = ['name', 'services', 'networks', 'volumes', 'secrets', 'configs', 'models'];

function toYaml(tree: Tree): string {
  const first = ORDER.filter((key) => Object.hasOwn(tree, key));
  const rest = Object.keys(tree).filter((key) => !ORDER.includes(key));
  const ordered = Object.fromEntries([...first, ...rest].map((key) => [key, tree[key]]));
  const document = new Document(ordered, { aliasDuplicateObjects: false });
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
export function listImages(project: Project, separator: NameSeparator): string[] {
  const images: string[] = [];
  for (const [name, service] of Object.entries(project.services)) {
    if (service.provider === undefined) images.push(imageName(project.name, name, service, separator));
    for (const hook of service.pre_start ?? []) if (hook.image !== undefined) images.push(hook.image);
    for (const mount of service.volumes ?? []) if (mount.type === 'image' && mount.source) images.push(mount.source);
  }
  return images.sort();
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
    if (service === undefined) throw noService(name, project);
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
    // Of several defaults the first stands.
    found.set(name, {
      name,
      required: known?.required === true || operator === '?' || operator === ':?',
      defaultValue: known?.defaultValue || (operator === '-' || operator === ':-' ? argument : ''),
      alternateValue: known?.alternateValue || (operator === '+' || operator === ':+' ? argument : ''),
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
      if (names.includes(name)) throw noService(name, project);
      continue;
    }
    wanted.add(name);
    queue.push(...Object.keys(service.depends_on ?? {}));
  }
  const services = Object.fromEntries(Object.entries(project.services).filter(([name]) => wanted.has(name)));
  return dropUnused({ ...project, services });
}

function noService(name: string, project: Project): ComposeError {
  return new ComposeError('NO_SERVICE', `no such service: ${name}`, {
    hint: didYouMean(name, Object.keys(project.services)),
  });
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
