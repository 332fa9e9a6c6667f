import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** An editor saves in several steps. */
const settlingMs = 150;

/** Tells when one of some files has become another one. Their directories are watched: many editors replace what they save. */
export class FileChanges implements Disposable {
  readonly #tell: () => void;
  #watchers: FSWatcher[] = [];
  #followed = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: () => void) {
    this.#tell = tell;
  }

  /** These from now on, and no others. */
  follow(files: readonly string[]): void {
    const followed = [...files].sort().join('\0');
    if (followed === this.#followed) return;
    this[Symbol.dispose]();
    this.#followed = followed;
    for (const directory of new Set(files.map(dirname))) {
      const names = new Set(files.filter((file) => dirname(file) === directory).map((file) => basename(file)));
      const changed = (_event: string, name: string | null) => {
        if (name === null || names.has(name)) this.#schedule();
      };
      try {
        const watcher = watch(directory, { persistent: false }, changed);
        watcher.on('error', () => watcher.close());
        this.#watchers.push(watcher);
      } catch {
        // It is gone, or the machine has no watch left: whoever asks again sees what is new.
      }
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#followed = '';
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#tell();
    }, settlingMs);
  }
}
