/** The entry: nothing is imported before the compile cache is on. */
import { keepCompiledCode } from '../util/compile-cache.ts';

keepCompiledCode();
const { runCommandLine } = await import('./run.ts');
await runCommandLine(process.argv.slice(2));
