import type { FieldChange } from '../model/events.ts';
import type { ApplySettings } from '../model/settings.ts';
import { definitionChanges } from './changes.ts';
import type { Desired } from './desired.ts';
import type { Observed } from './observed.ts';
import type { PlanBuilder } from './plan.ts';
import { selectedServices } from './selection.ts';

export interface PlannedNetworks {
  /** Key → node after which the network is ready; absent when it is ready already. */
  readonly ready: ReadonlyMap<string, number>;
  /** Ids of networks that are replaced: their containers must be replaced too, and removed first. */
  readonly replaced: ReadonlyMap<string, string>;
  /** Adds removal and creation of the replaced networks once the nodes that free them are known. */
  replace(freed: (networkId: string) => readonly number[]): ReadonlyMap<string, number>;
}

/** Networks of the selected services: made when missing, repaired when damaged, replaced when their definition changed. */
export function planNetworks(
  builder: PlanBuilder,
  desired: Desired,
  observed: Observed,
  settings: ApplySettings,
): PlannedNetworks {
  const ready = new Map<string, number>();
  const replaced = new Map<string, string>();
  const replacements: { key: string; id: string; name: string; changes: readonly FieldChange[] }[] = [];
  for (const key of usedNetworks(desired, settings)) {
    const wanted = desired.networks[key];
    if (wanted === undefined || wanted.network.external) continue;
    const { name } = wanted.network;
    const current = observed.networks.find(({ record }) => record.name === name);
    if (current === undefined) {
      ready.set(key, builder.add(createNetwork(key, name, 'not found')));
    } else if (current.record.configHash !== wanted.hash) {
      replaced.set(current.record.id, name);
      const changes = definitionChanges(current.record.definition, wanted.network);
      replacements.push({ key, id: current.record.id, name, changes });
    } else if (!current.isIntact) {
      ready.set(
        key,
        builder.add({
          type: 'repairNetwork',
          kind: 'network',
          resource: name,
          service: null,
          cause: `bridge ${current.record.bridge} is missing or incomplete`,
          changes: [],
          networkId: current.record.id,
        }),
      );
    }
  }
  return {
    ready,
    replaced,
    replace(freed) {
      const nodes = new Map(ready);
      for (const { key, id, name, changes } of replacements) {
        const cause = 'network definition changed';
        const remove = builder.add(
          { type: 'removeNetwork', kind: 'network', resource: name, service: null, cause, changes: [], networkId: id },
          freed(id),
        );
        nodes.set(key, builder.add({ ...createNetwork(key, name, cause), changes }, [remove]));
      }
      return nodes;
    },
  };
}

function createNetwork(key: string, name: string, cause: string) {
  return { type: 'createNetwork', kind: 'network', resource: name, service: null, cause, changes: [], key } as const;
}

function usedNetworks(desired: Desired, settings: ApplySettings): string[] {
  const keys = new Set<string>();
  for (const name of selectedServices(desired.project.services, settings)) {
    for (const key of Object.keys(desired.project.services[name]?.networks ?? {})) keys.add(key);
  }
  return [...keys].sort();
}
