/** Notices that somebody removed a container's cgroup: cgroupfs reports a removed directory to inotify(7). */
import { existsSync, type FSWatcher, rmdirSync, watch } from 'node:fs';
import { join } from 'node:path';

const root = '/sys/fs/cgroup';
/** One v1 hierarchy after the other, and v2 itself. */
const hierarchies = [
  '',
  'unified',
  'memory',
  'cpu',
  'cpuacct',
  'cpu,cpuacct',
  'pids',
  'freezer',
  'devices',
  'blkio',
  'cpuset',
  'systemd',
  'net_cls,net_prio',
  'perf_event',
  'hugetlb',
  'rdma',
  'misc',
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

  /** Watches the directories that hold cgroups of this parent (`/tscompose`); idempotent. */
  follow(parent: string): void {
    for (const hierarchy of hierarchies) {
      const path = join(root, hierarchy, parent);
      if (this.#watchers.has(path) || !existsSync(path)) continue;
      const watcher = watch(path, { persistent: false }, (event, name) => {
        if (event === 'rename' && name !== null && !existsSync(join(path, name))) this.#onRemoved(name);
      });
      watcher.on('error', () => this.#forget(path));
      this.#watchers.set(path, watcher);
    }
  }

  [Symbol.dispose](): void {
    for (const path of [...this.#watchers.keys()]) this.#forget(path);
  }

  #forget(path: string): void {
    this.#watchers.get(path)?.close();
    this.#watchers.delete(path);
  }
}
