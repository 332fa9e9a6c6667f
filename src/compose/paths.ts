import { resolve } from 'node:path';
import { isTree, type Tree, type Value } from './tree-path.ts';

export interface PathBase {
  /** Absolute directory that relative paths start from. */
  readonly directory: string;
  /** What `~` stands for. */
  readonly home: string | undefined;
}

/** An absolute path: `~` is the home, relative ones start from the directory. Absolute ones stay as they are written. */
function absolutePath(path: string, base: PathBase): string {
  if (path.startsWith('~') && base.home !== undefined) return resolve(base.home, `./${path.slice(1)}`);
  if (path.startsWith('/')) return path;
  // The directory itself when nothing but dots is left; never with a slash at the end.
  return resolve(base.directory, path);
}

/** Whether a build context lies elsewhere than on this machine. */
function isRemoteContext(context: string): boolean {
  return (
    /^(?:https?:\/\/|git:\/\/|ssh:\/\/|git@|github\.com\/)/.test(context) || /^[a-z][a-z0-9+.-]*:\/\//.test(context)
  );
}

/** Makes the paths of a service in long form absolute. */
export function resolveServicePaths(service: Tree, base: PathBase): void {
  const { build } = service;
  if (isTree(build)) {
    const inPlace = (context: string): string =>
      isRemoteContext(context) || context.startsWith('service:') ? context : absolutePath(context, base);
    if (typeof build.context === 'string' && build.context !== '') build.context = inPlace(build.context);
    mapStrings(build.additional_contexts, inPlace);
    mapStrings(build.ssh, (path) => (path === '' ? path : absolutePath(path, base)));
  }
  mapStrings(service.label_file, (path) => absolutePath(path, base));
  for (const file of trees(service.env_file)) {
    if (typeof file.path === 'string') file.path = absolutePath(file.path, base);
  }
  for (const volume of trees(service.volumes)) {
    if (volume.type !== 'bind' || typeof volume.source !== 'string' || volume.source === '') continue;
    if (!isWindowsPath(volume.source)) volume.source = absolutePath(volume.source, base);
  }
  const watch = isTree(service.develop) ? service.develop.watch : undefined;
  for (const rule of trees(watch)) if (typeof rule.path === 'string') rule.path = absolutePath(rule.path, base);
}

/** Makes the paths of the top-level resources absolute. */
export function resolveResourcePaths(tree: Tree, base: PathBase): void {
  for (const kind of ['configs', 'secrets']) {
    for (const resource of trees(tree[kind])) {
      if (typeof resource.file === 'string') resource.file = absolutePath(resource.file, base);
    }
  }
  for (const volume of trees(tree.volumes)) {
    const options = volume.driver_opts;
    if (volume.driver !== 'local' || !isTree(options) || options.o !== 'bind') continue;
    if (typeof options.device === 'string') options.device = absolutePath(options.device, base);
  }
}

function isWindowsPath(path: string): boolean {
  return /^[A-Za-z]:[\\/]/.test(path) || path.startsWith('\\\\');
}

function trees(value: Value | undefined): Tree[] {
  if (Array.isArray(value)) return value.filter(isTree);
  return isTree(value) ? Object.values(value).filter(isTree) : [];
}

function mapStrings(value: Value | undefined, change: (text: string) => string): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) if (typeof item === 'string') value[index] = change(item);
  } else if (isTree(value)) {
    for (const [key, item] of Object.entries(value)) if (typeof item === 'string') value[key] = change(item);
  }
}
