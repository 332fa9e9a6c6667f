import { readFile } from 'node:fs/promises';
import { MonitorClient } from '../container/monitor-client.ts';
import type { MonitorEvent } from '../container/monitor-protocol.ts';
import type { MonitorState } from '../container/monitor-state.ts';
import { exitCodeOf, type HealthProbe, unknownExitCode } from '../model/container-state.ts';
import type { ContainerRecord } from '../model/records.ts';
import type { ObservedContainer } from '../plan/observed.ts';
import type { Paths } from '../state/paths.ts';
import { ComposeError } from '../util/errors.ts';
import { isActive } from './observation.ts';

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
  | { readonly type: 'health'; readonly record: ContainerRecord; readonly status: string; readonly probe: HealthProbe }
  | { readonly type: 'pause' | 'unpause'; readonly record: ContainerRecord }
  /** Nothing that is watched runs, and no command is about to start something. */
  | { readonly type: 'idle' };

/**
 * Watches containers through their monitors, which know first. Iterating gives the events of all of them; it ends with
 * `signal`. A container has one life after another; each is watched once, however late we hear of it.
 */
export class ContainerWatch implements AsyncIterable<WatchEvent>, AsyncDisposable {
  readonly #paths: Paths;
  readonly #abort = new AbortController();
  readonly #signal: AbortSignal;
  readonly #aborted = Promise.withResolvers<void>();
  readonly #watched = new Map<string, { readonly ended: AbortController; readonly done: Promise<void> }>();
  /** When the latest life of each began that was seen. */
  readonly #lives = new Map<string, string | null>();
  #events: WatchEvent[] = [];
  readonly #changesOver: () => Promise<void>;
  readonly #repaired: () => Promise<void>;
  #idleCheck = Promise.resolve();
  #idleChecks = 0;
  #failure: { readonly error: unknown } | undefined;
  #changed = Promise.withResolvers<void>();

  /**
   * `changesOver` settles when no command is being carried out and whatever they started was added. It is called when the
   * last container is gone: a restart and a replacement are a stop and a start, and their command is not over in between.
   * `repaired` settles when what could be done for a container whose monitor was killed was done.
   */
  constructor(paths: Paths, signal: AbortSignal, changesOver: () => Promise<void>, repaired = changesOver) {
    this.#changesOver = changesOver;
    this.#repaired = repaired;
    this.#paths = paths;
    this.#signal = AbortSignal.any([signal, this.#abort.signal]);
    const abort = () => {
      this.#changed.resolve();
      this.#aborted.resolve();
    };
    this.#signal.addEventListener('abort', abort, { once: true });
  }

  get size(): number {
    return this.#watched.size;
  }

  /** Whether a container is being watched; one that is gone can be watched again. */
  isWatched(id: string): boolean {
    return this.#watched.has(id);
  }

  /** Whether a container is in a life that was not seen here, be it over. One without a monitor cannot be watched. */
  isNew(container: ObservedContainer): boolean {
    const { record, state } = container;
    if (state.status === 'created' || state.monitor === 'lost' || this.isWatched(record.id)) return false;
    return isActive(container) || this.#lives.get(record.id) !== state.startedAt;
  }

  /** Takes the life of a container that has ended for seen. */
  skip({ record, state }: ObservedContainer): void {
    this.#lives.set(record.id, state.startedAt);
  }

