/** What becomes of each container of a service: it stays, is replaced at once or in turn, or goes. */
import type { FieldChange } from '../model/events.ts';
import { replicaCount } from '../model/names.ts';
import type { Project } from '../model/project.ts';
import type { ContainerRecord } from '../model/records.ts';
import type { Service } from '../model/service.ts';
import type { ApplySettings, Recreate } from '../model/settings.ts';
import { contentChanges, describeChanges, fieldChanges } from './changes.ts';
import type { Desired } from './desired.ts';
import type { PlannedNetworks } from './networks.ts';
import type { Observed, ObservedContainer } from './observed.ts';
import { isActive } from './selection.ts';
import { type Continuation, plainManner, type UpdateManner, updateManner } from './updates.ts';
import type { PlannedVolumes } from './volumes.ts';

export interface Replacement {
  readonly old: ObservedContainer;
  readonly cause: string;
  readonly changes: readonly FieldChange[];
}

export interface ServiceDecision {
  readonly kept: readonly ObservedContainer[];
  /** At once, the old ones first. */
  readonly replaced: readonly Replacement[];
  /** In turn. */
  readonly update: {
    readonly manner: UpdateManner;
    readonly continued: readonly Continuation[];
    readonly updated: readonly Replacement[];
  };
  readonly surplus: readonly ObservedContainer[];
  readonly addedNumbers: readonly number[];
}

const noDecision: ServiceDecision = {
  kept: [],
  replaced: [],
  update: { manner: plainManner, continued: [], updated: [] },
  surplus: [],
  addedNumbers: [],
};

/** Judges the containers of one service; `earlier` are the decisions on what it may depend on. */
export function decide(
  name: string,
  desired: Desired,
  observed: Observed,
  settings: ApplySettings,
  networks: PlannedNetworks,
  volumes: PlannedVolumes,
  earlier: ReadonlyMap<string, ServiceDecision>,
): ServiceDecision {
  const wanted = desired.services[name];
  if (wanted === undefined) return noDecision;
  const existing = observed.containers.filter(({ record }) => record.service === name && !record.oneOff);
  const isNamed = settings.services.length === 0 || settings.services.includes(name);
  const policy = isNamed ? settings.recreate : settings.recreateDependencies;
  const reasonOf = (container: ObservedContainer) =>
    replacementReason(container, name, policy, desired, observed, networks, volumes, earlier);
  // An update that was interrupted goes on with the containers that it made, if they still are what is wanted.
  const held = existing.filter(({ record }) => record.traffic === 'held');
  const takingOver = held.filter(({ record }) => existing.some((other) => other.record.id === record.replaces));
  const continued = held
    .filter((fresh) => reasonOf(fresh) === null)
    .map((fresh) => ({ fresh, old: existing.find(({ record }) => record.id === fresh.record.replaces) ?? null }));
  const abandoned = takingOver.filter((container) => !continued.some(({ fresh }) => fresh === container));
  const settled = new Set([...continued.flatMap(({ fresh, old }) => [fresh, old]), ...abandoned]);
  const judged = existing
    .filter((container) => !settled.has(container))
    .map((container) => ({ container, reason: reasonOf(container) }));
  // The ones kept are up to date and have the lowest numbers (semantics.md section 6).
  judged.sort(
    (a, b) =>
      Number(a.reason !== null) - Number(b.reason !== null) ||
      Number(a.container.record.traffic === 'held') - Number(b.container.record.traffic === 'held') ||
      a.container.record.number - b.container.record.number,
  );
  const count = settings.scale[name] ?? replicaCount(wanted.service);
  const staying = judged.slice(0, Math.max(0, count - continued.length));
  const replaced = staying.flatMap(({ container, reason }) =>
    reason === null ? [] : { old: container, cause: reason.cause, changes: reason.changes },
  );
  const manner = settings.intent === 'create' ? null : updateManner(name, desired, settings);
  // What does not run serves nobody, and what loses its network or volume cannot go on while another begins.
  const inTurn = replaced.filter(
    ({ old }) => manner !== null && isActive(old) && !isUprooted(old.record, networks, volumes),
  );
  const highest = Math.max(0, ...existing.map(({ record }) => record.number));
  const missing = count - staying.length - continued.length;
  return {
    kept: staying.filter(({ reason }) => reason === null).map(({ container }) => container),
    replaced: replaced.filter((each) => !inTurn.includes(each)),
    update: {
      manner: manner ?? plainManner,
      continued,
      updated: inTurn.toSorted((a, b) => a.old.record.number - b.old.record.number),
    },
    surplus: [...abandoned, ...judged.slice(staying.length).map(({ container }) => container)],
    addedNumbers: Array.from({ length: Math.max(0, missing) }, (_, index) => highest + 1 + index),
  };
}

