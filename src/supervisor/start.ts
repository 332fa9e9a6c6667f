import { closeSync, writeSync } from 'node:fs';
import { errorData } from '../engine/execute.ts';
import { native } from '../native/binding.ts';
import { resolvePaths } from '../state/paths.ts';
import { nodeFlags } from '../util/node-flags.ts';
import { leaveCallersCgroups } from './caller-cgroups.ts';
import { Supervisor } from './supervisor.ts';

/** Opens the project's supervisor as the command line says, and reports to whoever started us that it listens. */
export async function startSupervisor(argv: readonly string[]): Promise<void> {
  // Ours is the only one who writes these: node:util's parser takes a millisecond to load.
  const valueAfter = (flag: string): string | undefined =>
    argv.includes(flag) ? argv[argv.indexOf(flag) + 1] : undefined;
  const stateDir = valueAfter('--state-dir');
  // Whoever started us may keep files to themselves; containers' users must reach their root and its names.
  process.umask(0o022);
  const projectName = valueAfter('--project') ?? '';
  // What `ps` shows: whose supervisor it is.
  process.title = `tscompose-supervisor ${projectName}`;
  report(Number(valueAfter('--ready-fd') ?? -1), await open(projectName, stateDir, argv));
}

/** The command line with which a monitor starts this supervisor anew. */
function argsAgain([node = process.execPath, ...words]: readonly string[]): string[] {
  const own = words.filter((word, index) => word !== '--ready-fd' && words[index - 1] !== '--ready-fd');
  return [node, ...nodeFlags, ...own];
}

/** One line for whoever started us: `ready`, `present` when another supervisor of the project listens, or the error as JSON. */
async function open(projectName: string, stateDir: string | undefined, argv: readonly string[]): Promise<string> {
  try {
    leaveCallersCgroups();
    const supervisor = await Supervisor.open({
      projectName,
      paths: resolvePaths({ stateDir, uid: process.getuid?.() ?? 0, environment: process.env }),
      native: native(),
      ownArgs: argsAgain(argv),
    });
    if (supervisor !== null) return 'ready';
    setImmediate(() => process.exit(0));
    return 'present';
  } catch (error) {
    console.error(error);
    setImmediate(() => process.exit(1));
    return JSON.stringify(errorData(error));
  }
}

function report(fd: number, line: string): void {
  if (fd < 0) return;
  try {
    writeSync(fd, `${line}\n`);
    closeSync(fd);
  } catch {
    // Whoever waited is gone; the next command finds us listening.
  }
}