  /**
   * Watches a container until it is gone. The result is aborted then, when all that it printed is in its log; the reason is
   * its exit code.
   */
  add(record: ContainerRecord): AbortSignal {
    const known = this.#watched.get(record.id);
    if (known !== undefined) return known.ended.signal;
    const ended = new AbortController();
    const done = this.#watch(record)
      .then(
        (exitCode) => {
          this.#watched.delete(record.id);
          if (!this.#signal.aborted) this.#emit({ type: 'exit', record, exitCode, next: 'gone' });
          ended.abort(exitCode);
        },
        (error: unknown) => {
          this.#watched.delete(record.id);
          this.#fail(error);
          ended.abort();
        },
      )
      .finally(() => this.checkIdle());
    this.#watched.set(record.id, { ended, done });
    return ended.signal;
  }

  /** Has `idle` told if nothing runs any more. To be called once everything was added; later ends are noticed by themselves. */
  checkIdle(): void {
    const number = ++this.#idleChecks;
    // What ended during a check is judged by the one that it asked for: the answer to the first may be too old.
    const isOurs = () => number === this.#idleChecks && this.#watched.size === 0 && !this.#signal.aborted;
    this.#idleCheck = this.#idleCheck
      .then(async () => {
        if (!isOurs()) return;
        await Promise.race([this.#changesOver(), this.#aborted.promise]);
        if (isOurs()) this.#emit({ type: 'idle' });
      })
      .catch((error: unknown) => this.#fail(error));
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
    await this.#idleCheck;
  }

  /** Settles with the last exit code when the container is gone. */
  async #watch(record: ContainerRecord): Promise<number> {
    let life: string | null | undefined;
    for (;;) {
      const ending = await this.#watchMonitor(record, life);
      if (ending !== 'lost') return ending;
      // The supervisor gives it another monitor, or starts it anew when its process was killed, too.
      await Promise.race([this.#repaired(), this.#aborted.promise]);
      if (this.#signal.aborted) return unknownExitCode;
      life = this.#lives.get(record.id);
    }
  }

  /**
   * Settles when a monitor ends: with the exit code of its container, or as lost when it was killed and the container need
   * not have ended. `life`: when what a monitor was lost of began.
   */
  async #watchMonitor(record: ContainerRecord, life: string | null | undefined): Promise<number | 'lost'> {
    const monitor = new MonitorClient(this.#paths.container(record.id).socket);
    try {
      const subscription = await monitor.subscribe({ signal: this.#signal });
      const { state } = subscription;
      let exitCode: number | undefined;
      if (life !== undefined && state.startedAt !== life) {
        this.#emit({ type: 'exit', record, exitCode: unknownExitCode, next: 'restart' });
      }
      this.#lives.set(record.id, state.startedAt);
      this.#emit({ type: 'state', record, state });
      for await (const event of subscription) {
        if (event.event === 'die') exitCode = event.exitCode;
        else if (event.event === 'gone') return event.exitCode;
        else if (this.#tell(record, event, exitCode)) exitCode = undefined;
      }
      if (exitCode !== undefined) return exitCode;
      const ending = await this.#exitRecord(record);
      return ending !== undefined && ending.startedAt === this.#lives.get(record.id) ? exitCodeOf(ending) : 'lost';
    } catch (error) {
      if (!(error instanceof ComposeError) || error.code !== 'NOT_RUNNING') throw error;
    }
    // It ended before we came.
    const ending = await this.#exitRecord(record);
    if (ending !== undefined) this.#lives.set(record.id, ending.startedAt);
    // Removed together with its record: how it ended is not known any more.
    return ending === undefined ? 137 : exitCodeOf(ending);
  }

  /** Tells what an event means; true when the exit before it is told with it. */
  #tell(record: ContainerRecord, event: MonitorEvent, exitCode: number | undefined): boolean {
    switch (event.event) {
      case 'start':
        this.#lives.set(record.id, event.at);
        // Stopped and started in one go, without the restart policy.
        if (exitCode !== undefined) this.#emit({ type: 'exit', record, exitCode, next: 'restart' });
        this.#emit({ type: 'start', record });
        return true;
      case 'restarting':
        this.#emit({ type: 'exit', record, exitCode: exitCode ?? 0, next: 'restart' });
        return true;
      case 'health':
        this.#emit({ type: 'health', record, status: event.status, probe: event.log });
        return false;
      case 'pause':
      case 'unpause':
        this.#emit({ type: event.event, record });
        return false;
      default:
        return false;
    }
  }

  async #exitRecord(record: ContainerRecord): Promise<MonitorState | undefined> {
    try {
      return JSON.parse(await readFile(this.#paths.container(record.id).exitRecord, 'utf8')) as MonitorState;
    } catch {
      return undefined;
    }
  }

  #fail(error: unknown): void {
    if (!this.#signal.aborted) this.#failure ??= { error };
    this.#changed.resolve();
  }

  #emit(event: WatchEvent): void {
    this.#events.push(event);
    this.#changed.resolve();
  }
}
