/** Notices that somebody removed a container's cgroup: cgroupfs reports a removed directory to inotify(7). */
import { existsSync, type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import { cgroupDirectory, removeEmptyCgroups } from '../container/cgroup-parents.ts';

/** Takes away the directory of all our cgroups when the last of them, of whatever project, has gone. */
export function removeEmptyParents(): void {
  removeEmptyCgroups(['/tscompose']);
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
    const path = cgroupDirectory(parent);
    if (path === undefined || this.#watchers.has(path)) return;
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
