import { join } from 'node:path';
import { SupervisorClient } from '../client/client.ts';
import type { SupervisorCommand } from '../client/spawn.ts';
import { nodeFlags } from '../util/node-flags.ts';
import type { Context } from './context.ts';
import { requirePrivileges } from './privileges.ts';

/** The client of a project's supervisor, which is started at the first call when there is none. */
export function supervisorOf(projectName: string, context: Context): SupervisorClient {
  const { paths, begun } = context;
  return new SupervisorClient(
    paths.project(projectName),
    supervisorCommand(projectName, context),
    begun.take(projectName),
  );
}

/** A supervisor that the launcher began and that no command asked for has nothing to do. */
export async function dismissBegun(context: Context): Promise<void> {
  const name = context.begun.untaken;
  if (name === null) return;
  using client = supervisorOf(name, context);
  await client.leaveIfStarted();
}

/** The client of a supervisor that is used only when it is there already. */
export function presentSupervisorOf(projectName: string, context: Context): SupervisorClient {
  return new SupervisorClient(context.paths.project(projectName), null);
}

function supervisorCommand(projectName: string, { stateDirectory }: Context): SupervisorCommand {
  const stateDir = stateDirectory === undefined ? [] : ['--state-dir', stateDirectory];
  return {
    executable: process.execPath,
    precondition: () => requirePrivileges('containers need'),
    arguments: [...nodeFlags, supervisorScript(), '--project', projectName, ...stateDir],
  };
}

/** The bundle stands beside ours; run from the sources we use the one that was built. */
function supervisorScript(): string {
  const { dirname, filename } = import.meta;
  return filename.endsWith('.ts') ? join(dirname, '../../dist/supervisor.js') : join(dirname, 'supervisor.js');
}
