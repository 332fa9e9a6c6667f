/** The cgroups above those of containers, which the core makes when they are missing and nobody else takes away. */
import { existsSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = '/sys/fs/cgroup';
/** v2 itself, and one v1 hierarchy after the other. */
const hierarchies = [
  '',
  'memory',
  'pids',
  'freezer',
  'cpu',
  'cpuacct',
  'cpu,cpuacct',
  'devices',
  'blkio',
  'cpuset',
  'systemd',
  'unified',
];

/** The directory of a cgroup in the first hierarchy that has it. */
export function cgroupDirectory(path: string): string | undefined {
  return hierarchies.map((name) => join(root, name, path)).find((directory) => existsSync(directory));
}

/** The parents of a cgroup that are not there yet, the innermost first. */
export function missingParents(cgroupsPath: string): string[] {
  const missing: string[] = [];
  for (let path = dirname(cgroupsPath); path !== '/' && path !== '.'; path = dirname(path)) {
    if (cgroupDirectory(path) === undefined) missing.push(path);
  }
  return missing;
}

/** Removes these cgroups, innermost first, as far as nobody is in them. */
export function removeEmptyCgroups(paths: readonly string[]): void {
  for (const path of paths) {
    for (const hierarchy of hierarchies) {
      try {
        rmdirSync(join(root, hierarchy, path));
      } catch {
        // Others are in it, or it is not there.
      }
    }
  }
}
