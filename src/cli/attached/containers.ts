import { LogCollector } from '../../logs/collector.ts';
import { LogReader } from '../../logs/reader.ts';
import { lastingName } from '../../model/names.ts';
import type { ContainerRecord } from '../../model/records.ts';
import type { Screen } from '../../ui/screen.ts';
import { ComposeError } from '../../util/errors.ts';
import { ContainerWatch, type WatchEvent } from '../container-watch.ts';
import type { Context } from '../context.ts';
import { isActive, observeProject, withRecords } from '../observation.ts';
import { UsageSampler } from '../usage-sampler.ts';
import type { AttachedPrinter } from './printer.ts';
import type { AttachedScope } from './scope.ts';

/** A supervisor that ends before has not got going. */
const briefLifeMs = 1000;
const maximumBriefLives = 3;

export interface AttachedContainersOptions {
  readonly scope: AttachedScope;
  readonly screen: Screen;
  readonly printer: AttachedPrinter;
  readonly context: Context;
  /** Ends everything. */
  readonly signal: AbortSignal;
  /** What becomes of a container that has a row of its own. */
  readonly seen: (event: Exclude<WatchEvent, { type: 'idle' }>) => void;
  /** One has ended that nobody starts again. */
  readonly ended: (record: ContainerRecord, exitCode: number) => Promise<void>;
  /** Nothing runs, and nobody is about to start something. Something may be started later all the same. */
  readonly idle: () => void;
  readonly failed: (error: unknown) => void;
}

/** The containers of an attached `up`, whoever starts them: their logs, their ends, what they use. */
export class AttachedContainers implements AsyncDisposable {
  readonly #options: AttachedContainersOptions;
  readonly #watch: ContainerWatch;
  readonly #collector: LogCollector<ContainerRecord>;
  readonly #sampler: UsageSampler | undefined;
  /** Logs of containers that were there before, from where they ended then: only what is new is shown. */
  readonly #earlier = new Map<string, LogReader>();
  readonly #subscribed = Promise.withResolvers<void>();
  readonly #applied = Promise.withResolvers<void>();
  #isApplied = false;
  #isOver = false;

