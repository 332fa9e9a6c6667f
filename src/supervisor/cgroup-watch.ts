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
  /** By parent. */
  readonly #watchers = new Map<string, FSWatcher>();

  constructor(onRemoved: (name: string) => void) {
    this.#onRemoved = onRemoved;
  }

  /**
   * Watches the directory that holds cgroups of this parent (`/tscompose`); idempotent. One hierarchy is enough: what is
   * removed from others only is found at the next look.
   */
  follow(parent: string): void {
    // Looked up before the directory: cgroupfs answers late while cgroups are made.
    if (this.#watchers.has(parent)) return;
    const path = cgroupDirectory(parent);
    if (path === undefined) return;
    const watcher = watch(path, { persistent: false }, (event, name) => {
      if (event === 'rename' && name !== null && !existsSync(join(path, name))) this.#onRemoved(name);
    });
    watcher.on('error', () => this.#forget(parent));
    this.#watchers.set(parent, watcher);
  }

  [Symbol.dispose](): void {
    for (const parent of [...this.#watchers.keys()]) this.#forget(parent);
  }

  #forget(parent: string): void {
    this.#watchers.get(parent)?.close();
    this.#watchers.delete(parent);
  }
}
