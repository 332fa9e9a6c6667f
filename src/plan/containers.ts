/**
 * Containers of the selected services: which are kept, replaced, added or removed, and in which order.
 *
 * Two passes. The first looks at what is there and plans every stop and removal; then networks and volumes that change
 * are replaced (nothing holds them any more); the second plans creation and start along the dependency graph.
 */
import type { FieldChange } from '../model/events.ts';
import { containerName, preStartName } from '../model/names.ts';
import type { DependencyCondition, Service } from '../model/service.ts';
import type { ApplySettings } from '../model/settings.ts';
import { decide, isReplaced, type ServiceDecision, sharedServices } from './decide.ts';
import type { Desired } from './desired.ts';
import { dependenciesOf, dependencyOrder, dependentsOf } from './graph.ts';
import type { PlannedNetworks } from './networks.ts';
import type { Observed, ObservedContainer } from './observed.ts';
import { planOrphanedResources, planOrphans } from './orphans.ts';
import type { PlanBuilder } from './plan.ts';
import { isActive, selectedServices } from './selection.ts';
import { planAddition, planUpdate, publishesPort, type UpdatePlanner } from './updates.ts';
import type { PlannedVolumes } from './volumes.ts';

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
      ...sharedServices(service).flatMap((other) => starts.creations(other)),
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
      const joins = cause === 'scaled up' && publishesPort(service) && settings.intent !== 'create';
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