  constructor(options: AttachedContainersOptions) {
    this.#options = options;
    const { screen, signal, context } = options;
    this.#watch = new ContainerWatch(
      context.paths,
      signal,
      () => this.#changesOver(),
      () => this.#repaired(),
    );
    // Where nobody could read it all, nobody waits for it.
    this.#collector = new LogCollector(signal, screen.showsStack ? { skipsBacklog: true } : {});
    this.#sampler = screen.showsStack
      ? new UsageSampler(context.paths, (name, usage) =>
          screen.tell({ type: 'usage', name: lastingName(name), ...usage }),
        )
      : undefined;
  }

  /** Notes what ran, and where the logs end, before anything happens. */
  async remember(): Promise<void> {
    const { scope, context } = this.#options;
    const { containers } = await observeProject(scope.session.projectName, context);
    for (const container of containers) {
      const { record } = container;
      if (!isActive(container)) this.#watch.skip(container);
      if (!scope.isShown(record)) continue;
      const { log } = context.paths.container(record.id);
      this.#earlier.set(record.id, await LogReader.open(log, { fromEnd: true }));
    }
  }

  /** Those that have a name; in an update two have it, one of them for a moment. */
  followByName(name: string): void {
    const { scope, context } = this.#options;
    const { projectName } = scope.session;
    const records = withRecords(context, (database) =>
      database.containers(projectName).filter((each) => lastingName(each.name) === name),
    );
    for (const record of records) if (!this.#watch.isWatched(record.id)) this.#follow(record);
  }

  /** What was to be started is started: from now on whatever runs is followed, too. */
  async follow(): Promise<void> {
    // What starts after the look is told.
    await this.#subscribed.promise;
    this.#isApplied = true;
    // Those that ran before, and those that were quicker than we.
    await this.#look();
    this.#applied.resolve();
    this.#watch.checkIdle();
  }

  /** Has `idle` told again if nothing runs. */
  checkIdle(): void {
    this.#watch.checkIdle();
  }

  /** Everything has ended: what is started now is not ours to show any more. Answers whether that is so. */
  end(): boolean {
    if (this.#watch.size > 0) return false;
    this.#isOver = true;
    return true;
  }

  /** Prints until all logs have come to their ends after `finishLogs`, or with the signal. */
  async printLogs(): Promise<void> {
    const { printer } = this.#options;
    for await (const item of this.#collector) {
      if (item.type === 'records') await printer.records(item.records);
      else if (item.type === 'skipped') printer.skipped(item.lines);
      // After its last line; without a reason that is a code we could not watch it.
      else if (typeof item.reason === 'number') await printer.status(item.source, `exited with code ${item.reason}`);
    }
  }

  finishLogs(): void {
    this.#collector.finish();
  }

  /** Tells what becomes of containers until the signal is aborted. */
  async watch(): Promise<void> {
    const { scope, printer, seen, ended, idle } = this.#options;
    for await (const event of this.#watch) {
      if (event.type === 'idle') {
        idle();
        continue;
      }
      const { record } = event;
      // Its row is that of the container that has its place.
      const isReplaced = this.#isReplaced(record);
      if (!isReplaced) seen(event);
      if (event.type !== 'exit') continue;
      if (event.next === 'gone') {
        // Another's end is no end of the service.
        if (!isReplaced) await ended(record, event.exitCode);
      } else if (scope.isShown(record)) {
        await printer.status(record, `exited with code ${event.exitCode} (restarting)`);
      }
    }
  }

  /** Follows containers that others start, and those that are repaired, until the signal is aborted. */
  async discover(): Promise<void> {
    const { signal } = this.#options;
    try {
      // One that was killed has a successor as long as something runs; those that cannot live are not started for ever.
      let briefLives = 0;
      do {
        const cameMs = performance.now();
        await this.#hear();
        briefLives = performance.now() - cameMs < briefLifeMs ? briefLives + 1 : 0;
      } while (!signal.aborted && this.#watch.size > 0 && briefLives < maximumBriefLives);
    } catch (error) {
      // Without a supervisor nobody starts anything; the containers that we have are watched through their monitors.
      if (!signal.aborted && !(error instanceof ComposeError)) throw error;
    } finally {
      this.#subscribed.resolve();
    }
  }

  /** Not behind a stop that is under way: straight to the monitors. */
  async killAll(): Promise<void> {
    await this.#watch.killAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sampler?.[Symbol.asyncDispose]();
    await this.#watch[Symbol.asyncDispose]();
    await this.#collector[Symbol.asyncDispose]();
    for (const reader of this.#earlier.values()) await reader[Symbol.asyncDispose]();
  }

  /** Settles when no command is being carried out, and what they started is followed. */
  async #changesOver(): Promise<void> {
    const { scope, signal } = this.#options;
    await this.#applied.promise;
    // Without a supervisor nobody carries anything out.
    await scope.session.client.untilIdle({ signal }).catch(() => {});
    await this.#look();
  }

  /**
   * Settles when a supervisor has given a container another monitor, or started it anew. Ours may be gone, too, and without
   * a monitor nobody starts another one.
   */
  async #repaired(): Promise<void> {
    const { scope, signal } = this.#options;
    await this.#applied.promise;
    await scope.session.client.untilRepaired({ signal }).catch(() => {});
    await this.#look();
  }

  /** Follows whatever runs, and what ran and has ended before we looked. */
  async #look(): Promise<void> {
    const { scope, context, signal } = this.#options;
    const { containers } = await observeProject(scope.session.projectName, context);
    if (this.#isOver || signal.aborted) return;
    for (const container of containers) if (this.#watch.isNew(container)) this.#follow(container.record);
  }

  #follow(record: ContainerRecord): void {
    const { scope, context } = this.#options;
    if (record.oneOff) return;
    const ended = this.#watch.add(record);
    this.#sampler?.add(record, ended);
    if (!scope.isShown(record)) return;
    const { log } = context.paths.container(record.id);
    this.#collector.add(record, log, this.#earlier.get(record.id) ?? {}, ended);
    this.#earlier.delete(record.id);
  }

  /** Hears of one supervisor until that has gone. */
  async #hear(): Promise<void> {
    const { scope, printer, signal, failed } = this.#options;
    const opened = () => {
      this.#subscribed.resolve();
      // What started while nobody told.
      if (this.#isApplied) void this.#look().catch(failed);
    };
    for await (const event of scope.session.client.events({ signal, opened })) {
      if (event.type === 'repair') await printer.repair(event);
      // A repair gives a container another monitor, too.
      const isNews = event.type === 'repair' || event.action === 'start';
      if (isNews && this.#isApplied) await this.#look();
    }
  }

  /** Whether another container has taken its place. */
  #isReplaced({ id }: ContainerRecord): boolean {
    return withRecords(this.#options.context, (database) => database.container(id))?.traffic === 'held';
  }
}
