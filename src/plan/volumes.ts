import type { FieldChange } from '../model/events.ts';
import type { ApplySettings } from '../model/settings.ts';
import { definitionChanges } from './changes.ts';
import type { Desired } from './desired.ts';
import type { Observed } from './observed.ts';
import type { PlanBuilder } from './plan.ts';
import { selectedServices } from './selection.ts';

export interface PlannedVolumes {
  /** Key → node after which the volume is ready; absent when it is ready already. */
  readonly ready: ReadonlyMap<string, number>;
  /** Names of volumes that are replaced, with consent: their containers are removed first. */
  readonly replaced: ReadonlySet<string>;
  replace(freed: (volumeName: string) => readonly number[]): ReadonlyMap<string, number>;
}

/** Volumes of the selected services: made when missing. A changed definition is a warning unless data may be lost. */
export function planVolumes(
  builder: PlanBuilder,
  desired: Desired,
  observed: Observed,
  settings: ApplySettings,
): PlannedVolumes {
  const ready = new Map<string, number>();
  const replacements: { key: string; name: string; changes: readonly FieldChange[] }[] = [];
  for (const key of usedVolumes(desired, settings)) {
    const wanted = desired.volumes[key];
    if (wanted === undefined || wanted.volume.external) continue;
    const { name } = wanted.volume;
    const current = observed.volumes.find(({ record }) => record.name === name);
    if (current === undefined || !current.isIntact) {
      const cause = current === undefined ? 'not found' : 'its directory is missing';
      ready.set(key, builder.add(createVolume(key, name, cause)));
    } else if (current.record.configHash !== wanted.hash) {
      const changes = definitionChanges(current.record.definition, wanted.volume);
      const what = changes
        .map(({ path, before, after }) => ` (${path} ${before ?? 'unset'} → ${after ?? 'unset'})`)
        .join('');
      if (settings.divergedVolumes === 'recreate') replacements.push({ key, name, changes });
      else builder.warn(`volume ${name} exists but its definition changed${what}; it is kept, and its data with it`);
    }
  }
  return {
    ready,
    replaced: new Set(replacements.map(({ name }) => name)),
    replace(freed) {
      const nodes = new Map(ready);
      for (const { key, name, changes } of replacements) {
        const cause = 'volume definition changed';
        const remove = builder.add(
          { type: 'removeVolume', kind: 'volume', resource: name, service: null, cause, changes: [], name },
          freed(name),
        );
        nodes.set(key, builder.add({ ...createVolume(key, name, cause), changes }, [remove]));
      }
      return nodes;
    },
  };
}

function createVolume(key: string, name: string, cause: string) {
  return { type: 'createVolume', kind: 'volume', resource: name, service: null, cause, changes: [], key } as const;
}

function usedVolumes(desired: Desired, settings: ApplySettings): string[] {
  const keys = new Set<string>();
  for (const name of selectedServices(desired.project.services, settings)) {
    for (const mount of desired.project.services[name]?.volumes ?? []) {
      if (mount.type === 'volume' && mount.source !== undefined) keys.add(mount.source);
    }
  }
  return [...keys].sort();
}
