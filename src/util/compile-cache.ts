import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Keeps compiled code from one process to the next, which halves the time to our first line. To be called before
 * anything else of ours is imported.
 */
export function keepCompiledCode(): void {
  enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tscompose', 'compile'));
}
