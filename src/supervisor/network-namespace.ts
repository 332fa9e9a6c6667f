import { readFileSync, readlinkSync } from 'node:fs';
import type { MonitorState } from '../container/monitor-state.ts';
import type { EngineContext } from '../engine/context.ts';
import type { Binding } from '../native/binding.ts';
import { ComposeError } from '../util/errors.ts';

/**
 * All containers of a state directory share bridges, addresses and rules, so they are in one network namespace. Throws
 * SUPERVISOR where others run in another one: two supervisors would take each other's rules for drift.
 */
export function checkNetworkNamespace({
  database,
  paths,
  native,
}: Pick<EngineContext, 'database' | 'paths' | 'native'>): void {
  const own = readlinkSync('/proc/self/ns/net');
  for (const { id, name } of database.containers()) {
    const other = namespaceOfMonitor(paths.container(id).state, native);
    if (other === null) continue;
    if (other === own) return;
    throw new ComposeError(
      'SUPERVISOR',
      `container ${name} runs in another network namespace, ${other}, and ${paths.stateDir} serves one at a time`,
      { hint: 'run the command there, or give these containers a directory of their own: --state-dir DIR' },
    );
  }
}

/** A monitor begins where its supervisor is. Null without one that lives. */
function namespaceOfMonitor(state: string, native: Pick<Binding, 'processAlive' | 'bootId'>): string | null {
  try {
    const { bootId, monitorPid, monitorStartTicks } = JSON.parse(readFileSync(state, 'utf8')) as MonitorState;
    if (bootId !== native.bootId() || !native.processAlive(monitorPid, monitorStartTicks)) return null;
    return readlinkSync(`/proc/${monitorPid}/ns/net`);
  } catch {
    // It does not run, or ended just now.
    return null;
  }
}
