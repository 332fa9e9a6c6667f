import type { ApplySettings } from '../model/settings.ts';
import type { Desired } from './desired.ts';
import type { Observed, ObservedContainer } from './observed.ts';
import type { PlanBuilder } from './plan.ts';
import { isActive } from './selection.ts';

/** Containers whose service the file no longer has, not even for another profile; one-off containers only once they have ended. */
function orphansOf(desired: Desired, observed: Observed): ObservedContainer[] {
  return observed.containers.filter((container) => {
    const { record } = container;
    if (record.oneOff && isActive(container)) return false;
    if (record.oneOff) return true;
    const isDeclared = desired.declared?.services.includes(record.service) ?? false;
    return !isDeclared && desired.project.services[record.service] === undefined;
  });
}

/** `up`: one warning that names them, or their removal. */
export function planOrphans(builder: PlanBuilder, desired: Desired, observed: Observed, settings: ApplySettings): void {
  const orphans = orphansOf(desired, observed).filter(({ record }) => settings.orphans === 'remove' || !record.oneOff);
  if (orphans.length === 0 || settings.orphans === 'ignore') return;
  if (settings.orphans === 'warn') {
    const names = orphans.map(({ record }) => record.name).join(' ');
    builder.warn(
      `Found orphan containers ([${names}]) for this project. If you removed or renamed this service in your compose file, you can run this command with the --remove-orphans flag to clean it up.`,
    );
    return;
  }
  for (const orphan of orphans) {
    planContainerRemoval(builder, orphan, 'its service is not in the file', settings, {
      volumes: Object.values(orphan.record.anonymousVolumes),
      after: [],
    });
  }
}

/**
 * `up --remove-orphans`: networks and volumes that the file no longer has, once nobody uses them. A volume only with consent:
 * its data would be lost.
 */
export function planOrphanedResources(
  builder: PlanBuilder,
  desired: Desired,
  observed: Observed,
  settings: ApplySettings,
): void {
  if (settings.orphans !== 'remove') return;
  const { project, declared } = desired;
  const names = (resources: Readonly<Record<string, { readonly name: string }>> | undefined) =>
    Object.values(resources ?? {}).map(({ name }) => name);
  const networks = new Set([...names(project.networks), ...(declared?.networks ?? [])]);
  const volumes = new Set([...names(project.volumes), ...(declared?.volumes ?? [])]);
  /** The removals of its users; null when somebody goes on using it. */
  const freed = (isUser: (container: ObservedContainer) => boolean): number[] | null => {
    const removals = observed.containers.filter(isUser).map(({ record }) => builder.removalOf(record.id));
    return removals.includes(undefined) ? null : removals.filter((node) => node !== undefined);
  };
  const common = { service: null, cause: 'it is not in the file', changes: [] } as const;
  for (const { record } of observed.networks) {
    const after = freed((container) => container.record.endpoints.some(({ networkId }) => networkId === record.id));
    if (networks.has(record.name) || after === null) continue;
    const operation = { ...common, type: 'removeNetwork', kind: 'network', resource: record.name } as const;
    builder.add({ ...operation, networkId: record.id }, after);
  }
  const anonymous = new Set(observed.containers.flatMap(({ record }) => Object.values(record.anonymousVolumes)));
  for (const { record } of observed.volumes) {
    const after = freed((container) => container.record.volumes.includes(record.name));
    if (volumes.has(record.name) || anonymous.has(record.name) || record.anonymous || after === null) continue;
    if (settings.divergedVolumes === 'keep') {
      builder.warn(
        `volume ${record.name} is not in the file any more; it is kept, and its data with it (--yes removes it)`,
      );
      continue;
    }
    const operation = { ...common, type: 'removeVolume', kind: 'volume', resource: record.name } as const;
    builder.add({ ...operation, name: record.name }, after);
  }
}

/** Stop (when it runs) and removal of one container; returns the removal's node. */
export function planContainerRemoval(
  builder: PlanBuilder,
  container: ObservedContainer,
  cause: string,
  settings: ApplySettings,
  options: { readonly volumes: readonly string[]; readonly after: readonly number[] },
): { readonly stop: number | null; readonly remove: number } {
  const { record } = container;
  const common = {
    kind: 'container',
    resource: record.name,
    service: record.service,
    cause,
    changes: [],
    containerId: record.id,
  } as const;
  const stop = isActive(container)
    ? builder.add({ ...common, type: 'stopContainer', timeoutMs: settings.stopTimeoutMs }, options.after)
    : null;
  const remove = builder.add(
    { ...common, type: 'removeContainer', volumes: options.volumes },
    stop === null ? options.after : [stop],
  );
  return { stop, remove };
}
