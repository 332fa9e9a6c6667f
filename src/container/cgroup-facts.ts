/** What this machine's cgroups can limit. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupVersion } from '../util/machine.ts';

export interface CgroupFacts {
  readonly mode: 'v1' | 'hybrid' | 'v2' | 'none';
  /** As v2 names them. */
  readonly controllers: readonly string[];
  /** Whether memory and swap together can be limited. */
  readonly limitsSwap: boolean;
}

const root = '/sys/fs/cgroup';

/** Reads the facts; where cgroups are not mounted there is nothing. */
export function readCgroupFacts(): CgroupFacts {
  if (cgroupVersion() === 2) {
    const text = textOf(join(root, 'cgroup.controllers'));
    const controllers = text?.split(/\s+/).filter(Boolean) ?? [];
    return { mode: text === null ? 'none' : 'v2', controllers, limitsSwap: controllers.includes('memory') };
  }
  const mounted = (textOf('/proc/self/mountinfo') ?? '')
    .split('\n')
    .filter((line) => / - cgroup /.test(line))
    .flatMap((line) => line.split(' ').at(-1)?.split(',') ?? []);
  const controllers = (textOf('/proc/cgroups') ?? '').split('\n').flatMap((line) => {
    const [name = '', , , enabled] = line.split(/\s+/);
    return enabled === '1' && mounted.includes(name) ? [name === 'blkio' ? 'io' : name] : [];
  });
  const isHybrid = existsSync(join(root, 'unified'));
  return {
    mode: controllers.length === 0 ? 'none' : isHybrid ? 'hybrid' : 'v1',
    controllers,
    limitsSwap: existsSync(join(root, 'memory/memory.memsw.limit_in_bytes')),
  };
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