/** Whether any of its containers is replaced, in whatever manner. */
export function isReplaced(decision: ServiceDecision | undefined): boolean {
  return decision !== undefined && decision.replaced.length + decision.update.updated.length > 0;
}

/** Its network or volume is replaced, which needs it gone. */
function isUprooted(
  { endpoints, volumes: names }: ContainerRecord,
  networks: PlannedNetworks,
  volumes: PlannedVolumes,
) {
  return (
    endpoints.some(({ networkId }) => networks.replaced.has(networkId)) ||
    names.some((name) => volumes.replaced.has(name))
  );
}

/** Why a container cannot stay as it is; null when it can. The order is that of semantics.md section 4. */
function replacementReason(
  { record }: ObservedContainer,
  name: string,
  policy: Recreate,
  desired: Desired,
  observed: Observed,
  networks: PlannedNetworks,
  volumes: PlannedVolumes,
  earlier: ReadonlyMap<string, ServiceDecision>,
): { readonly cause: string; readonly changes: readonly FieldChange[] } | null {
  const wanted = desired.services[name];
  if (wanted === undefined) return null;
  const isDiverged = record.configHash !== wanted.hash;
  const fields = isDiverged ? fieldChanges(record.config, wanted.service) : [];
  const contents = isDiverged ? contentChanges(record.contentDigests, wanted.contentDigests ?? {}) : [];
  const changes = [...fields, ...contents];
  const because = (cause: string) => ({ cause, changes });
  const replacedNetwork = record.endpoints.map(({ networkId }) => networks.replaced.get(networkId)).find(Boolean);
  if (replacedNetwork !== undefined) return because(`network ${replacedNetwork} is replaced`);
  const replacedVolume = record.volumes.find((volume) => volumes.replaced.has(volume));
  if (replacedVolume !== undefined) return because(`volume ${replacedVolume} is replaced`);
  if (policy === 'never') return null;
  if (policy === 'force') return because('recreation was asked for');
  for (const other of sharedServices(wanted.service, desired.project)) {
    if (isReplaced(earlier.get(other))) return because(`it shares namespaces with ${other}, which is replaced`);
  }
  if (isDiverged) {
    if (fields.length > 0) return because(describeChanges(changes));
    const names = contents.map(({ path }) => path.replace(/^(\w+)s\./, '$1 '));
    return because(`content of ${names.length === 0 ? 'a secret or config' : names.join(', ')} changed`);
  }
  if (record.imageDigest !== wanted.imageDigest) return because(`image ${record.imageReference} has a new digest`);
  for (const key of Object.keys(wanted.service.networks ?? {})) {
    const networkName = desired.networks[key]?.network.name;
    const id = [...observed.networks.map(({ record: network }) => network), ...observed.externalNetworks].find(
      (network) => network.name === networkName,
    )?.id;
    if (id === undefined || !record.endpoints.some(({ networkId }) => networkId === id)) {
      if (desired.networks[key]?.network.driver === 'host' || record.networkNamespace === null) continue;
      return because(`it is not on network ${networkName ?? key}`);
    }
  }
  for (const mount of wanted.service.volumes ?? []) {
    if (mount.type !== 'volume' || mount.source === undefined) continue;
    const volumeName = desired.volumes[mount.source]?.volume.name;
    if (volumeName !== undefined && !record.volumes.includes(volumeName)) {
      return because(`it does not mount volume ${volumeName}`);
    }
  }
  return null;
}

/** Services whose namespaces or volumes this one shares, be they named by their container. */
export function sharedServices(service: Service, { services }: Pick<Project, 'services'>): string[] {
  const named = ([kind, name = '']: readonly string[]) =>
    kind === 'container'
      ? Object.keys(services).filter((other) => services[other]?.container_name === name)
      : kind === 'service'
        ? [name]
        : [];
  const modes = [service.network_mode, service.ipc, service.pid, service.uts, service.cgroup];
  const volumesFrom = (service.volumes_from ?? []).map((entry) =>
    entry.startsWith('container:') ? entry : `service:${entry}`,
  );
  const partners = [...modes, ...volumesFrom].flatMap((mode) => named((mode ?? '').split(':')));
  return [...new Set(partners)].sort();
}