interface PlannedRemovals {
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

function planRemovals(
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
function restartingDependency(service: Service | undefined, isReplacedSo: (name: string) => boolean): string | null {
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

/** Plans creation and start, service by service in dependency order, and the waits between them. */
class StartPlanner implements UpdatePlanner {
  readonly builder: PlanBuilder;
  readonly desired: Desired;
  readonly settings: ApplySettings;
  readonly #observed: Observed;
  readonly #selected: ReadonlySet<string>;
  readonly #creations = new Map<string, number[]>();
  readonly #starts = new Map<string, number[]>();
  readonly #names = new Map<string, string[]>();
  readonly #waits = new Map<string, number>();
  readonly #hooks = new Map<string, readonly number[]>();

  constructor(
    builder: PlanBuilder,
    desired: Desired,
    observed: Observed,
    settings: ApplySettings,
    selected: ReadonlySet<string>,
  ) {
    this.builder = builder;
    this.desired = desired;
    this.#observed = observed;
    this.settings = settings;
    this.#selected = selected;
  }

  creations(service: string): readonly number[] {
    return this.#creations.get(service) ?? [];
  }

  keep(
    service: string,
    container: ObservedContainer,
    after: { readonly restartedAfter: readonly number[]; readonly networkNodes: readonly number[] },
  ): void {
    const { record, state } = container;
    append(this.#names, service, record.name);
    const common = { kind: 'container', resource: record.name, service, changes: [] } as const;
    if (after.restartedAfter.length > 0) {
      this.#start(service, record.name, 'its dependency was replaced', after.restartedAfter);
      return;
    }
    if (state.monitor === 'lost') {
      const cause = 'its monitor is gone';
      append(
        this.#starts,
        service,
        this.builder.add({ ...common, type: 'adoptContainer', cause, containerId: record.id }),
      );
      return;
    }
    const isRunning = isActive(container);
    if (isRunning && !container.hasCgroup) {
      const stop = this.builder.add({
        ...common,
        type: 'stopContainer',
        cause: 'its cgroup is missing',
        containerId: record.id,
        timeoutMs: this.settings.stopTimeoutMs,
      });
      this.#start(service, record.name, 'its cgroup was missing', [stop]);
      return;
    }
    if (isRunning && !container.isPlugged) {
      const cause = 'a link of it is missing';
      append(
        this.#starts,
        service,
        this.builder.add({ ...common, type: 'replugContainer', cause, containerId: record.id }, after.networkNodes),
      );
      return;
    }
    if (state.status === 'paused') {
      append(
        this.#starts,
        service,
        this.builder.add({ ...common, type: 'unpauseContainer', cause: 'paused', containerId: record.id }),
      );
      return;
    }
    if (isRunning) {
      this.builder.keep('container', record.name, service, 'Running');
      return;
    }
    if (hasCompleted(container)) {
      this.builder.keep('container', record.name, service, 'Exited');
      return;
    }
    this.#start(
      service,
      record.name,
      state.status === 'created' ? 'not started yet' : 'not running',
      after.networkNodes,
    );
  }

  create(
    service: string,
    number: number,
    cause: string,
    changes: readonly FieldChange[],
    options: { readonly after: readonly number[]; readonly inheritedVolumes: Readonly<Record<string, string>> },
  ): void {
    const { project } = this.desired;
    const { nameSeparator } = this.settings.manner;
    const name = containerName(project.name, service, number, nameSeparator, project.services[service]);
    append(this.#names, service, name);
    const node = this.builder.add(
      {
        type: 'createContainer',
        kind: 'container',
        resource: name,
        service,
        cause,
        changes,
        number,
        name,
        traffic: 'open',
        replaces: null,
        inheritedVolumes: options.inheritedVolumes,
      },
      options.after,
    );
    append(this.#creations, service, node);
    this.#start(service, name, cause, [node]);
  }

  /** Replicas that serve after these nodes. */
  serve(service: string, replicas: readonly { readonly name: string; readonly node: number }[]): void {
    for (const { name, node } of replicas) {
      append(this.#names, service, name);
      append(this.#starts, service, node);
    }
  }

  /** `--wait`: every service runs, and is healthy where it says how to tell; a job has ended well. */
  waitForAll(order: readonly string[]): void {
    for (const name of order) {
      const isJob = dependentsOf(this.desired.project.services, name).some(
        (dependent) =>
          this.desired.project.services[dependent]?.depends_on?.[name]?.condition === 'service_completed_successfully',
      );
      this.#wait(name, isJob ? 'service_completed_successfully' : 'running_or_healthy', true);
    }
  }

  #start(service: string, name: string, cause: string, after: readonly number[]): void {
    if (this.settings.intent === 'create') return;
    const node = this.builder.add(
      { type: 'startContainer', kind: 'container', resource: name, service, cause, changes: [], name },
      [...after, ...this.dependencyNodes(service), ...this.#preStart(service, name, after)],
    );
    append(this.#starts, service, node);
  }

  /** What must be done before containers of the service start. */
  dependencyNodes(service: string): number[] {
    const services = this.desired.project.services;
    const nodes: number[] = [];
    for (const dependency of dependenciesOf(services, service)) {
      if (!this.#selected.has(dependency)) continue;
      const terms = services[service]?.depends_on?.[dependency];
      if (terms === undefined) continue;
      nodes.push(
        ...(terms.condition === 'service_started'
          ? (this.#starts.get(dependency) ?? [])
          : this.#wait(dependency, terms.condition, terms.required)),
      );
    }
    return nodes;
  }

  /** The hooks of a service of which nothing runs yet, one after the other: once, before the first of its containers. */
  #preStart(service: string, replica: string, after: readonly number[]): readonly number[] {
    const known = this.#hooks.get(service);
    if (known !== undefined) return known;
    const runs = this.#observed.containers.some(
      (container) => container.record.service === service && !container.record.oneOff && isActive(container),
    );
    const hooks = runs ? [] : (this.desired.project.services[service]?.pre_start ?? []);
    let last: readonly number[] = [];
    for (const index of hooks.keys()) {
      const resource = preStartName(this.desired.project.name, service, index);
      const cause = `${service} starts after it`;
      const about = { kind: 'container', resource, service, cause, changes: [] } as const;
      const before = last.length > 0 ? last : [...after, ...this.dependencyNodes(service)];
      last = [this.builder.add({ ...about, type: 'runPreStart', index, replica }, before)];
    }
    this.#hooks.set(service, last);
    return last;
  }

  #wait(service: string, condition: DependencyCondition | 'running_or_healthy', isRequired: boolean): number[] {
    const names = this.#names.get(service) ?? [];
    const starts = this.#starts.get(service) ?? [];
    if (names.length === 0) return [];
    if (starts.length === 0 && this.#isReached(service, condition)) return [];
    const key = `${service} ${condition} ${isRequired}`;
    let node = this.#waits.get(key);
    if (node === undefined) {
      node = this.builder.add(
        {
          type: 'waitDependency',
          kind: 'container',
          resource: names[0] ?? service,
          service,
          cause: waitCause[condition],
          changes: [],
          condition,
          isRequired,
          names,
        },
        starts,
      );
      this.#waits.set(key, node);
    }
    return [node];
  }

  #isReached(service: string, condition: DependencyCondition | 'running_or_healthy'): boolean {
    const names = new Set(this.#names.get(service));
    return this.#observed.containers
      .filter(({ record }) => names.has(record.name))
      .every((container) => {
        const { state } = container;
        if (condition === 'service_completed_successfully') return state.status === 'exited' && state.exitCode === 0;
        const hasHealth = state.health !== null;
        if (condition === 'service_healthy') return state.status === 'running' && state.health?.status === 'healthy';
        return (
          hasCompleted(container) || (state.status === 'running' && (!hasHealth || state.health?.status === 'healthy'))
        );
      });
  }
}

const waitCause = {
  service_started: 'others start after it',
  service_healthy: 'others wait until it is healthy',
  service_completed_successfully: 'others wait until it has completed',
  running_or_healthy: 'waiting was asked for',
} as const;

/**
 * A job that ended well and that nobody stopped is done: `up` does not run it again (Compose does, a surprise:
 * semantics.md section 8).
 */
function hasCompleted({ record, state }: ObservedContainer): boolean {
  const { deploy, restart } = record.config;
  const own = deploy?.restart_policy;
  const policy = own === undefined ? (restart ?? 'no') : (own.condition ?? 'any');
  const isJob = policy === 'no' || policy === 'none' || policy.startsWith('on-failure');
  return record.desired === 'running' && state.status === 'exited' && state.exitCode === 0 && isJob;
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
