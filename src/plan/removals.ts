/** What stops, or goes, before anything is made: surplus and replaced containers, and those that restart with a dependency. */
import type { Service } from '../model/service.ts';
import type { ApplySettings } from '../model/settings.ts';
import type { ServiceDecision } from './decide.ts';
import type { Desired } from './desired.ts';
import { dependentsOf } from './graph.ts';
import type { Observed, ObservedContainer } from './observed.ts';
import type { PlanBuilder } from './plan.ts';
import { isActive } from './selection.ts';
import { publishesPort } from './updates.ts';

/** The nodes of what stops or goes, for those who wait for them. */
export interface PlannedRemovals {
  /** The stop node of a container that is stopped only to be started again after a dependency. */
  stopOf(containerId: string): readonly number[];
  /** Stops one more container so. */
  stop(container: ObservedContainer, cause: string, after: readonly number[]): number;
  removalOf(containerId: string): readonly number[];
  /** Every removal of one service. */
  all(service: string): readonly number[];
  /** Removal nodes of the containers that match. */
  freeing(matches: (container: ObservedContainer) => boolean): readonly number[];
}

/** Plans the stops and removals that the decisions ask for, dependents first. */
export function planRemovals(
  builder: PlanBuilder,
  desired: Desired,
  observed: Observed,
  settings: ApplySettings,
  order: readonly string[],
  decisions: ReadonlyMap<string, ServiceDecision>,
): PlannedRemovals {
  const services = desired.project.services;
  const stops = new Map<string, number>();
  const removals = new Map<string, number>();
  const stopsOfService = new Map<string, number[]>();
  const add =
    (type: 'stopContainer' | 'drainContainer') =>
    ({ record }: ObservedContainer, cause: string, after: readonly number[]): number => {
      const { id: containerId, name: resource, service } = record;
      const about = { kind: 'container', resource, service, cause, changes: [] } as const;
      return builder.add({ ...about, type, containerId, timeoutMs: settings.stopTimeoutMs }, after);
    };
  const addStop = add('stopContainer');
  const addDrain = add('drainContainer');
  // Dependents stop before what they depend on.
  for (const name of [...order].reverse()) {
    const decision = decisions.get(name);
    if (decision === undefined) continue;
    const after = dependentsOf(services, name).flatMap((dependent) => stopsOfService.get(dependent) ?? []);
    const nodes: number[] = [];
    const staysServed = decision.kept.length + decision.update.updated.length + decision.update.continued.length > 0;
    const stop = (container: ObservedContainer, cause: string, others: 'serve' | 'none' = 'none'): number[] => {
      if (!isActive(container)) return [];
      const { record } = container;
      const service = services[name];
      const isServing = service !== undefined && publishesPort(service) && record.traffic !== 'held';
      const drains = others === 'serve' && staysServed && isServing;
      const node = addStop(container, cause, drains ? [addDrain(container, cause, after)] : after);
      nodes.push(node);
      return [node];
    };
    const remove = (
      container: ObservedContainer,
      cause: string,
      volumes: readonly string[],
      others: 'serve' | 'none' = 'none',
    ): void => {
      const stopped = stop(container, cause, others);
      removals.set(
        container.record.id,
        builder.add(
          {
            type: 'removeContainer',
            kind: 'container',
            resource: container.record.name,
            service: name,
            cause,
            changes: [],
            containerId: container.record.id,
            volumes,
          },
          stopped,
        ),
      );
    };
    for (const container of decision.surplus) {
      remove(container, 'scaled down', Object.values(container.record.anonymousVolumes), 'serve');
    }
    for (const { old, cause } of decision.replaced) {
      const volumes = settings.anonymousVolumes === 'renew' ? Object.values(old.record.anonymousVolumes) : [];
      remove(old, cause, volumes);
    }
    const restarting = restartingDependency(
      services[name],
      (other) => (decisions.get(other)?.replaced.length ?? 0) > 0,
    );
    if (restarting !== null) {
      for (const container of decision.kept) {
        const [node] = stop(container, restarting);
        if (node !== undefined) stops.set(container.record.id, node);
      }
    }
    stopsOfService.set(name, nodes);
  }
  return {
    stopOf: (id) => toList(stops.get(id)),
    stop: addStop,
    removalOf: (id) => toList(removals.get(id)),
    all: (service) =>
      observed.containers
        .filter(({ record }) => record.service === service)
        .flatMap(({ record }) => toList(removals.get(record.id))),
    freeing: (matches) => observed.containers.filter(matches).flatMap(({ record }) => toList(removals.get(record.id))),
  };
}

/** Why a service restarts with what it depends on (depends_on.restart); null when it does not. */
export function restartingDependency(
  service: Service | undefined,
  isReplacedSo: (name: string) => boolean,
): string | null {
  for (const [name, dependency] of Object.entries(service?.depends_on ?? {}).sort()) {
    if (dependency.restart && isReplacedSo(name)) {
      return `${name}, on which it depends with restart: true, is replaced`;
    }
  }
  return null;
}

function toList(node: number | undefined): readonly number[] {
  return node === undefined ? [] : [node];
}
