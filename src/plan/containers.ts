/**
 * Containers of the selected services: which are kept, replaced, added or removed, and in which order.
 *
 * Two passes. The first looks at what is there and plans every stop and removal; then networks and volumes that change
 * are replaced (nothing holds them any more); the second plans creation and start along the dependency graph.
 */
import type { ApplySettings } from '../model/settings.ts';
import { decide, isReplaced, type ServiceDecision, sharedServices } from './decide.ts';
import type { Desired } from './desired.ts';
import { dependencyOrder } from './graph.ts';
import type { PlannedNetworks } from './networks.ts';
import type { Observed, ObservedContainer } from './observed.ts';
import { planOrphanedResources, planOrphans } from './orphans.ts';
import type { PlanBuilder } from './plan.ts';
import { planRemovals, restartingDependency } from './removals.ts';
import { isActive, selectedServices } from './selection.ts';
import { StartPlanner } from './starts.ts';
import { planAddition, planUpdate, sharesPort } from './updates.ts';
import type { PlannedVolumes } from './volumes.ts';

/** Plans what becomes of the containers of the selected services, and of networks and volumes that must go in between. */
export function planContainers(
  builder: PlanBuilder,
  desired: Desired,
  observed: Observed,
  settings: ApplySettings,
  networks: PlannedNetworks,
  volumes: PlannedVolumes,
): void {
  const services = desired.project.services;
  const selected = affectedServices(desired, observed, settings, networks);
  const order = dependencyOrder(services).filter((name) => selected.has(name));

  const decisions = new Map<string, ServiceDecision>();
  for (const name of order) {
    decisions.set(name, decide(name, desired, observed, settings, networks, volumes, decisions));
  }
  const removal = planRemovals(builder, desired, observed, settings, order, decisions);
  planOrphans(builder, desired, observed, settings);
  const networkNodes = networks.replace((id) =>
    removal.freeing(({ record }) => record.endpoints.some(({ networkId }) => networkId === id)),
  );
  const volumeNodes = volumes.replace((name) => removal.freeing(({ record }) => record.volumes.includes(name)));

  const starts = new StartPlanner(builder, desired, observed, settings, selected);
  /** After which a container that only restarts begins again. */
  const restartNodes = (container: ObservedContainer, name: string): readonly number[] => {
    const isUpdated = (other: string) => (decisions.get(other)?.update.updated.length ?? 0) > 0;
    const cause = restartingDependency(services[name], isUpdated);
    if (cause === null || !isActive(container)) return removal.stopOf(container.record.id);
    return [removal.stop(container, cause, starts.dependencyNodes(name))];
  };
  for (const name of order) {
    const decision = decisions.get(name);
    const service = services[name];
    if (decision === undefined || service === undefined) continue;
    const ready = [
      ...Object.keys(service.networks ?? {}).flatMap((key) => networkNodes.get(key) ?? []),
      ...(service.volumes ?? []).flatMap((mount) => volumeNodes.get(mount.source ?? '') ?? []),
      ...sharedServices(service, desired.project).flatMap((other) => starts.creations(other)),
    ];
    for (const container of decision.kept) {
      starts.keep(name, container, {
        restartedAfter: restartNodes(container, name),
        networkNodes: container.record.endpoints.flatMap(({ networkId }) => {
          const key = Object.keys(desired.networks).find((candidate) =>
            observed.networks.some(
              ({ record }) => record.id === networkId && record.name === desired.networks[candidate]?.network.name,
            ),
          );
          return networkNodes.get(key ?? '') ?? [];
        }),
      });
    }
    const { manner, continued, updated } = decision.update;
    if (continued.length + updated.length > 0) {
      const begin = [...ready, ...removal.all(name)];
      starts.serve(name, planUpdate(starts, name, manner, { continued, updated, ready: begin }));
    }
    for (const { old, cause, changes } of decision.replaced) {
      const number = old.record.number;
      starts.create(name, number, cause, changes, {
        after: [...ready, ...removal.removalOf(old.record.id)],
        inheritedVolumes: settings.anonymousVolumes === 'inherit' ? old.record.anonymousVolumes : {},
      });
    }
    for (const number of decision.addedNumbers) {
      const cause = decision.kept.length === 0 && !isReplaced(decision) ? 'not found' : 'scaled up';
      const after = [...ready, ...removal.all(name)];
      const joins = cause === 'scaled up' && sharesPort(service) && settings.intent !== 'create';
      if (joins) starts.serve(name, [planAddition(starts, name, number, cause, after)]);
      else starts.create(name, number, cause, [], { after, inheritedVolumes: {} });
    }
  }
  planOrphanedResources(builder, desired, observed, settings);
  if (settings.wait === 'healthy') starts.waitForAll(order);
}

/** The selected services, and those whose containers are on a network that must be replaced. */
function affectedServices(
  desired: Desired,
  observed: Observed,
  settings: ApplySettings,
  networks: PlannedNetworks,
): ReadonlySet<string> {
  const affected = new Set(selectedServices(desired.project.services, settings));
  for (const { record } of observed.containers) {
    if (desired.project.services[record.service] === undefined) continue;
    if (record.endpoints.some(({ networkId }) => networks.replaced.has(networkId))) affected.add(record.service);
  }
  return affected;
}
