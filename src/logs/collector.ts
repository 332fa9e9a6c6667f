import { followLog } from './follow.ts';
import type { SourcedRecord } from './merge.ts';
import { LogReader, type LogSelection } from './reader.ts';

export type CollectorItem<Source> =
  | { readonly type: 'records'; readonly records: readonly SourcedRecord<Source>[] }
  /** The log of `source` was read to its end. */
  | { readonly type: 'end'; readonly source: Source };

/** How much may wait to be taken before the followers wait too: memory stays bounded however fast a container prints. */
const queueLimit = 20_000;

/**
 * Follows the logs of containers that come and go. Iterating gives what all of them wrote since the last time, in order
 * of time; it ends when no log is followed any more and `finish()` was called, or at once with `signal`.
 */
export class LogCollector<Source> implements AsyncIterable<CollectorItem<Source>>, AsyncDisposable {
  readonly #abort = new AbortController();
  readonly #signal: AbortSignal;
  readonly #followers = new Set<Promise<void>>();
  #records: SourcedRecord<Source>[] = [];
  #ends: Source[] = [];
  #isFinishing = false;
  #failure: { readonly error: unknown } | undefined;
  #changed = Promise.withResolvers<void>();
  #taken = Promise.withResolvers<void>();

  constructor(signal?: AbortSignal) {
    this.#signal = signal === undefined ? this.#abort.signal : AbortSignal.any([signal, this.#abort.signal]);
    this.#signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  /** Follows a log, or goes on with a `reader` that has given the history already, until `ended`. */
  add(source: Source, path: string, from: LogReader | LogSelection, ended: AbortSignal): void {
    const follower = this.#follow(source, path, from, ended)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#followers.delete(follower);
        this.#wake();
      });
    this.#followers.add(follower);
  }

  /** No log is added any more: the iteration ends after the last one that is followed. */
  finish(): void {
    this.#isFinishing = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CollectorItem<Source>> {
    for (;;) {
      const changed = this.#changed.promise;
      const records = this.#records;
      const ends = this.#ends;
      this.#records = [];
      this.#ends = [];
      this.#taken.resolve();
      this.#taken = Promise.withResolvers<void>();
      if (records.length > 0) {
        yield { type: 'records', records: records.sort((a, b) => compareText(a.record.time, b.record.time)) };
      }
      for (const source of ends) yield { type: 'end', source };
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#signal.aborted) return;
      if (this.#records.length > 0 || this.#ends.length > 0) continue;
      if (this.#isFinishing && this.#followers.size === 0) return;
      await changed;
      this.#changed = Promise.withResolvers<void>();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    this.#taken.resolve();
    await Promise.all(this.#followers);
  }

  async #follow(source: Source, path: string, from: LogReader | LogSelection, ended: AbortSignal): Promise<void> {
    await using reader = from instanceof LogReader ? from : await LogReader.open(path, from);
    for await (const batch of followLog(path, reader, { ended, signal: this.#signal })) {
      for (const record of batch) this.#records.push({ source, record });
      this.#wake();
      while (this.#records.length > queueLimit && !this.#signal.aborted) await this.#taken.promise;
    }
    if (!this.#signal.aborted) this.#ends.push(source);
  }

  #wake(): void {
    this.#changed.resolve();
  }
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
