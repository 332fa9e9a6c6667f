import type { Service } from '../model/service.ts';
import { didYouMean } from '../util/nearest.ts';
import { linkedService } from './normalize.ts';
import type { ReportAt } from './report.ts';
import { isNamedVolume } from './resources.ts';
import { formatPath, isTree, own, type Tree, type TreePath, type Value } from './tree-path.ts';

/** Checks attributes against each other in a merged file in long form, before anything is made explicit. */
export function checkTree(tree: Tree, report: ReportAt): void {
  for (const [key, volume] of entries(tree.volumes)) {
    if (volume.external !== true) continue;
    for (const attribute of Object.keys(volume)) {
      if (attribute === 'external' || attribute === 'name' || attribute.startsWith('x-')) continue;
      report(
        ['volumes', key, attribute],
        `volumes.${key}: it is external, made elsewhere, so ${attribute} has no place here`,
        {
          hint: 'an external volume is used as it is',
        },
      );
    }
  }
  checkFiles(tree, 'configs', ['file', 'environment', 'content'], report);
  checkFiles(tree, 'secrets', ['file', 'environment'], report);
  for (const [name, service] of entries(tree.services)) {
    checkLists(service, ['services', name], report);
  }
}

function checkFiles(tree: Tree, kind: string, sources: readonly string[], report: ReportAt): void {
  for (const [key, resource] of entries(tree[kind])) {
    const given = sources.filter((source) => resource[source] !== undefined);
    if (given.length > 1) {
      report(
        [kind, key, given[1] ?? ''],
        `${kind}.${key}: its content has one source, and here are two of ${sources.join(', ')}`,
      );
    } else if (given.length === 0 && resource.external === undefined && resource.driver === undefined) {
      report([kind, key], `${kind}.${key}: nothing says where its content comes from: ${sources.join(', ')}`);
    }
  }
}

function checkLists(service: Tree, path: TreePath, report: ReportAt): void {
  for (const [index, volume] of items(service.volumes)) {
    const at = [...path, 'volumes', index];
    if (volume.target === undefined || volume.target === '')
      report(at, 'a mount needs a target', { hint: 'target: is the path in the container' });
    if (volume.type === 'bind' && (volume.source === undefined || volume.source === '')) {
      report(at, 'a bind mount needs a source', { hint: 'source: is the path on the host' });
    }
  }
  for (const [index, device] of items(service.devices)) {
    if (device.target === undefined || device.target === '')
      report([...path, 'devices', index], 'a device needs a target');
  }
  for (const [index, port] of items(service.ports)) {
    const at = [...path, 'ports', index];
    if (port.target === undefined || port.target === null || port.target === 0)
      report(at, 'a port needs a target', { hint: 'target: is the port in the container, from 1 to 65535' });
    if (typeof port.host_ip === 'string' && port.host_ip !== '' && !/^[0-9a-fA-F.:%]+$/.test(port.host_ip)) {
      report([...at, 'host_ip'], `${JSON.stringify(port.host_ip)} is not an IP address`);
    }
  }
  for (const [index, file] of items(service.env_file)) {
    const { format } = file;
    if (format !== undefined && format !== null && format !== '' && format !== 'raw') {
      report([...path, 'env_file', index, 'format'], `${JSON.stringify(format)} is not a format of env_file`, {
        hint: 'there is only raw',
      });
    }
  }
  const watch = isTree(service.develop) ? service.develop.watch : undefined;
  for (const [index, rule] of items(watch)) {
    if (rule.path === '') report([...path, 'develop', 'watch', index, 'path'], 'path must not be empty');
  }
}

function entries(value: Value | undefined): [string, Tree][] {
  return isTree(value) ? Object.entries(value).filter((entry): entry is [string, Tree] => isTree(entry[1])) : [];
}

function items(value: Value | undefined): [number, Tree][] {
  return Array.isArray(value) ? [...value.entries()].filter((entry): entry is [number, Tree] => isTree(entry[1])) : [];
}

/** What the checks of services need to know about the rest. */
export interface World {
  readonly services: Readonly<Record<string, Service>>;
  /** Services that the active profiles leave out. */
  readonly disabled: Readonly<Record<string, readonly string[]>>;
  readonly tree: Tree;
}

