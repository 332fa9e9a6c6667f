/** Entry of the supervisor: one process per project, `node dist/supervisor.js --project NAME [--state-dir DIR]`. */
import { flushCompileCache } from 'node:module';
import { keepCompiledCode } from '../util/compile-cache.ts';

keepCompiledCode();
const { startSupervisor } = await import('./start.ts');
await startSupervisor(process.argv);
// It may end by being killed, and the next start should find the cache.
setTimeout(flushCompileCache, 1_000).unref();
