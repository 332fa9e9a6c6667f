/**
 * Updates without downtime: replicas are replaced in turn, and traffic moves only to those that have proved ready
 * (docs/architecture.md, Updates).
 */
import { parseDuration } from '../model/duration.ts';
import type { FieldChange } from '../model/events.ts';
import { containerName, passingName } from '../model/names.ts';
import type { Service, UpdateConfig } from '../model/service.ts';
import type { ApplySettings } from '../model/settings.ts';
import type { Desired } from './desired.ts';
import type { ObservedContainer } from './observed.ts';
import type { PlanBuilder, UpdateTerms } from './plan.ts';
import { isActive } from './selection.ts';

/** A replica whose update was interrupted: the new container is there, and traffic does not go to it yet. */
export interface Continuation {
  readonly fresh: ObservedContainer;
  /** What it takes the place of, as long as that is there. */
  readonly old: ObservedContainer | null;
}

export interface Update {
  readonly old: ObservedContainer;
  readonly cause: string;
  readonly changes: readonly FieldChange[];
}

export interface UpdateManner extends UpdateTerms {
  readonly order: 'start-first' | 'stop-first';
  /** 0: all at once. */
  readonly parallelism: number;
  readonly delayMs: number;
  readonly monitorMs: number;
}

/** Of a service without a manner of its own, of which an update was begun. */
export const plainManner: UpdateManner = {
  order: 'start-first',
  parallelism: 1,
  delayMs: 0,
  monitorMs: 0,
  failureAction: 'pause',
  toleratedFailures: 0,
};

/**
 * How the containers of a service are replaced; null: all at once, the old ones first, as Docker Compose does it. That is the
 * rule without `update_config`, but for services that can run twice and say when they are ready: those that publish a port, have a
 * health check and write to nothing that the old and the new container would share. Whoever asks for `start-first` has it for all
 * that write to nothing so.
 */
export function updateManner(
  name: string,
  desired: Desired,
  { replacement }: Pick<ApplySettings, 'replacement'>,
): UpdateManner | null {
  const wanted = desired.services[name];
  if (wanted === undefined || isTied(name, desired)) return null;
  const { service } = wanted;
  const config = service.deploy?.update_config;
  if (config !== undefined) {
    const order = config.order === 'start-first' && !hasFixedAddress(service) ? 'start-first' : 'stop-first';
    return mannerOf(config, order);
  }
  const canRunTwice = !hasFixedAddress(service) && !sharesData(service);
  const isTold = (wanted.hasHealthCheck && publishesPort(service)) || replacement === 'start-first';
  return isTold && canRunTwice ? mannerOf({}, 'start-first') : null;
}

function mannerOf(config: UpdateConfig, order: UpdateManner['order']): UpdateManner {
  const action = config.failure_action;
  return {
    order,
    parallelism: config.parallelism ?? 1,
    delayMs: config.delay === undefined ? 0 : Math.round(parseDuration(config.delay)),
    monitorMs: config.monitor === undefined ? 0 : Math.round(parseDuration(config.monitor)),
    failureAction: action === 'continue' || action === 'rollback' ? action : 'pause',
    // Becomes a number of replicas where these are counted.
    toleratedFailures: config.max_failure_ratio ?? 0,
  };
}

/** Whether other containers are made of its namespaces, or it of theirs: they can only be replaced together. */
function isTied(name: string, { project }: Desired): boolean {
  const modes = ({ network_mode, ipc, pid, uts, cgroup }: Service) => [network_mode, ipc, pid, uts, cgroup];
  const own = project.services[name];
  if (own === undefined || own.network_mode === 'host') return true;
  if (modes(own).some((mode) => mode?.includes(':')) || own.volumes_from?.length) return true;
  return Object.values(project.services).some(
    (other) =>
      modes(other).includes(`service:${name}`) || other.volumes_from?.some((entry) => entry.split(':')[0] === name),
  );
}

/** Two containers cannot have it. */
function hasFixedAddress(service: Service): boolean {
  const terms = Object.values(service.networks ?? {});
  const isFixed = terms.some((network) => network?.ipv4_address ?? network?.ipv6_address ?? network?.mac_address);
  return isFixed || service.mac_address !== undefined;
}

