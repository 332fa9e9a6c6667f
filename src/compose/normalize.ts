import { resourceName } from '../model/names.ts';
import type { Lookup } from './template.ts';
import { isTree, own, type Tree } from './tree-path.ts';

/**
 * Makes explicit what the files leave to convention, in place: the default network, dependencies that follow from
 * sharing, names of resources, and variables that environment and build arguments take from outside.
 */
export function normalize(tree: Tree, projectName: string, lookup: Lookup): void {
  const services = isTree(tree.services) ? tree.services : {};
  let isDefaultUsed = false;
  for (const service of Object.values(services)) {
    if (!isTree(service)) continue;
    if (normalizeService(service, lookup)) isDefaultUsed = true;
  }
  if (isDefaultUsed) {
    if (!isTree(tree.networks)) tree.networks = {};
    if (own(tree.networks, 'default') === undefined) tree.networks.default = null;
  }
  for (const kind of ['networks', 'volumes', 'secrets', 'configs', 'models']) {
    const resources = tree[kind];
    if (!isTree(resources)) continue;
    for (const key of Object.keys(resources)) {
      const resource = isTree(resources[key]) ? resources[key] : {};
      resources[key] = resource;
      if (kind === 'models') continue;
      if (resource.name === undefined || resource.name === null) {
        resource.name = resourceName(projectName, key, resource.external === true);
      }
    }
  }
}

/** Returns whether the service is on the default network. */
function normalizeService(service: Tree, lookup: Lookup): boolean {
  if (service.pull_policy === 'if_not_present') service.pull_policy = 'missing';
  if (isTree(service.environment)) resolveMapping(service.environment, lookup, false);
  const { build } = service;
  if (isTree(build)) {
    if (build.context === undefined) build.context = '.';
    if (build.dockerfile === undefined && build.dockerfile_inline === undefined) build.dockerfile = 'Dockerfile';
    if (isTree(build.args)) resolveMapping(build.args, lookup, true);
  }
  if (Array.isArray(service.secrets)) {
    for (const secret of service.secrets) {
      if (isTree(secret) && (secret.target === undefined || secret.target === null)) {
        secret.target = `/run/secrets/${String(secret.source)}`;
      }
    }
  }
  if (Array.isArray(service.pre_start)) {
    for (const hook of service.pre_start) {
      if (isTree(hook) && hook.image === undefined && service.image !== undefined) hook.image = service.image;
    }
  }
  addImpliedDependencies(service);
  if (service.scale !== undefined && service.scale !== null && isTree(service.deploy)) {
    if (service.deploy.replicas === undefined) service.deploy.replicas = service.scale;
  }
  return joinDefaultNetwork(service);
}

function joinDefaultNetwork(service: Tree): boolean {
  // An empty mode is one too: it means no network.
  if (typeof service.network_mode === 'string' || isTree(service.provider)) return false;
  if (!isTree(service.networks) || Object.keys(service.networks).length === 0) service.networks = { default: null };
  return Object.hasOwn(service.networks, 'default');
}

/** Keys without a value take the variable of that name; one that is not set stays null, or goes. */
function resolveMapping(mapping: Tree, lookup: Lookup, dropUnset: boolean): void {
  for (const key of Object.keys(mapping)) {
    if (mapping[key] !== null) continue;
    const value = lookup(key);
    if (value !== undefined) mapping[key] = value;
    else if (dropUnset) delete mapping[key];
  }
}

/** The service of `SERVICE` or `SERVICE:ALIAS`. */
export function linkedService(link: string): string {
  const parts = link.split(':');
  return parts.length === 2 ? (parts[0] ?? '') : link;
}

function addImpliedDependencies(service: Tree): void {
  const add = (name: string, restart: boolean): void => {
    if (!isTree(service.depends_on)) service.depends_on = {};
    if (Object.hasOwn(service.depends_on, name)) return;
    service.depends_on[name] = { condition: 'service_started', required: true, ...(restart ? { restart: true } : {}) };
  };
  if (Array.isArray(service.links)) for (const link of service.links) add(linkedService(String(link)), true);
  for (const key of ['network_mode', 'ipc', 'pid', 'uts', 'cgroup']) {
    const value = service[key];
    if (typeof value === 'string' && value.startsWith('service:')) add(value.slice('service:'.length), true);
  }
  if (Array.isArray(service.volumes_from)) {
    for (const source of service.volumes_from) {
      const text = String(source);
      if (!text.startsWith('container:')) add(text.split(':', 1)[0] ?? '', false);
    }
  }
}
