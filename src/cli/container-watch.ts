import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { MonitorClient } from '../container/monitor-client.ts';
import type { MonitorEvent, MonitorState } from '../container/monitor-protocol.ts';
import type { ContainerRecord } from '../model/records.ts';
import type { Paths } from '../state/paths.ts';
import { ComposeError } from '../util/errors.ts';

export type WatchEvent =
  | { readonly type: 'state'; readonly record: ContainerRecord; readonly state: MonitorState }
  | { readonly type: 'start'; readonly record: ContainerRecord }
  /** `next`: whether the restart policy starts it again. */
  | {
      readonly type: 'exit';
      readonly record: ContainerRecord;
      readonly exitCode: number;
      readonly next: 'restart' | 'gone';
    }
  | { readonly type: 'health'; readonly record: ContainerRecord; readonly status: string }
  | { readonly type: 'pause' | 'unpause'; readonly record: ContainerRecord };

const settleMs = 1000;

/**
 * Watches containers through their monitors, which know first. Iterating gives the events of all of them; it ends with
 * `signal`.
 */
export class ContainerWatch implements AsyncIterable<WatchEvent>, AsyncDisposable {
  readonly #paths: Paths;
  readonly #abort = new AbortController();
  readonly #signal: AbortSignal;
  readonly #watched = new Map<string, { readonly ended: AbortController; readonly done: Promise<void> }>();
  #events: WatchEvent[] = [];
  readonly #mayReturn: (record: ContainerRecord) => boolean;
  readonly #changesOver: () => Promise<void>;
  #lastMayReturn = false;
  #failure: { readonly error: unknown } | undefined;
  #changed = Promise.withResolvers<void>();

  /**
   * `mayReturn` says whether the end of a container is the doing of a command, which may start it again; `changesOver`
   * settles when no command is being carried out.
   */
  constructor(
    paths: Paths,
    signal: AbortSignal,
    mayReturn: (record: ContainerRecord) => boolean,
    changesOver: () => Promise<void> = async () => {},
  ) {
    this.#changesOver = changesOver;
    this.#paths = paths;
    this.#mayReturn = mayReturn;
    this.#signal = AbortSignal.any([signal, this.#abort.signal]);
    this.#signal.addEventListener('abort', () => this.#changed.resolve(), { once: true });
  }

  /** Whether a container is being watched; one that is gone can be watched again. */
  isWatched(id: string): boolean {
    return this.#watched.has(id);
  }

  get size(): number {
    return this.#watched.size;
  }

  /** Watches a container until it is gone; the result is aborted then, when all that it printed is in its log. */
  add(record: ContainerRecord): AbortSignal {
    const known = this.#watched.get(record.id);
    if (known !== undefined) return known.ended.signal;
    const ended = new AbortController();
    const done = this.#watch(record)
      .then((exitCode) => {
        this.#watched.delete(record.id);
        if (!this.#signal.aborted) this.#emit({ type: 'exit', record, exitCode, next: 'gone' });
      })
      .catch((error: unknown) => {
        if (!this.#signal.aborted) this.#failure ??= { error };
        this.#watched.delete(record.id);
      })
      .finally(() => {
        ended.abort();
        this.#changed.resolve();
      });
    this.#watched.set(record.id, { ended, done });
    return ended.signal;
  }

  /** SIGKILL to every container that is watched. */
  async killAll(): Promise<void> {
    const kills = [...this.#watched.keys()].map(async (id) => {
      const monitor = new MonitorClient(this.#paths.container(id).socket);
      await monitor.request('stop', { signal: 'SIGKILL', timeoutMs: 0 });
    });
    // One that ended by itself meanwhile has no monitor any more.
    await Promise.allSettled(kills);
  }

  /**
   * Whether nothing is watched any more. When the last one may return the command that ended it is waited for, and a moment
   * for what it started to be noticed: a restart and a replacement are a stop and a start.
   */
  async isIdle(): Promise<boolean> {
    if (this.size > 0) return false;
    if (this.#lastMayReturn) {
      await this.#changesOver();
      await delay(settleMs, undefined, { signal: this.#signal, ref: false }).catch(() => {});
    }
    return this.size === 0;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent> {
    for (;;) {
      const changed = this.#changed.promise;
      const events = this.#events;
      this.#events = [];
      yield* events;
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#signal.aborted) return;
      if (this.#events.length > 0) continue;
      await changed;
      this.#changed = Promise.withResolvers<void>();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await Promise.all([...this.#watched.values()].map(({ done }) => done));
  }

  /** Settles with the last exit code when the container is gone. */
  async #watch(record: ContainerRecord): Promise<number> {
    const monitor = new MonitorClient(this.#paths.container(record.id).socket);
    let exitCode: number | undefined;
    let mayReturn = false;
    try {
      const subscription = await monitor.subscribe({ signal: this.#signal });
      this.#emit({ type: 'state', record, state: subscription.state });
      for await (const event of subscription) {
        if (event.event === 'die') {
          exitCode = event.exitCode;
          // Asked at once: a moment later the command may have begun to start it again.
          mayReturn = this.#mayReturn(record);
        } else if (event.event === 'gone') break;
        else if (this.#tell(record, event, exitCode)) exitCode = undefined;
      }
    } catch (error) {
      // It ended before we came.
      if (!(error instanceof ComposeError) || error.code !== 'NOT_RUNNING') throw error;
    }
    this.#lastMayReturn = mayReturn || this.#mayReturn(record);
    return exitCode ?? (await this.#recordedExitCode(record));
  }

  /** Tells what an event means; true when the exit before it is told with it. */
  #tell(record: ContainerRecord, event: MonitorEvent, exitCode: number | undefined): boolean {
    switch (event.event) {
      case 'start':
        // Stopped and started in one go, without the restart policy.
        if (exitCode !== undefined) this.#emit({ type: 'exit', record, exitCode, next: 'restart' });
        this.#emit({ type: 'start', record });
        return true;
      case 'restarting':
        this.#emit({ type: 'exit', record, exitCode: exitCode ?? 0, next: 'restart' });
        return true;
      case 'health':
        this.#emit({ type: 'health', record, status: event.status });
        return false;
      case 'pause':
      case 'unpause':
        this.#emit({ type: event.event, record });
        return false;
      default:
        return false;
    }
  }

  async #recordedExitCode(record: ContainerRecord): Promise<number> {
    try {
      const text = await readFile(this.#paths.container(record.id).exitRecord, 'utf8');
      return (JSON.parse(text) as MonitorState).exitCode ?? 0;
    } catch {
      // Removed together with its record: how it ended is not known any more.
      return 137;
    }
  }

  #emit(event: WatchEvent): void {
    this.#events.push(event);
    this.#changed.resolve();
  }
}