function sharesData(service: Service): boolean {
  return (service.volumes ?? []).some(({ type, read_only }) => type !== 'tmpfs' && type !== 'image' && !read_only);
}

/** Whether others come from outside, who must not meet a container that does not listen yet, or not any more. */
export function publishesPort({ ports }: Service): boolean {
  return ports?.some(({ protocol }) => (protocol || 'tcp') === 'tcp') ?? false;
}

/** Whether its replicas are met at one port: then none is that does not listen yet. Where each has a port of its own, nobody knows it. */
export function sharesPort({ ports }: Service): boolean {
  return (
    ports?.some(
      ({ protocol, published, mode }) =>
        (protocol || 'tcp') === 'tcp' && mode !== 'host' && /^0*[1-9]\d*$/.test(published ?? ''),
    ) ?? false
  );
}

/** Plans one more replica beside others that serve; answers as `planUpdate`. */
export function planAddition(
  planner: UpdatePlanner,
  service: string,
  number: number,
  cause: string,
  ready: readonly number[],
): { readonly name: string; readonly node: number } {
  const { builder, desired, settings } = planner;
  const { project } = desired;
  const group = `${service} ${number}`;
  const name = containerName(project.name, service, number, settings.manner.nameSeparator, project.services[service]);
  const about = { kind: 'container', resource: name, service, cause, changes: [] } as const;
  const place = { number, name, traffic: 'held', replaces: null, inheritedVolumes: {} } as const;
  const create = builder.add({ ...about, ...place, type: 'createContainer' }, ready, group);
  const after = [create, ...planner.dependencyNodes(service)];
  const start = builder.add({ ...about, type: 'startContainer', name }, after, group);
  return { name, node: serve(planner, 0, about, name, null, start, group) };
}

/** What a planner of starts does for updates: where nodes are known that others wait for. */
export interface UpdatePlanner {
  readonly builder: PlanBuilder;
  readonly desired: Desired;
  readonly settings: ApplySettings;
  /** What must be done before containers of the service start. */
  dependencyNodes(service: string): readonly number[];
}

interface Batches {
  readonly continued: readonly Continuation[];
  readonly updated: readonly Update[];
  /** What must be done before the first container is made. */
  readonly ready: readonly number[];
}

/** Plans the replicas of a service in turn. Answers, per replica, its name and the node after which it serves. */
export function planUpdate(
  planner: UpdatePlanner,
  service: string,
  manner: UpdateManner,
  { continued, updated, ready }: Batches,
): { readonly name: string; readonly node: number }[] {
  const { builder } = planner;
  const count = continued.length + updated.length;
  builder.update(service, {
    failureAction: manner.failureAction,
    toleratedFailures: Math.floor(manner.toleratedFailures * count),
  });
  const size = manner.parallelism === 0 ? count : manner.parallelism;
  const replicas = [
    ...continued.map((each) => (after: readonly number[]) => continueReplica(planner, service, manner, each, after)),
    ...updated.map((each) => (after: readonly number[]) => updateReplica(planner, service, manner, each, after)),
  ];
  const served: { name: string; node: number }[] = [];
  let after = ready;
  for (let index = 0; index < replicas.length; index += size) {
    if (index > 0 && manner.delayMs > 0) {
      const resource = served.at(-1)?.name ?? service;
      const cause = 'update_config.delay';
      const about = { kind: 'container', resource, service, cause, changes: [] } as const;
      after = [builder.add({ ...about, type: 'delayUpdate', ms: manner.delayMs }, after)];
    }
    const batch = replicas.slice(index, index + size).map((plan) => plan(after));
    after = batch.map(({ end }) => end);
    served.push(...batch);
  }
  return served;
}

interface PlannedReplica {
  readonly name: string;
  readonly node: number;
  readonly end: number;
}