/** Checks each service against the others and against the resources it names. */
export function checkServices(world: World, report: ReportAt): void {
  const containerNames = new Map<string, string>();
  // To compare each of thousands of wrong names with thousands of right ones takes minutes.
  let suggestions = 100;
  const suggest: Suggest = (word, names) => (suggestions-- > 0 ? didYouMean(word, names) : undefined);
  for (const [name, service] of Object.entries(world.services)) {
    const path = ['services', name];
    checkImage(service, name, world, report);
    checkReferences(service, path, world, { report, suggest });
    checkDependencies(service, name, world, { report, suggest });
    checkNumbers(service, path, report);
    if (service.network_mode !== undefined && service.networks !== undefined) {
      report([...path, 'network_mode'], `service ${name} has network_mode and networks, of which a service has one`);
    }
    for (const [index, rule] of (service.develop?.watch ?? []).entries()) {
      if ((rule.target ?? '') === '' && rule.action.startsWith('sync')) {
        report([...path, 'develop', 'watch', index], `${rule.action} needs a target`, {
          hint: 'target: is the path in the container',
        });
      }
    }
    const container = service.container_name;
    if (container !== undefined) {
      const other = containerNames.get(container);
      if (other !== undefined) {
        report(
          [...path, 'container_name'],
          `container name ${JSON.stringify(container)} is already in use by service ${other}`,
        );
      }
      containerNames.set(container, name);
    }
  }
  const secrets = isTree(world.tree.secrets) ? world.tree.secrets : {};
  for (const [key, secret] of Object.entries(secrets)) {
    if (!isTree(secret) || secret.external === true) continue;
    if (secret.file === undefined && (secret.environment ?? '') === '') {
      report(['secrets', key], `secret ${key} needs file or environment`);
    }
  }
  checkCycles(world.services, report);
}

function checkImage(service: Service, name: string, world: World, report: ReportAt): void {
  const path = ['services', name];
  if (service.image === undefined && service.build === undefined && service.provider === undefined) {
    report(path, `service ${name} has neither image nor build`, {
      hint: 'image: says what it runs, build: from which directory its image is built',
    });
  }
  const { build } = service;
  if (build === undefined) return;
  if (build.dockerfile !== undefined && build.dockerfile_inline !== undefined) {
    report([...path, 'build', 'dockerfile_inline'], 'dockerfile and dockerfile_inline exclude each other');
  }
  const { platform } = service;
  if (platform !== undefined && build.platforms !== undefined && !build.platforms.includes(platform)) {
    report(
      [...path, 'build', 'platforms'],
      `platform ${JSON.stringify(platform)} of the service is not among the platforms of its build`,
    );
  }
  for (const [key, context] of Object.entries(build.additional_contexts ?? {})) {
    if (!context.startsWith('service:')) continue;
    const target = context.slice('service:'.length);
    const at = [...path, 'build', 'additional_contexts', key];
    const other = own(world.services, target);
    if (other === undefined) report(at, `there is no service ${JSON.stringify(target)}`);
    else if (other.build === undefined) report(at, `service ${target} is not built, so it is no build context`);
  }
}

type Suggest = (word: string, names: readonly string[]) => string | undefined;
interface Teller {
  readonly report: ReportAt;
  readonly suggest: Suggest;
}

function checkReferences(service: Service, path: TreePath, world: World, { report, suggest }: Teller): void {
  const check = (kind: string, key: string | undefined, at: TreePath, said?: string): void => {
    if (key === undefined) {
      report(at, `${formatPath(at)}: source is missing`, { hint: `source is the name of a ${kind.slice(0, -1)}` });
      return;
    }
    const resources = world.tree[kind];
    if (isTree(resources) && Object.hasOwn(resources, key)) return;
    const word = kind.slice(0, -1);
    report(at, `service ${String(path[1])} refers to undefined ${word} ${key}`, {
      hint:
        suggest(key, isTree(resources) ? Object.keys(resources) : []) ??
        said ??
        `declare it at the top level, below ${kind}:`,
    });
  };
  for (const network of Object.keys(service.networks ?? {})) check('networks', network, [...path, 'networks', network]);
  for (const [index, volume] of (service.volumes ?? []).entries()) {
    if (!isNamedVolume(volume)) continue;
    const source = volume.source ?? '';
    const said = source.includes('/') ? `a directory begins with ./ as in ./${source}` : undefined;
    check('volumes', source, [...path, 'volumes', index], said);
  }
  for (const [index, config] of (service.configs ?? []).entries())
    check('configs', config.source, [...path, 'configs', index]);
  for (const [index, secret] of (service.secrets ?? []).entries())
    check('secrets', secret.source, [...path, 'secrets', index]);
  for (const [index, secret] of (service.build?.secrets ?? []).entries()) {
    check('secrets', secret.source, [...path, 'build', 'secrets', index]);
  }
  for (const model of Object.keys(service.models ?? {})) check('models', model, [...path, 'models', model]);
}

