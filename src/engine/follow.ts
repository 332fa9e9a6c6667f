import { readContainerState } from '../container/state.ts';
import type { EngineContext } from './context.ts';

/** Follows the monitor that was just started. False when it has ended, or was killed, which is told then. */
export async function followMonitor(context: EngineContext, containerId: string): Promise<boolean> {
  if (await context.hub.follow(containerId)) return true;
  const { monitor } = readContainerState(context.paths.container(containerId), context.native);
  if (monitor === 'lost') context.hub.announceLost(containerId);
  return false;
}
