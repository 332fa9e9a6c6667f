import type { FieldChange } from '../model/events.ts';
import { containerName, preStartName } from '../model/names.ts';
import type { DependencyCondition } from '../model/service.ts';
import type { ApplySettings } from '../model/settings.ts';
import type { Desired } from './desired.ts';
import { dependenciesOf, dependentsOf } from './graph.ts';
import type { Observed, ObservedContainer } from './observed.ts';
import type { PlanBuilder } from './plan.ts';
import { isActive } from './selection.ts';
import type { UpdatePlanner } from './updates.ts';

/** Plans creation and start, service by service in dependency order, and the waits between them. */
export class StartPlanner implements UpdatePlanner {
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
