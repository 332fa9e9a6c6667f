/** `stop start restart kill pause unpause rm`: commands on the containers that exist, whatever the file says now. */
import type { ApplySettings } from '../model/settings.ts';
import type { Desired } from './desired.ts';
import { dependenciesOf, dependencyOrder, dependentsOf } from './graph.ts';
import type { Observed, ObservedContainer } from './observed.ts';
import { planContainerRemoval } from './orphans.ts';
import type { PlanBuilder } from './plan.ts';
import { isActive, selectedContainers } from './selection.ts';

type Planner = (builder: PlanBuilder, desired: Desired, observed: Observed, settings: ApplySettings) => void;

export const planStop: Planner = (builder, desired, observed, settings) => {
  stopInOrder(builder, desired, selectedContainers(observed, settings), settings, 'stop was asked for');
};

export const planStart: Planner = (builder, desired, observed, settings) => {
  startInOrder(builder, desired, selectedContainers(observed, settings), new Map(), 'start was asked for');
};

export const planRestart: Planner = (builder, desired, observed, settings) => {
  const services = desired.project.services;
  const names = new Set(settings.services);
  // Dependents that asked to be restarted with their dependency come along (depends_on.restart).
  if (names.size > 0 && settings.dependencies === 'include') {
    for (const name of dependencyOrder(services)) {
      const dependencies = services[name]?.depends_on ?? {};
      if (Object.keys(dependencies).some((other) => names.has(other) && dependencies[other]?.restart)) names.add(name);
    }
  }
  const containers = selectedContainers(observed, { ...settings, services: [...names] });
  const stops = stopInOrder(builder, desired, containers, settings, 'restart was asked for');
  startInOrder(builder, desired, containers, stops, 'restart was asked for');
};

export const planKill: Planner = (builder, _desired, observed, settings) => {
  for (const container of selectedContainers(observed, settings, { oneOffs: 'include' })) {
    if (!isActive(container)) continue;
    builder.add({
      type: 'killContainer',
      ...about(container, `${settings.signal} was asked for`),
      signal: settings.signal,
    });
  }
};

export const planPause: Planner = (builder, _desired, observed, settings) => {
  for (const container of selectedContainers(observed, settings)) {
    if (container.state.status === 'running') {
      builder.add({ type: 'pauseContainer', ...about(container, 'pause was asked for') });
    }
  }
};

export const planUnpause: Planner = (builder, _desired, observed, settings) => {
  for (const container of selectedContainers(observed, settings)) {
    if (container.state.status === 'paused') {
      builder.add({ type: 'unpauseContainer', ...about(container, 'unpause was asked for') });
    }
  }
};

export const planRemoveStopped: Planner = (builder, _desired, observed, settings) => {
  for (const container of selectedContainers(observed, settings)) {
    if (isActive(container) && !settings.stopFirst) continue;
    planContainerRemoval(builder, container, 'removal was asked for', settings, {
      volumes: settings.removeVolumes ? Object.values(container.record.anonymousVolumes) : [],
      after: [],
    });
  }
};

function stopInOrder(
  builder: PlanBuilder,
  desired: Desired,
  containers: readonly ObservedContainer[],
  settings: ApplySettings,
  cause: string,
): Map<string, number[]> {
  const services = desired.project.services;
  const stops = new Map<string, number[]>();
  for (const name of serviceOrder(desired, containers).reverse()) {
    const after = dependentsOf(services, name).flatMap((dependent) => stops.get(dependent) ?? []);
    const nodes = containers
      .filter((container) => container.record.service === name && isActive(container))
      .map((container) =>
        builder.add({ type: 'stopContainer', ...about(container, cause), timeoutMs: settings.stopTimeoutMs }, after),
      );
    stops.set(name, nodes);
  }
  return stops;
}

function startInOrder(
  builder: PlanBuilder,
  desired: Desired,
  containers: readonly ObservedContainer[],
  stops: ReadonlyMap<string, readonly number[]>,
  cause: string,
): void {
  const services = desired.project.services;
  const starts = new Map<string, number[]>();
  for (const name of serviceOrder(desired, containers)) {
    const replicas = containers.filter(({ record }) => record.service === name);
    const stopped = stops.get(name) ?? [];
    const waits = dependenciesOf(services, name).flatMap((dependency) => {
      const started = starts.get(dependency) ?? [];
      const terms = services[name]?.depends_on?.[dependency];
      if (started.length === 0 || terms === undefined || terms.condition === 'service_started') return started;
      const names = containers.filter(({ record }) => record.service === dependency).map(({ record }) => record.name);
      return [
        builder.add(
          {
            type: 'waitDependency',
            kind: 'container',
            resource: names[0] ?? dependency,
            service: dependency,
            cause: `${name} waits for it`,
            changes: [],
            condition: terms.condition,
            isRequired: terms.required,
            names,
          },
          started,
        ),
      ];
    });
    const nodes = replicas
      .filter((container) => stopped.length > 0 || !isActive(container))
      .map((container) =>
        builder.add({ type: 'startContainer', ...about(container, cause), name: container.record.name }, [
          ...stopped,
          ...waits,
        ]),
      );
    starts.set(name, nodes);
  }
}

/** Services of the containers in dependency order; those the file no longer knows come last. */
function serviceOrder(desired: Desired, containers: readonly ObservedContainer[]): string[] {
  const present = new Set(containers.map(({ record }) => record.service));
  const known = dependencyOrder(desired.project.services).filter((name) => present.has(name));
  const unknown = [...present].filter((name) => desired.project.services[name] === undefined).sort();
  return [...known, ...unknown];
}

function about({ record }: ObservedContainer, cause: string) {
  return {
    kind: 'container',
    resource: record.name,
    service: record.service,
    cause,
    changes: [],
    containerId: record.id,
  } as const;
}
