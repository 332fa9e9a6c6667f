/** `down`: dependents first, then what they needed, then networks and, on request, volumes. */
import type { Service } from '../model/service.ts';
import type { ApplySettings } from '../model/settings.ts';
import { ComposeError } from '../util/errors.ts';
import type { Desired } from './desired.ts';
import { dependencyOrder, dependentsOf } from './graph.ts';
import type { Observed, ObservedContainer } from './observed.ts';
import { planContainerRemoval } from './orphans.ts';
import type { PlanBuilder } from './plan.ts';
import { planFirewallRepair } from './repair.ts';

/** Plans the end of the project, or of the named services. */
export function planDown(builder: PlanBuilder, desired: Desired, observed: Observed, settings: ApplySettings): void {
  const services = desired.project.services;
  const named = new Set(settings.services);
  const isMeant = (name: string) => named.size === 0 || named.has(name);
  const removed = new Map<string, number>();
  const stops = new Map<string, number[]>();
  const remove = (container: ObservedContainer, after: readonly number[]): void => {
    const nodes = planContainerRemoval(builder, container, 'the project is taken down', settings, {
      // A container's anonymous volumes go with it only when asked: `down` alone keeps data.
      volumes: settings.removeVolumes ? Object.values(container.record.anonymousVolumes) : [],
      after,
    });
    removed.set(container.record.id, nodes.remove);
    const list = stops.get(container.record.service) ?? [];
    list.push(nodes.stop ?? nodes.remove);
    stops.set(container.record.service, list);
  };
  // What profiles have left that are not active any more goes with the rest: nobody would know what still uses the networks.
  const inactive = named.size === 0 ? inactiveServices(desired, observed) : {};
  const all = { ...inactive, ...services };
  for (const name of [...orderOf(inactive).reverse(), ...dependencyOrder(services).reverse()]) {
    if (!isMeant(name)) continue;
    const after = dependentsOf(all, name).flatMap((dependent) => stops.get(dependent) ?? []);
    for (const container of observed.containers) {
      if (container.record.service === name && !container.record.oneOff) remove(container, after);
    }
  }
  for (const container of observed.containers) {
    if (container.record.hook !== undefined && isMeant(container.record.service)) remove(container, []);
  }
  // Of services that are not in the file, and what `run` has made.
  if (named.size === 0 && settings.orphans === 'remove') {
    const others = observed.containers.filter(({ record }) => !removed.has(record.id) && record.hook === undefined);
    for (const other of others) remove(other, []);
  }
  const remaining = observed.containers.filter(({ record }) => !removed.has(record.id));
  for (const { record } of observed.networks) {
    const users = remaining.filter((container) =>
      container.record.endpoints.some(({ networkId }) => networkId === record.id),
    );
    if (named.size > 0 && users.length > 0) continue;
    if (users.length > 0) {
      builder.warn(
        `network ${record.name}: resource is still in use by ${users.map((user) => user.record.name).join(', ')}`,
      );
      continue;
    }
    const after = observed.containers
      .filter((container) => container.record.endpoints.some(({ networkId }) => networkId === record.id))
      .flatMap((container) => removed.get(container.record.id) ?? []);
    builder.add(
      {
        type: 'removeNetwork',
        kind: 'network',
        resource: record.name,
        service: null,
        cause: 'the project is taken down',
        changes: [],
        networkId: record.id,
      },
      after,
    );
  }
  if (settings.removeVolumes && named.size === 0) planVolumeRemoval(builder, observed, remaining, removed);
  // Rules of what went before, where whoever took it down was killed.
  if (observed.firewall !== 'intact') planFirewallRepair(builder);
}

type Services = Readonly<Record<string, Service>>;

/** Services that the files declare and no active profile enables, as they were when their containers were made. */
function inactiveServices({ declared, project }: Desired, observed: Observed): Services {
  const isInactive = (name: string) =>
    project.services[name] === undefined && declared?.services.includes(name) === true;
  const records = observed.containers.map(({ record }) => record);
  return Object.fromEntries(
    records.filter(({ service }) => isInactive(service)).map(({ service, config }) => [service, config]),
  );
}

/** By their dependencies, as far as there is such an order: the containers may be of different times, and so of different files. */
function orderOf(services: Services): string[] {
  try {
    return dependencyOrder(services);
  } catch (error) {
    if (!(error instanceof ComposeError) || error.code !== 'CYCLE') throw error;
    return Object.keys(services).sort();
  }
}

function planVolumeRemoval(
  builder: PlanBuilder,
  observed: Observed,
  remaining: readonly ObservedContainer[],
  removed: ReadonlyMap<string, number>,
): void {
  const anonymous = new Set(observed.containers.flatMap(({ record }) => Object.values(record.anonymousVolumes)));
  for (const { record } of observed.volumes) {
    if (anonymous.has(record.name)) continue;
    const users = remaining.filter((container) => container.record.volumes.includes(record.name));
    if (users.length > 0) {
      builder.warn(
        `volume ${record.name}: resource is still in use by ${users.map((user) => user.record.name).join(', ')}`,
      );
      continue;
    }
    const after = observed.containers
      .filter((container) => container.record.volumes.includes(record.name))
      .flatMap((container) => removed.get(container.record.id) ?? []);
    builder.add(
      {
        type: 'removeVolume',
        kind: 'volume',
        resource: record.name,
        service: null,
        cause: 'removal of volumes was asked for',
        changes: [],
        name: record.name,
      },
      after,
    );
  }
}
