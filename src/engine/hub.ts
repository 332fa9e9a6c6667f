/** The monitors of a project's containers: one subscription each, the latest state of each, and who waits for what. */
import type { ContainerDriver } from '../container/container-driver.ts';
import type { Subscription } from '../container/monitor-client.ts';
import type { Descriptors, MonitorEvent } from '../container/monitor-protocol.ts';
import { ComposeError } from '../util/errors.ts';

export interface HubEvent {
  readonly containerId: string;
  /** `lost`: the subscription ended without `gone`, so the monitor was killed. */
  readonly event: MonitorEvent | { readonly event: 'lost' };
}

type Listener = (event: HubEvent) => void;

/** Something about the container may be new: who waits looks again. */
type Look = (containerId: string) => void;

export class ContainerHub implements AsyncDisposable {
  readonly #driver: Pick<ContainerDriver, 'monitor'>;
  readonly #toKeep: (containerId: string) => Descriptors | undefined;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #listeners = new Set<Listener>();
  readonly #looks = new Set<Look>();
  readonly #pumps = new Set<Promise<void>>();

  /** `toKeep` tells which descriptors a container's monitor should keep for the next supervisor. */
  constructor(
    driver: Pick<ContainerDriver, 'monitor'>,
    toKeep: (containerId: string) => Descriptors | undefined = () => undefined,
  ) {
    this.#driver = driver;
    this.#toKeep = toKeep;
  }

  /** Follows a running container's monitor; idempotent. False when no monitor listens. */
  async follow(containerId: string): Promise<boolean> {
    if (this.#subscriptions.has(containerId)) return true;
    let subscription: Subscription;
    try {
      subscription = await this.#driver.monitor(containerId).subscribe({
        supervisor: true,
        keep: this.#toKeep(containerId),
      });
    } catch (error) {
      if (error instanceof ComposeError && error.code === 'NOT_RUNNING') return false;
      throw error;
    }
    this.#subscriptions.set(containerId, subscription);
    const pump = this.#pump(containerId, subscription).finally(() => this.#pumps.delete(pump));
    this.#pumps.add(pump);
    return true;
  }

  /** What the monitor has kept of a former supervisor. */
  kept(containerId: string): Descriptors | undefined {
    return this.#subscriptions.get(containerId)?.kept;
  }

  /** Has the monitor keep what there is to keep by now. */
  async keep(containerId: string): Promise<void> {
    const keep = this.#toKeep(containerId);
    if (keep === undefined || !this.#subscriptions.has(containerId)) return;
    try {
      await this.#driver.monitor(containerId).request('keep', { keep });
    } catch (error) {
      // It has gone, is of an older release, or may not: without it names are unanswered until the next supervisor is there.
      if (!(error instanceof ComposeError)) throw error;
    }
  }

  isFollowed(containerId: string): boolean {
    return this.#subscriptions.has(containerId);
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  /** Calls `listener` for every event until the returned function is called. */
  onEvent(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells of a start that was over before anybody could subscribe to it. */
  announceStart(containerId: string, at: string): void {
    this.#emit({ containerId, event: { event: 'start', pid: 0, at } });
  }

  /** Tells of a monitor that was killed before anybody could subscribe to it. */
  announceLost(containerId: string): void {
    this.#emit({ containerId, event: { event: 'lost' } });
  }

  /** Has whoever waits for that container look again. */
  look(containerId: string): void {
    for (const look of [...this.#looks]) look(containerId);
  }

  /**
   * Resolves with what `check` returns as soon as that is not undefined: now, or after an event of one of the containers.
   * `check` may throw. Rejects with the signal's reason.
   */
  async until<T>(
    containerIds: ReadonlySet<string>,
    check: () => T | undefined,
    signal: AbortSignal,
    /** Looks once more after this time although nothing happened: for conditions that come true by lasting. */
    againAfterMs?: number,
  ): Promise<T> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const look = (): void => {
      try {
        const result = check();
        if (result !== undefined) resolve(result);
      } catch (error) {
        reject(error);
      }
    };
    const onLook = (containerId: string): void => {
      if (containerIds.has(containerId)) look();
    };
    this.#looks.add(onLook);
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    const timer = againAfterMs === undefined ? undefined : setTimeout(look, againAfterMs);
    try {
      look();
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#looks.delete(onLook);
      signal.removeEventListener('abort', abort);
    }
  }

  /** Leaves all monitors on purpose: none starts another supervisor. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#subscriptions.values()].map((subscription) => subscription.bye()));
    await Promise.all(this.#pumps);
  }

  async #pump(containerId: string, subscription: Subscription): Promise<void> {
    let isGone = false;
    for await (const event of subscription) {
      if (event.event === 'gone') {
        isGone = true;
        this.#subscriptions.delete(containerId);
      }
      this.#emit({ containerId, event });
    }
    if (isGone) return;
    this.#subscriptions.delete(containerId);
    this.#emit({ containerId, event: { event: 'lost' } });
  }

  #emit(event: HubEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
    this.look(event.containerId);
  }
}
