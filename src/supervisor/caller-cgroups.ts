import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = '/sys/fs/cgroup';

/**
 * Goes from the cgroups of whoever started this process to the roots: they may be ended or limited as one, and the supervisor,
 * whose monitors are where it is, outlives them. The launcher has it begin there; to move a process of many threads takes
 * the kernel up to 10 ms.
 */
export function leaveCallersCgroups(): void {
  // cgroups(7): number:controllers:path, no controllers for v2.
  for (const line of readFileSync('/proc/self/cgroup', 'utf8').split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === '/') continue;
    try {
      writeFileSync(join(directoryOf(controllers), 'cgroup.procs'), '0');
    } catch {
      // Not ours to write, or not mounted: then it stays.
    }
  }
}

function directoryOf(controllers: string): string {
  if (controllers !== '') return join(root, controllers.replace(/^name=/, ''));
  return existsSync(join(root, 'cgroup.controllers')) ? root : join(root, 'unified');
}
