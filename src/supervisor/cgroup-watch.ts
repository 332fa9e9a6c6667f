/** Notices that somebody removed a container's cgroup: cgroupfs reports a removed directory to inotify(7). */
import { existsSync, type FSWatcher, rmdirSync, watch } from 'node:fs';
import { join } from 'node:path';

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

/** Takes away the directory of all our cgroups when the last of them, of whatever project, has gone. */
export function removeEmptyParents(): void {
  for (const hierarchy of hierarchies) {
    try {
      rmdirSync(join(root, hierarchy, 'tscompose'));
    } catch {
      // Others are in it, or it is not there.
    }
  }
}

export class CgroupWatch implements Disposable {
  readonly #onRemoved: (name: string) => void;
  readonly #watchers = new Map<string, FSWatcher>();

  constructor(onRemoved: (name: string) => void) {
    this.#onRemoved = onRemoved;
  }

  /**
   * Watches the directory that holds cgroups of this parent (`/tscompose`); idempotent. One hierarchy is enough: what is
   * removed from others only is found at the next look.
   */
  follow(parent: string): void {
    const hierarchy = hierarchies.find((name) => existsSync(join(root, name, parent)));
    if (hierarchy === undefined) return;
    const path = join(root, hierarchy, parent);
    if (this.#watchers.has(path)) return;
    const watcher = watch(path, { persistent: false }, (event, name) => {
      if (event === 'rename' && name !== null && !existsSync(join(path, name))) this.#onRemoved(name);
    });
    watcher.on('error', () => this.#forget(path));
    this.#watchers.set(path, watcher);
  }

  [Symbol.dispose](): void {
    for (const path of [...this.#watchers.keys()]) this.#forget(path);
  }

  #forget(path: string): void {
    this.#watchers.get(path)?.close();
    this.#watchers.delete(path);
  }
}
