/** Everything about the stack that the full-screen view is told, as it happens. Nothing is asked again and again but figures. */
import { existsSync, type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import type { SupervisorClient } from '../../client/client.ts';
import { LogCollector } from '../../logs/collector.ts';
import type { HealthProbe } from '../../model/container-state.ts';
import { internalActions, type WorldEvent } from '../../model/events.ts';
import type { Project } from '../../model/project.ts';
import type { ContainerRecord } from '../../model/records.ts';
import type { Observed } from '../../plan/observed.ts';
import { defaultLimits, type IncomingLine } from '../../ui/full/log-buffer.ts';
import { type UsageView, withUsage } from '../../ui/full/services.ts';
import { ComposeError } from '../../util/errors.ts';
import { ContainerWatch } from '../container-watch.ts';
import type { Context } from '../context.ts';
import { isActive, observeProject, withRecords } from '../observation.ts';
import { presentSupervisorOf } from '../supervisor.ts';
import { UsageSampler } from '../usage-sampler.ts';

export interface StackFeedListener {
  onObserved(observed: Observed, project: Project | null): void;
  onHealth(id: string, status: string): void;
  onUsage(usage: ReadonlyMap<string, UsageView>): void;
  onLogs(lines: readonly IncomingLine[]): void;
  /** So many lines came faster than they could be read; `next`: when the one behind them was printed. */
  onSkipped(id: string, lines: number, next: string): void;
  onEvent(event: WorldEvent): void;
  onConnection(connection: 'open' | 'absent' | 'lost'): void;
  onFailure(error: unknown): void;
}

const rememberedProbes = 50;
const usageDelayMs = 150;

export class StackFeed implements AsyncDisposable {
  readonly #context: Context;
  readonly #project: string;
  readonly #listener: StackFeedListener;
  readonly #abort = new AbortController();
  readonly #client: SupervisorClient;
  readonly #watch: ContainerWatch;
  readonly #collector: LogCollector<ContainerRecord>;
  readonly #sampler: UsageSampler;
  readonly #usage = new Map<string, UsageView>();
  readonly #ids = new Map<string, string>();
  readonly #probes = new Map<string, HealthProbe[]>();
  readonly #known = new Set<string>();
  readonly #work: Promise<void>[] = [];
  #refreshing: Promise<void> | undefined;
  #isStale = false;
  #telling: NodeJS.Timeout | undefined;

  constructor(project: string, context: Context, listener: StackFeedListener) {
    this.#context = context;
    this.#project = project;
    this.#listener = listener;
    const { signal } = this.#abort;
    this.#client = presentSupervisorOf(project, context);
    this.#collector = new LogCollector(signal, { skipsBacklog: true });
    this.#sampler = new UsageSampler(context.paths, (name, usage) => {
      const id = this.#ids.get(name);
      if (id === undefined) return;
      this.#usage.set(id, withUsage(this.#usage.get(id), usage.cpuPercent, usage.memoryBytes));
      // Those of one round come together.
      this.#telling ??= setTimeout(() => {
        this.#telling = undefined;
        listener.onUsage(this.#usage);
      }, usageDelayMs);
    });
    this.#watch = new ContainerWatch(context.paths, signal, async () => {
      // Without a supervisor nobody carries anything out.
      await this.#client.untilIdle({ signal }).catch(() => {});
      await this.refresh();
    });
  }

  /** Begins with what was observed a moment ago. */
  start(observed: Observed): void {
    this.#take(observed);
    this.#work.push(
      this.#run(() => this.#followLogs()),
      this.#run(() => this.#followContainers()),
      this.#run(() => this.#followSupervisor()),
    );
  }

  /** Looks at the stack; while a look is under way, once more after it. */
  refresh(): Promise<void> {
    this.#isStale = true;
    this.#refreshing ??= this.#look().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** All probes that we have seen of a container, with `latest`: those that its monitor remembers, or one that has just ended. */
  probes(id: string, latest: readonly HealthProbe[]): readonly HealthProbe[] {
    const byStart = new Map([...(this.#probes.get(id) ?? []), ...latest].map((probe) => [probe.start, probe]));
    const all = [...byStart.values()].sort((a, b) => (a.start < b.start ? -1 : 1)).slice(-rememberedProbes);
    this.#probes.set(id, all);
    return all;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    this.#client[Symbol.dispose]();
    await this.#sampler[Symbol.asyncDispose]();
    clearTimeout(this.#telling);
    await this.#watch[Symbol.asyncDispose]();
    await this.#collector[Symbol.asyncDispose]();
    await this.#refreshing;
    await Promise.all(this.#work);
  }

  async #run(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#listener.onFailure(error);
    }
  }

  async #look(): Promise<void> {
    while (this.#isStale && !this.#abort.signal.aborted) {
      this.#isStale = false;
      this.#take(await observeProject(this.#project, this.#context));
    }
  }

  #take(observed: Observed): void {
    if (this.#abort.signal.aborted) return;
    const project = withRecords(this.#context, (database) => database.project(this.#project)?.project ?? null);
    this.#ids.clear();
    const there = new Set(observed.containers.map(({ record }) => record.id));
    for (const memory of [this.#usage, this.#probes, this.#known]) {
      for (const id of memory.keys()) if (!there.has(id)) memory.delete(id);
    }
    for (const container of observed.containers) {
      const { record } = container;
      this.#ids.set(record.name, record.id);
      if (!isActive(container)) this.#usage.delete(record.id);
      if (this.#watch.isNew(container) && isActive(container)) this.#follow(record);
      else if (!this.#known.has(record.id) && container.state.status !== 'created') {
        this.#watch.skip(container);
        this.#addLog(record, AbortSignal.abort());
      }
    }
    this.#listener.onObserved(observed, project);
  }

  #follow(record: ContainerRecord): void {
    const ended = this.#watch.add(record);
    this.#sampler.add(record, ended);
    this.#addLog(record, ended);
  }

  #addLog(record: ContainerRecord, ended: AbortSignal): void {
    // What it printed before we came is history; what a later life prints comes all.
    const selection = this.#known.has(record.id) ? {} : { tail: defaultLimits.history };
    this.#known.add(record.id);
    this.#collector.add(record, this.#context.paths.container(record.id).log, selection, ended);
  }

  async #followLogs(): Promise<void> {
    for await (const item of this.#collector) {
      if (item.type === 'skipped') this.#listener.onSkipped(item.source.id, item.lines, item.next);
      if (item.type !== 'records') continue;
      this.#listener.onLogs(
        item.records.map(({ source, record }) => ({ time: record.time, source: source.id, text: record.text })),
      );
      // Keys are read between two batches, however fast they come.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #followContainers(): Promise<void> {
    for await (const event of this.#watch) {
      if (event.type === 'idle' || event.type === 'state') continue;
      if (event.type === 'health') {
        this.probes(event.record.id, [event.probe]);
        this.#listener.onHealth(event.record.id, event.status);
      } else void this.#run(() => this.refresh());
    }
  }

  /** Its events as long as it lives, then those of the next one. */
  async #followSupervisor(): Promise<void> {
    const { signal } = this.#abort;
    const paths = this.#context.paths.project(this.#project);
    let since: string | undefined = new Date(0).toISOString();
    let wasThere = false;
    while (!signal.aborted) {
      using changes = new DirectoryChanges(dirname(paths.socket), signal);
      const client = presentSupervisorOf(this.#project, this.#context);
      try {
        const opened = () => {
          wasThere = true;
          this.#listener.onConnection('open');
          void this.#run(() => this.refresh());
        };
        for await (const event of client.events({ signal, since, opened })) {
          since = event.at;
          if (event.type === 'container' && (event.isOneOff || internalActions.has(event.action))) continue;
          this.#listener.onEvent(event);
          if (event.type === 'repair' || !/^(exec|health)/.test(event.action)) void this.#run(() => this.refresh());
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ComposeError)) throw error;
      } finally {
        client[Symbol.dispose]();
      }
      if (signal.aborted) return;
      await this.#run(() => this.refresh());
      this.#listener.onConnection(wasThere && this.#watch.size > 0 ? 'lost' : 'absent');
      await changes.next();
    }
  }
}

/** Tells that something changed in a directory, or in the nearest one that exists, since it was made. */
class DirectoryChanges implements Disposable {
  readonly #changed = Promise.withResolvers<void>();
  readonly #watcher: FSWatcher;

  constructor(directory: string, signal: AbortSignal) {
    let existing = directory;
    while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
    this.#watcher = watch(existing, () => this.#changed.resolve());
    this.#watcher.on('error', () => this.#changed.resolve());
    signal.addEventListener('abort', () => this.#changed.resolve(), { once: true });
  }

  next(): Promise<void> {
    return this.#changed.promise;
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
  }
}
