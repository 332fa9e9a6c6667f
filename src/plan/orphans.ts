import type { ApplySettings } from '../model/settings.ts';
import type { Desired } from './desired.ts';
import type { Observed, ObservedContainer } from './observed.ts';
import type { PlanBuilder } from './plan.ts';
import { isActive } from './selection.ts';

/** Containers whose service the file no longer has; one-off containers only once they have ended. */
export function orphansOf(desired: Desired, observed: Observed): ObservedContainer[] {
  return observed.containers.filter((container) => {
    const { record } = container;
    if (record.oneOff && isActive(container)) return false;
    return record.oneOff || desired.project.services[record.service] === undefined;
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
