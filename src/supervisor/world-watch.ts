/** Tells the supervisors of all projects that containers came or went: networks, and so names, are shared between them. */
import { closeSync, type FSWatcher, futimesSync, mkdirSync, openSync, watch } from 'node:fs';
import { dirname } from 'node:path';

export class WorldWatch implements Disposable {
  readonly #path: string;
  readonly #watcher: FSWatcher;

  /** `path` is one file for all supervisors; `onChange` runs after a change that any of them announced. */
  constructor(path: string, onChange: () => void) {
    this.#path = path;
    mkdirSync(dirname(path), { recursive: true });
    closeSync(openSync(path, 'a', 0o600));
    this.#watcher = watch(path, { persistent: false }, onChange);
    this.#watcher.on('error', () => this.#watcher.close());
  }

  announce(): void {
    const file = openSync(this.#path, 'a', 0o600);
    try {
      const now = new Date();
      futimesSync(file, now, now);
    } finally {
      closeSync(file);
    }
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
  }
}
