import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { followLog } from './follow.ts';
import type { SourcedRecord } from './merge.ts';
import { LogReader, type LogSelection } from './reader.ts';

export type CollectorItem<Source> =
  | { readonly type: 'records'; readonly records: readonly SourcedRecord<Source>[] }
  /** So many lines of the log of `source` were passed over; it goes on with what was printed at `next`. */
  | { readonly type: 'skipped'; readonly source: Source; readonly lines: number; readonly next: string }
  /** The log of `source` was read to its end: all that was printed before its `ended`, whose reason comes along. */
  | { readonly type: 'end'; readonly source: Source; readonly reason: unknown };

/** How much may wait to be taken before the followers wait too: memory stays bounded however fast a container prints. */
const queueLimit = 20_000;
/** Where what cannot be read in time may be passed over: what waits is less, a log is that far behind at most, and goes on so shortly before its end. */
const skipping = { queueLimit: 1000, behindBytes: 2 << 20, keptBytes: 128 << 10 };

export interface CollectorOptions {
  /** Whoever takes the records is a person: of logs that grow faster than they are taken, parts are counted and not read. */
  readonly skipsBacklog?: boolean;
}

/**
 * Follows the logs of containers that come and go. Iterating gives what all of them wrote, in order of time: what is later
 * than where another log is being read waits for that, as long as not too much does. It ends when no log is followed any more and `finish()` was called, or at once with `signal`.
 */
export class LogCollector<Source> implements AsyncIterable<CollectorItem<Source>>, AsyncDisposable {
  readonly #abort = new AbortController();
  readonly #signal: AbortSignal;
  readonly #skipsBacklog: boolean;
  readonly #queueLimit: number;
  #skips: Extract<CollectorItem<Source>, { type: 'skipped' }>[] = [];
  readonly #followers = new Set<Promise<void>>();
  /**
   * By path: the reader, once nobody follows with it. A container that comes back goes on with its log, and where it ended
   * before cannot be told by time: it may be back before we notice that it was gone.
   */
  readonly #readers = new Map<string, Promise<LogReader>>();
  #records: SourcedRecord<Source>[] = [];
  /** How far those logs are read that have more to read. */
  readonly #positions = new Map<object, string>();
  #ends: Extract<CollectorItem<Source>, { type: 'end' }>[] = [];
  #isFinishing = false;
  #failure: { readonly error: unknown } | undefined;
  #changed = Promise.withResolvers<void>();
  #taken = Promise.withResolvers<void>();

  constructor(signal?: AbortSignal, { skipsBacklog = false }: CollectorOptions = {}) {
    this.#skipsBacklog = skipsBacklog;
    this.#queueLimit = skipsBacklog ? skipping.queueLimit : queueLimit;
    this.#signal = signal === undefined ? this.#abort.signal : AbortSignal.any([signal, this.#abort.signal]);
    this.#signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  /**
   * Follows a log until `ended`, or goes on with a `reader` that has given the history already. One that was followed
   * before goes on where that ended, whatever `from` says.
   */
  add(source: Source, path: string, from: LogReader | LogSelection, ended: AbortSignal): void {
    this.#forgetRemoved();
    const earlier = this.#readers.get(path);
    const opened = earlier ?? (from instanceof LogReader ? Promise.resolve(from) : LogReader.open(path, from));
    const reader = this.#follow(source, path, opened, ended);
    this.#readers.set(path, reader);
    const follower: Promise<void> = reader
      .then(
        () => {},
        (error: unknown) => {
          this.#failure ??= { error };
        },
      )
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
      const records = this.#takeRecords();
      const ends = this.#takeEnds();
      this.#taken.resolve();
      this.#taken = Promise.withResolvers<void>();
      const skips = this.#skips;
      this.#skips = [];
      yield* skips;
      if (records.length > 0) yield { type: 'records', records };
      yield* ends;
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#signal.aborted) return;
      if (records.length > 0 || ends.length > 0) continue;
      // Even a yield of nothing lets others run.
      const isEmpty = this.#records.length === 0 && this.#ends.length === 0;
      if (this.#isFinishing && this.#followers.size === 0 && isEmpty) return;
      await changed;
      this.#changed = Promise.withResolvers<void>();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    this.#taken.resolve();
    await Promise.all(this.#followers);
    await Promise.all([...this.#readers.values()].map(dispose));
  }

  async #follow(source: Source, path: string, from: Promise<LogReader>, ended: AbortSignal): Promise<LogReader> {
    const reader = await from;
    const key = {};
    let position = '';
    let skipped = 0;
    const tellSkipped = (next: string) => {
      if (skipped > 0) this.#skips.push({ type: 'skipped', source, lines: skipped, next });
      skipped = 0;
    };
    const onIdle = (isIdle: boolean) => {
      if (isIdle) this.#positions.delete(key);
      else this.#positions.set(key, position);
      this.#wake();
    };
    onIdle(false);
    try {
      for await (const batch of followLog(path, reader, { ended, signal: this.#signal, onIdle })) {
        for (const record of batch) this.#records.push({ source, record });
        tellSkipped(batch[0]?.time ?? position);
        position = batch.at(-1)?.time ?? position;
        this.#positions.set(key, position);
        this.#wake();
        while (this.#records.length > this.#queueLimit && !this.#signal.aborted) await this.#taken.promise;
        if (this.#skipsBacklog) {
          skipped += await reader.skip(skipping);
        }
      }
    } finally {
      this.#positions.delete(key);
      tellSkipped(position);
    }
    if (!this.#signal.aborted) this.#ends.push({ type: 'end', source, reason: ended.reason });
    return reader;
  }

  /** What can be given in order: all of it when too much waits, because memory is bounded and order is a courtesy. */
  #takeRecords(): SourcedRecord<Source>[] {
    const sorted = this.#records.sort((a, b) => compareText(a.record.time, b.record.time));
    const limit = [...this.#positions.values()].sort().at(0);
    const isLater = (time: string) => limit !== undefined && time > limit;
    const count = sorted.length > this.#queueLimit ? -1 : sorted.findIndex(({ record }) => isLater(record.time));
    this.#records = count < 0 ? [] : sorted.slice(count);
    return count < 0 ? sorted : sorted.slice(0, count);
  }

  /** An end comes after all that its log had. */
  #takeEnds(): Extract<CollectorItem<Source>, { type: 'end' }>[] {
    const waiting = new Set(this.#records.map(({ source }) => source));
    const ready = this.#ends.filter(({ source }) => !waiting.has(source));
    this.#ends = this.#ends.filter(({ source }) => waiting.has(source));
    return ready;
  }

  /** A container that was removed does not come back. */
  #forgetRemoved(): void {
    for (const [path, reader] of this.#readers) {
      if (existsSync(dirname(path))) continue;
      this.#readers.delete(path);
      void dispose(reader);
    }
  }

  #wake(): void {
    this.#changed.resolve();
  }
}

/** One that failed is closed with the process. */
async function dispose(reader: Promise<LogReader>): Promise<void> {
  await (await reader.catch(() => undefined))?.[Symbol.asyncDispose]();
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
