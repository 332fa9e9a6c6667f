/** Entry of the supervisor: one process per project, `node dist/supervisor.js --project NAME [--state-dir DIR]`. */
import { loadProgram } from '../util/code-cache.ts';
import type * as Supervise from './start.ts';

// Calls of the addon wait in the kernel more than they compute. Before the first one: then the pool is made.
process.env.UV_THREADPOOL_SIZE ??= '16';
const file = `${import.meta.dirname}/supervise.js`;
const { exports, keep } = loadProgram<typeof Supervise>(file, 'supervise');
await exports.startSupervisor(process.argv);
// It may end by being killed, and by now it has done what it was started for.
setTimeout(keep, 1_000).unref();
