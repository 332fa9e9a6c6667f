/** Self-healing: what should run does, and its links, bridges and rules exist. Nothing is created or replaced. */
import type { Observed, ObservedContainer } from './observed.ts';
import type { PlanBuilder } from './plan.ts';
import { isActive } from './selection.ts';

const sigkill = 'SIGKILL';

/** Plans what puts right what drifted; nothing when all is as it should be. */
export function planRepair(builder: PlanBuilder, observed: Observed): void {
  const bridges = new Map<string, number>();
  for (const { record, isIntact } of observed.networks) {
    if (isIntact) continue;
    bridges.set(
      record.id,
      builder.add({
        type: 'repairNetwork',
        kind: 'network',
        resource: record.name,
        service: null,
        cause: `bridge ${record.bridge} is missing or incomplete`,
        changes: [],
        networkId: record.id,
      }),
    );
  }
  for (const container of observed.containers) planContainerRepair(builder, container, bridges);
  if (observed.firewall === 'changed') planFirewallRepair(builder);
}

/** The table of all projects anew, from the records. */
export function planFirewallRepair(builder: PlanBuilder): void {
  builder.add({
    type: 'repairFirewall',
    kind: 'firewall',
    resource: 'inet tscompose',
    service: null,
    cause: 'the nftables table was changed or removed',
    changes: [],
  });
}

function planContainerRepair(
  builder: PlanBuilder,
  container: ObservedContainer,
  bridges: ReadonlyMap<string, number>,
): void {
  const { record, state } = container;
  const common = { kind: 'container', resource: record.name, service: record.service, changes: [] } as const;
  if (state.monitor === 'lost') {
    builder.add({ ...common, type: 'adoptContainer', cause: 'its monitor was killed', containerId: record.id });
    return;
  }
  const after = record.endpoints.flatMap(({ networkId }) => bridges.get(networkId) ?? []);
  if (isActive(container) && !container.hasCgroup) {
    const cause = 'its cgroup was removed';
    const stop = builder.add({ ...common, type: 'stopContainer', cause, containerId: record.id, timeoutMs: 0 });
    builder.add({ ...common, type: 'startContainer', cause, name: record.name }, [stop, ...after]);
    return;
  }
  if (isActive(container) && (!container.isPlugged || after.length > 0)) {
    builder.add(
      { ...common, type: 'replugContainer', cause: 'a link of it is missing', containerId: record.id },
      after,
    );
    return;
  }
  const cause = deathFromOutside(container);
  if (cause !== null) builder.add({ ...common, type: 'startContainer', cause, name: record.name }, after);
}

/** Why a container that should run was ended by somebody else; null when it ended by itself or on request. */
function deathFromOutside({ record, state }: ObservedContainer): string | null {
  if (record.desired !== 'running' || record.oneOff || state.status !== 'exited') return null;
  if (state.exitCode === null) return 'its process and its monitor were killed';
  if (state.signal === sigkill && !state.oomKilled) return 'its process was killed from outside';
  return null;
}
