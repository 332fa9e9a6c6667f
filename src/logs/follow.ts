import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import type { LogReader } from './reader.ts';
import type { LogRecord } from './record.ts';

export interface FollowOptions {
  /** Aborted when the container has exited: what is there is read to its end, and that is the end. */
  readonly ended?: AbortSignal | undefined;
  /** Aborted to stop at once. */
  readonly signal?: AbortSignal | undefined;
  /** Told when all that was written is read, and when there is something to read again. */
  readonly onIdle?: ((isIdle: boolean) => void) | undefined;
}

/**
 * What `reader` gives, as it is written: inotify on the log's directory says when to look again, so an idle log costs
 * nothing and a rotation is noticed. Ends with `ended` or `signal`; the reader stays open.
 */
export async function* followLog(
  path: string,
  reader: LogReader,
  { ended, signal, onIdle }: FollowOptions,
): AsyncGenerator<LogRecord[]> {
  using changes = new DirectoryChanges(dirname(path), [ended, signal]);
  while (!signal?.aborted) {
    // Taken before reading: what is written while we read is not missed.
    const changed = changes.next();
    const isOver = ended?.aborted ?? false;
    for (let records = await reader.read(); records !== undefined; records = await reader.read()) {
      if (signal?.aborted) return;
      yield records;
    }
    if (isOver) {
      const rest = reader.flush();
      if (rest.length > 0) yield rest;
      return;
    }
    onIdle?.(true);
    await changed;
    onIdle?.(false);
  }
}

class DirectoryChanges implements Disposable {
  readonly #watcher: FSWatcher | undefined;
  readonly #signals: readonly AbortSignal[];
  readonly #wake = () => {
    this.#pending?.resolve();
    this.#pending = undefined;
  };
  #pending: PromiseWithResolvers<void> | undefined;

  constructor(directory: string, signals: readonly (AbortSignal | undefined)[]) {
    this.#signals = signals.filter((signal) => signal !== undefined);
    for (const signal of this.#signals) signal.addEventListener('abort', this.#wake);
    try {
      this.#watcher = watch(directory, this.#wake);
      // The directory goes away with its container.
      this.#watcher.on('error', this.#wake);
    } catch (error) {
      // Removed already: nothing is written any more, and `ended` says when to stop.
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }

  /** Settles at the first change after this call. */
  next(): Promise<void> {
    this.#pending ??= Promise.withResolvers<void>();
    const { promise } = this.#pending;
    if (this.#signals.some((signal) => signal.aborted)) this.#wake();
    return promise;
  }

  [Symbol.dispose](): void {
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#wake);
    this.#watcher?.close();
    this.#wake();
  }
}
