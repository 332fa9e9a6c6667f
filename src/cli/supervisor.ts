import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SupervisorClient } from '../client/client.ts';
import type { SupervisorCommand } from '../client/spawn.ts';
import { capabilityNames } from '../model/capability.ts';
import { ComposeError } from '../util/errors.ts';
import type { Context } from './context.ts';

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
    precondition: requirePrivileges,
    arguments: ['--disable-warning=ExperimentalWarning', supervisorScript(), '--project', projectName, ...stateDir],
  };
}

const needed = ['CAP_NET_ADMIN', 'CAP_SYS_ADMIN'] as const;

/** Namespaces, mounts and links are made with these; without them nothing is begun. */
function requirePrivileges(): void {
  const [, mask = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  const effective = BigInt(`0x${mask}`);
  const missing = needed.filter((name) => !((effective >> BigInt(capabilityNames.indexOf(name))) & 1n));
  if (missing.length === 0) return;
  throw new ComposeError('NO_PERMISSION', `containers need root: this process has no ${missing.join(', ')}`, {
    hint: 'run the command with sudo',
  });
}

/** The bundle stands beside ours; run from the sources we use the one that was built. */
function supervisorScript(): string {
  const { dirname, filename } = import.meta;
  return filename.endsWith('.ts') ? join(dirname, '../../dist/supervisor.js') : join(dirname, 'supervisor.js');
}
