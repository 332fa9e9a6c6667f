/** Entry of the supervisor: one process per project, `node dist/supervisor.js --project NAME [--state-dir DIR]`. */
import { closeSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { errorData } from '../engine/execute.ts';
import { native } from '../native/binding.ts';
import { resolvePaths } from '../state/paths.ts';
import { Supervisor } from './supervisor.ts';

const { values } = parseArgs({
  options: {
    project: { type: 'string' },
    'state-dir': { type: 'string' },
    'ready-fd': { type: 'string' },
  },
});

// What `ps` shows: whose supervisor it is.
process.title = `tscompose-supervisor ${values.project ?? ''}`;

report(await start());

/** One line for whoever started us: `ready`, or the error as JSON. */
async function start(): Promise<string> {
  try {
    const paths = resolvePaths({
      stateDir: values['state-dir'],
      uid: process.getuid?.() ?? 0,
      environment: process.env,
    });
    const supervisor = await Supervisor.open({
      projectName: values.project ?? '',
      paths,
      native: native(),
      ownArgs: process.argv.filter((_, index, all) => all[index] !== '--ready-fd' && all[index - 1] !== '--ready-fd'),
    });
    // Null: another supervisor of this project is there already.
    if (supervisor === null) setImmediate(() => process.exit(0));
    return 'ready';
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
    setImmediate(() => process.exit(1));
    return JSON.stringify(errorData(error));
  }
}

function report(line: string): void {
  const fd = Number(values['ready-fd'] ?? -1);
  if (fd < 0) return;
  try {
    writeSync(fd, `${line}\n`);
    closeSync(fd);
  } catch {
    // Whoever waited is gone; the next command finds us listening.
  }
}