function checkDependencies(service: Service, name: string, world: World, { report, suggest }: Teller): void {
  for (const [other, dependency] of Object.entries(service.depends_on ?? {})) {
    if (own(world.services, other) !== undefined) continue;
    const profiles = own(world.disabled, other);
    if (profiles !== undefined && !dependency.required) continue;
    const at = dependencyPlace(service, name, other);
    if (profiles !== undefined) {
      report(at, `service ${name} needs ${other}, which no active profile enables`, {
        hint: `enable it with ${profiles.map((profile) => `--profile ${profile}`).join(' or ')}`,
      });
    } else {
      const hint = suggest(other, Object.keys(world.services));
      report(at, `service ${name} depends on undefined service ${other}`, hint === undefined ? {} : { hint });
    }
  }
}

/** Where the file says it: depends_on, or what implies it. */
function dependencyPlace(service: Service, name: string, other: string): TreePath {
  const path = ['services', name];
  for (const key of ['network_mode', 'ipc', 'pid', 'uts', 'cgroup'] as const) {
    if (service[key] === `service:${other}`) return [...path, key];
  }
  const link = service.links?.findIndex((text) => linkedService(text) === other) ?? -1;
  if (link >= 0) return [...path, 'links', link];
  const from = service.volumes_from?.findIndex((text) => text === other || text.startsWith(`${other}:`)) ?? -1;
  return from >= 0 ? [...path, 'volumes_from', from] : [...path, 'depends_on', other];
}

function checkNumbers(service: Service, path: TreePath, report: ReportAt): void {
  const limits = service.deploy?.resources.limits;
  const reservations = service.deploy?.resources.reservations;
  const same = (key: string, value: unknown, other: string, otherValue: unknown): void => {
    if (value === undefined || otherValue === undefined || value === otherValue) return;
    report([...path, key], `services.${path[1]}: ${key} and ${other} say the same thing with different values`);
  };
  same('cpus', service.cpus, 'deploy.resources.limits.cpus', limits && (limits.cpus ?? 0));
  same('mem_limit', service.mem_limit, 'deploy.resources.limits.memory', limits && (limits.memory ?? '0'));
  same(
    'mem_reservation',
    service.mem_reservation,
    'deploy.resources.reservations.memory',
    reservations && (reservations.memory ?? '0'),
  );
  same('pids_limit', service.pids_limit, 'deploy.resources.limits.pids', limits && (limits.pids ?? 0));
  same('scale', service.scale, 'deploy.replicas', service.deploy?.replicas);
  const replicas = service.scale ?? service.deploy?.replicas ?? 1;
  if (replicas > 1 && service.container_name !== undefined) {
    report(
      [...path, 'container_name'],
      `a service with ${replicas} containers cannot have a container_name, since names are unique`,
    );
  }
}

function checkCycles(services: Readonly<Record<string, Service>>, report: ReportAt): void {
  const done = new Set<string>();
  const onPath = new Set<string>();
  for (const root of Object.keys(services).sort()) {
    // An explicit stack: a chain of thousands of services must not end ours.
    const stack: { name: string; rest: string[] }[] = [];
    const enter = (name: string): void => {
      onPath.add(name);
      const dependencies = Object.keys(own(services, name)?.depends_on ?? {})
        .sort()
        .reverse();
      stack.push({ name, rest: dependencies });
    };
    if (!done.has(root)) enter(root);
    while (stack.length > 0) {
      const top = stack.at(-1);
      const next = top?.rest.pop();
      if (top === undefined) break;
      if (next === undefined) {
        done.add(top.name);
        onPath.delete(top.name);
        stack.pop();
      } else if (onPath.has(next)) {
        const names = stack.map((frame) => frame.name);
        const cycle = [...names.slice(names.indexOf(next)), next];
        report(
          dependencyPlace(services[top.name] as Service, top.name, next),
          `dependency cycle detected: ${cycle.join(' -> ')}`,
          {
            code: 'cycle',
          },
        );
        return;
      } else if (!done.has(next) && own(services, next) !== undefined) enter(next);
    }
  }
}