function updateReplica(
  planner: UpdatePlanner,
  service: string,
  manner: UpdateManner,
  { old, cause, changes }: Update,
  after: readonly number[],
): PlannedReplica {
  const { builder, desired, settings } = planner;
  const { project } = desired;
  const { number, id } = old.record;
  const group = `${service} ${number}`;
  const name = containerName(project.name, service, number, settings.manner.nameSeparator, project.services[service]);
  const isStartFirst = manner.order === 'start-first';
  const about = { kind: 'container', resource: name, service, cause } as const;
  const passing = isStartFirst ? passingName(id, name) : name;
  const before = isStartFirst ? after : retire(planner, old, name, cause, group, after);
  const create = builder.add(
    {
      ...about,
      type: 'createContainer',
      changes,
      number,
      name: passing,
      traffic: 'held',
      replaces: isStartFirst ? id : null,
      inheritedVolumes: settings.anonymousVolumes === 'inherit' ? old.record.anonymousVolumes : {},
    },
    before,
    group,
  );
  const start = builder.add(
    { ...about, type: 'startContainer', changes: [], name: passing },
    [create, ...planner.dependencyNodes(service)],
    group,
  );
  const shift = serve(
    planner,
    manner.monitorMs,
    { ...about, changes: [] },
    passing,
    isStartFirst ? id : null,
    start,
    group,
  );
  if (!isStartFirst) return { name, node: shift, end: shift };
  const gone = retire(planner, old, passingName(id, name), cause, group, [shift]);
  return { name, node: shift, end: gone.at(-1) ?? shift };
}

function continueReplica(
  planner: UpdatePlanner,
  service: string,
  manner: UpdateManner,
  { fresh, old }: Continuation,
  after: readonly number[],
): PlannedReplica {
  const { builder, desired, settings } = planner;
  const { project } = desired;
  const { record, state } = fresh;
  const group = `${service} ${record.number}`;
  const { nameSeparator } = settings.manner;
  const name = containerName(project.name, service, record.number, nameSeparator, project.services[service]);
  const about = {
    kind: 'container',
    resource: name,
    service,
    cause: 'its update was interrupted',
    changes: [],
  } as const;
  let begun = after;
  if (state.monitor === 'lost') {
    begun = [builder.add({ ...about, type: 'adoptContainer', containerId: record.id }, after, group)];
  } else if (!isActive(fresh)) {
    const dependencies = planner.dependencyNodes(service);
    const start = { ...about, type: 'startContainer', name: record.name } as const;
    begun = [builder.add(start, [...after, ...dependencies], group)];
  }
  const shift = serve(planner, manner.monitorMs, about, record.name, old?.record.id ?? null, begun, group);
  if (old === null) return { name, node: shift, end: shift };
  const gone = retire(planner, old, passingName(old.record.id, name), about.cause, group, [shift]);
  return { name, node: shift, end: gone.at(-1) ?? shift };
}

/** Waits until a replica is ready, and leads traffic to it. */
function serve(
  { builder }: UpdatePlanner,
  monitorMs: number,
  about: {
    readonly kind: 'container';
    readonly resource: string;
    readonly service: string;
    readonly cause: string;
    readonly changes: readonly [];
  },
  name: string,
  fromId: string | null,
  after: number | readonly number[],
  group: string,
): number {
  const before = typeof after === 'number' ? [after] : after;
  const ready = builder.add({ ...about, type: 'awaitReplica', name, monitorMs }, before, group);
  return builder.add({ ...about, type: 'shiftTraffic', name, lastingName: about.resource, fromId }, [ready], group);
}

/** Leads nobody to a container any more, and removes it when those who were are done. */
function retire(
  { builder, settings }: UpdatePlanner,
  { record, ...container }: ObservedContainer,
  resource: string,
  cause: string,
  group: string,
  after: readonly number[],
): readonly number[] {
  const timeoutMs = settings.stopTimeoutMs;
  const about = {
    kind: 'container',
    resource,
    service: record.service,
    cause,
    changes: [],
    containerId: record.id,
  } as const;
  let before = after;
  if (isActive({ record, ...container })) {
    const drain = builder.add({ ...about, type: 'drainContainer', timeoutMs }, after, group);
    before = [builder.add({ ...about, type: 'stopContainer', timeoutMs }, [drain], group)];
  }
  const volumes = settings.anonymousVolumes === 'renew' ? Object.values(record.anonymousVolumes) : [];
  return [builder.add({ ...about, type: 'removeContainer', volumes }, before, group)];
}
