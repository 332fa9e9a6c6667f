import { cleanPath, parsePort, parseVolume } from './short-forms.ts';
import { isTree, type Tree, type Value } from './tree-path.ts';

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
