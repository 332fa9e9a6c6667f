import { LogCollector } from '../logs/collector.ts';
import type { SourcedRecord } from '../logs/merge.ts';
import { LogReader } from '../logs/reader.ts';
import { exitCodeOf } from '../model/container-state.ts';
import type { OutputEvent, ProgressEvent, StepEvent } from '../model/events.ts';
import { lastingName, logName } from '../model/names.ts';
import type { Project } from '../model/project.ts';
import type { ContainerRecord } from '../model/records.ts';
import { type ApplySettings, defaultSettings } from '../model/settings.ts';
import type { WatchEvent as FileEvent } from '../model/watch.ts';
import { withDependencies } from '../plan/graph.ts';
import { LogFormat } from '../ui/log-format.ts';
import type { Screen } from '../ui/screen.ts';
import { printableLine } from '../ui/terminal-text.ts';
import { ComposeError } from '../util/errors.ts';
import type { ApprovedPlan } from './approval.ts';
import { AttachedKeys, openAttachedScreen } from './attached-screen.ts';
import { ContainerWatch, type WatchEvent } from './container-watch.ts';
import type { Context } from './context.ts';
import { mannerOf } from './globals.ts';
import type { ImageSettings } from './images.ts';
import { Interruption } from './interrupts.ts';
import { isActive, observeProject, withRecords } from './observation.ts';
import { isColored, progressForm } from './progress.ts';
import { checkServices } from './services.ts';
import type { Session } from './session.ts';
import { UsageSampler } from './usage-sampler.ts';
import { WatchSwitch } from './watch/switch.ts';
import { formatWatchEvent } from './watch-output.ts';

export interface AttachSettings {
  readonly only: readonly string[];
  readonly except: readonly string[];
  readonly dependencies: 'shown' | 'hidden';
  readonly abortOn: 'exit' | 'failure' | 'never';
  readonly exitCodeFrom: string | null;
  readonly color: 'auto' | 'never';
  readonly prefix: 'name' | 'none';
  readonly timestamps: 'shown' | 'hidden';
  readonly menu: 'shown' | 'hidden';
  readonly watch: 'on' | 'off';
  /** While it watches: whether the files that the project is made of are watched too. */
  readonly projectFiles: 'watched' | 'left';
}

/** A supervisor that ends before has not got going. */
const briefLifeMs = 1000;
const maximumBriefLives = 3;

/** The services whose logs `up` shows. */
export function attachedServices(
  project: Project,
  settings: Pick<ApplySettings, 'services' | 'dependencies'>,
  attach: Pick<AttachSettings, 'only' | 'except' | 'dependencies'>,
): Set<string> {
  const { services: named } = settings;
  const isShown = (name: string) => named.includes(name) || project.services[name]?.attach !== false;
  const chosen =
    attach.only.length > 0
      ? attach.only
      : named.length === 0
        ? Object.keys(project.services)
        : attach.dependencies === 'shown'
          ? withDependencies(project.services, named)
          : named;
  return new Set([...chosen].filter((name) => isShown(name) && !attach.except.includes(name)));
}

/** `up` that stays: logs until all containers have exited, Ctrl-C, or what --abort-on says. Gives the exit code. */
export async function attachedUp(
  session: Session<Project>,
  settings: ApplySettings,
  attach: AttachSettings,
  plan: ApprovedPlan,
  images: ImageSettings,
  context: Context,
): Promise<number> {
  if (attach.exitCodeFrom !== null) {
    checkServices(new Set(Object.keys(session.project.services)), [attach.exitCodeFrom]);
  }
  if (attach.watch === 'on') {
    const { requireWatchable } = await import('./watch/project-rules.ts');
    requireWatchable(session, { services: settings.services, projectFiles: attach.projectFiles });
  }
  await using up = await AttachedUp.open({ session, settings, attach, plan, images, context });
  return await up.run();
}

type Ending =
  | { readonly type: 'exits' }
  | { readonly type: 'detached' }
  | { readonly type: 'aborted'; readonly exitCode: number };

interface UpRequest {
  readonly session: Session<Project>;
  readonly settings: ApplySettings;
  readonly attach: AttachSettings;
  readonly plan: ApprovedPlan;
  readonly images: ImageSettings;
  readonly context: Context;
}

class AttachedUp implements AsyncDisposable {
  #session: Session<Project>;
  readonly #settings: ApplySettings;
  readonly #attach: AttachSettings;
  readonly #plan: ApprovedPlan;
  readonly #images: ImageSettings;
  readonly #context: Context;
  #shown: ReadonlySet<string>;
  readonly #format: LogFormat;
  readonly #screen: Screen;
  readonly #watch: ContainerWatch;
  readonly #collector: LogCollector<ContainerRecord>;
  readonly #sampler: UsageSampler | undefined;
  /** Logs of containers that were there before, from where they ended then: only what is new is shown. */
  readonly #earlier = new Map<string, LogReader>();
  readonly #ending = Promise.withResolvers<Ending>();
  readonly #stop = new AbortController();
  readonly #keys: AttachedKeys;
  #interrupts = 0;
  readonly #subscribed = Promise.withResolvers<void>();
  readonly #applied = Promise.withResolvers<void>();
  #isApplied = false;
  /** Everything has ended: what is started now is not ours to show any more. */
  #isOver = false;
  /** A stop of ours is under way: exits are its doing. */
  #isStopping = false;
  readonly #files = new WatchSwitch({
    watch: (signal, tell) => this.#watchFiles(signal, tell),
    tell: (event) => this.#sayWatch(event),
    ended: (error) => this.#onWatchEnded(error),
  });
  #watchedSince: Date | undefined;

  static async open(request: UpRequest): Promise<AttachedUp> {
    const { session, attach, context } = request;
    const { nameSeparator } = mannerOf(context.globals);
    const keys = new AttachedKeys(context);
    const label = (name: string) => logName(session.projectName, lastingName(name), nameSeparator);
    const screen = await openAttachedScreen(attach.menu, label, keys, context);
    return new AttachedUp(request, screen, keys);
  }

  private constructor(
    { session, settings, attach, plan, images, context }: UpRequest,
    screen: Screen,
    keys: AttachedKeys,
  ) {
    this.#session = session;
    this.#settings = settings;
    this.#attach = attach;
    this.#plan = plan;
    this.#images = images;
    this.#context = context;
    this.#screen = screen;
    this.#keys = keys;
    this.#watchedSince = attach.watch === 'on' ? new Date(performance.timeOrigin) : undefined;
    this.#shown = attachedServices(session.project, settings, attach);
    const isPainted = attach.color === 'auto' && isColored(context, context.stdout);
    this.#format = new LogFormat({ prefix: attach.prefix, timestamps: attach.timestamps, isColored: isPainted });
    this.#watch = new ContainerWatch(
      context.paths,
      this.#stop.signal,
      () => this.#changesOver(),
      () => this.#repaired(),
    );
    // Where nobody could read it all, nobody waits for it.
    this.#collector = new LogCollector(this.#stop.signal, screen.showsStack ? { skipsBacklog: true } : {});
    this.#sampler = screen.showsStack
      ? new UsageSampler(context.paths, (name, usage) =>
          screen.tell({ type: 'usage', name: lastingName(name), ...usage }),
        )
      : undefined;
  }

  async run(): Promise<number> {
    const cancel = new AbortController();
    const interrupted = Promise.withResolvers<Ending>();
    const onInterrupt = (): void => {
      this.#interrupts++;
      if (this.#interrupts > 2) process.exit(130);
      cancel.abort(new Interruption('SIGINT'));
      interrupted.resolve({ type: 'aborted', exitCode: 130 });
      if (this.#interrupts === 2) void this.#kill();
    };
    using _interrupts = this.#context.interrupts.take(onInterrupt);
    this.#keys.onInterrupt = onInterrupt;
    this.#keys.onDetach = () => this.#ending.resolve({ type: 'detached' });
    this.#keys.onWatch = () => this.#toggleWatch();

    await this.#remember();
    const printing = this.#printLogs();
    const watching = this.#followContainers();
    const discovering = this.#discover();
    try {
      const applying = this.#bringUp(cancel.signal);
      if (this.#attach.watch === 'on') void applying.then(() => this.#toggleWatch()).catch(() => {});
      const failed = Promise.race([applying, printing, watching, discovering].map(rejection));
      const ending = await Promise.race([this.#ending.promise, interrupted.promise, failed]);
      await this.#files.stop();
      if (ending.type === 'detached') return 0;
      // What is not started yet need not be: it would only be stopped again.
      if (ending.type === 'aborted') cancel.abort(new Interruption('SIGINT'));
      await applying.catch((error: unknown) => {
        // What we cancelled ourselves is not a failure.
        if (!cancel.signal.aborted) throw error;
      });
      if (ending.type === 'exits') return await this.#finish(printing, 0);
      await this.#stopAll(ending.exitCode === 130 ? 'interrupt' : 'exit');
      return await this.#finish(printing, ending.exitCode);
    } finally {
      this.#stop.abort();
      await Promise.allSettled([printing, watching, discovering]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#files.stop();
    await this.#sampler?.[Symbol.asyncDispose]();
    await this.#watch[Symbol.asyncDispose]();
    await this.#collector[Symbol.asyncDispose]();
    for (const reader of this.#earlier.values()) await reader[Symbol.asyncDispose]();
    await this.#screen[Symbol.asyncDispose]();
  }

  /** Notes what ran, and where the logs end, before anything happens. */
  async #remember(): Promise<void> {
    const { containers } = await observeProject(this.#session.projectName, this.#context);
    for (const container of containers) {
      const { record } = container;
      if (!isActive(container)) this.#watch.skip(container);
      if (!this.#isShown(record)) continue;
      const { log } = this.#context.paths.container(record.id);
      this.#earlier.set(record.id, await LogReader.open(log, { fromEnd: true }));
    }
  }

  async #bringUp(signal: AbortSignal): Promise<void> {
    const { client, project, origin, variables } = this.#session;
    const request = { project, origin, variables, settings: this.#settings, ...this.#plan };
    for await (const event of client.apply(request, { signal })) {
      this.#screen.reporter.report(event);
      if (event.type === 'plan') await this.#announce(event);
      if (event.type === 'output') await this.#printHook(event);
      if (event.type === 'step' && isStarted(event)) this.#followByName(event.resource);
    }
    // What starts after the look is told.
    await this.#subscribed.promise;
    this.#isApplied = true;
    // Those that ran before, and those that were quicker than we.
    await this.#look();
    this.#applied.resolve();
    this.#watch.checkIdle();
  }

  /** Settles when no command is being carried out, and what they started is followed. */
  async #changesOver(): Promise<void> {
    await this.#applied.promise;
    // Without a supervisor nobody carries anything out.
    await this.#session.client.untilIdle({ signal: this.#stop.signal }).catch(() => {});
    await this.#look();
  }

  /**
   * Settles when a supervisor has given a container another monitor, or started it anew. Ours may be gone, too, and without
   * a monitor nobody starts another one.
   */
  async #repaired(): Promise<void> {
    await this.#applied.promise;
    await this.#session.client.untilRepaired({ signal: this.#stop.signal }).catch(() => {});
    await this.#look();
  }

  async #announce({ nodes }: Extract<ProgressEvent, { type: 'plan' }>): Promise<void> {
    const { projectName } = this.#session;
    const removed = new Set(
      nodes.filter(({ operation }) => operation === 'removeContainer').map((node) => node.resource),
    );
    const existing = withRecords(this.#context, (database) => database.containers(projectName));
    const names = new Set(
      existing.filter((each) => this.#isShown(each) && !removed.has(each.name)).map((each) => each.name),
    );
    for (const { kind, operation, resource, service } of nodes) {
      if (kind !== 'container' || /^(remove|stop|drain)Container$/.test(operation)) continue;
      if (service !== null && this.#shown.has(service) && operation !== 'waitDependency') names.add(resource);
    }
    const shown = [...new Set([...names].map((name) => this.#logName(name)))].sort();
    for (const name of shown) this.#format.register(name);
    if (shown.length > 0) await this.#screen.write(`Attaching to ${shown.join(', ')}\n`, '');
  }

  #followByName(name: string): void {
    const { projectName } = this.#session;
    // In an update two containers have the name, one of them for a moment.
    const records = withRecords(this.#context, (database) =>
      database.containers(projectName).filter((each) => lastingName(each.name) === name),
    );
    for (const record of records) if (!this.#watch.isWatched(record.id)) this.#follow(record);
  }

  /** Follows whatever runs, and what ran and has ended before we looked. */
  async #look(): Promise<void> {
    const { containers } = await observeProject(this.#session.projectName, this.#context);
    if (this.#isOver || this.#stop.signal.aborted) return;
    for (const container of containers) if (this.#watch.isNew(container)) this.#follow(container.record);
  }

  #follow(record: ContainerRecord): void {
    if (record.oneOff) return;
    const ended = this.#watch.add(record);
    this.#sampler?.add(record, ended);
    if (!this.#isShown(record)) return;
    this.#collector.add(
      record,
      this.#context.paths.container(record.id).log,
      this.#earlier.get(record.id) ?? {},
      ended,
    );
    this.#earlier.delete(record.id);
  }

  async #printLogs(): Promise<void> {
    for await (const item of this.#collector) {
      if (item.type === 'records') await this.#print(item.records);
      else if (item.type === 'skipped') this.#screen.skip(item.lines);
      // After its last line; without a reason that is a code we could not watch it.
      else if (typeof item.reason === 'number') await this.#say(item.source, `exited with code ${item.reason}`);
    }
  }

  async #print(records: readonly SourcedRecord<ContainerRecord>[]): Promise<void> {
    const texts = { stdout: [] as string[], stderr: [] as string[] };
    for (const { source, record } of records) {
      const name = this.#logName(source.name);
      texts[record.stream].push(this.#format.line(name, record.time, this.#shownText(record.text)));
      // On a terminal both are one stream, and their order is all there is to tell them apart.
      if (this.#screen.showsStack && record.stream === 'stderr') texts.stdout.push(texts.stderr.pop() ?? '');
    }
    await this.#screen.write(texts.stdout.join(''), texts.stderr.join(''));
  }

  async #printHook({ service, source, at, text }: OutputEvent): Promise<void> {
    if (!this.#shown.has(service)) return;
    await this.#screen.write(this.#format.line(`${this.#logName(source)} ->`, at, this.#shownText(text)), '');
  }

  /** Below the logs there is something that they must not write over. */
  #shownText(text: string): string {
    return this.#screen.showsStack ? printableLine(text) : text;
  }

  async #say(record: ContainerRecord, text: string): Promise<void> {
    await this.#screen.write(this.#format.status(this.#logName(record.name), text), '');
  }

  #logName(name: string): string {
    return logName(this.#session.projectName, lastingName(name), mannerOf(this.#context.globals).nameSeparator);
  }

  async #followContainers(): Promise<void> {
    for await (const event of this.#watch) {
      if (event.type === 'idle') {
        this.#onIdle();
        continue;
      }
      this.#tellScreen(event);
      if (event.type === 'exit') await this.#onExit(event);
    }
  }

  #onIdle(): void {
    // Something may have been started since; the next change of a file may start it again.
    if (this.#watch.size > 0 || this.#files.isOn) return;
    this.#isOver = true;
    this.#ending.resolve({ type: 'exits' });
  }

  async #onExit({ record, exitCode, next }: Extract<WatchEvent, { type: 'exit' }>): Promise<void> {
    if (next === 'restart') {
      if (this.#isShown(record)) await this.#say(record, `exited with code ${exitCode} (restarting)`);
      return;
    }
    if (this.#isStopping || this.#files.isWorking || this.#isReplaced(record)) return;
    const { abortOn, exitCodeFrom } = this.#attach;
    const isMonitored = this.#monitored().has(record.service);
    if (isMonitored && (abortOn === 'exit' || (abortOn === 'failure' && exitCode !== 0))) {
      const code =
        exitCodeFrom === null || exitCodeFrom === record.service ? exitCode : await this.#codeOf(exitCodeFrom);
      this.#ending.resolve({ type: 'aborted', exitCode: code });
    }
  }

  /** Whether another container has taken its place: its end is no end of the service. */
  #isReplaced({ id }: ContainerRecord): boolean {
    return withRecords(this.#context, (database) => database.container(id))?.traffic === 'held';
  }

  #monitored(): ReadonlySet<string> {
    const { services } = this.#settings;
    return services.length > 0 ? new Set(services) : this.#shown;
  }

  /** The code of a service that did not end by itself: what it ends with when it is stopped. */
  async #codeOf(service: string): Promise<number> {
    await this.#stopAll('exit');
    const { containers } = await observeProject(this.#session.projectName, this.#context);
    const found = containers.find(({ record }) => record.service === service && !record.oneOff);
    return found === undefined ? 0 : exitCodeOf(found.state);
  }

  #tellScreen(event: Exclude<WatchEvent, { type: 'idle' }>): void {
    const { record } = event;
    const { service, ports } = record;
    const name = lastingName(record.name);
    // Its row is that of the container that has its place.
    if (this.#isReplaced(record)) return;
    if (event.type !== 'exit') this.#keys.ports.set(name, ports);
    switch (event.type) {
      case 'state': {
        const { health, restartCount, status } = event.state;
        if (status === 'running') {
          const restarts = restartCount;
          this.#screen.tell({ type: 'running', name, service, health: health?.status ?? null, restarts, ports });
        }
        break;
      }
      case 'start':
        this.#screen.tell({ type: 'running', name, service, ports });
        break;
      case 'health':
        this.#screen.tell({ type: 'health', name, health: event.status });
        break;
      case 'pause':
        this.#screen.tell({ type: 'paused', name });
        break;
      case 'unpause':
        this.#screen.tell({ type: 'running', name, service, ports });
        break;
      case 'exit':
        this.#keys.ports.delete(name);
        this.#screen.tell({ type: 'exited', name, exitCode: event.exitCode, next: event.next });
        break;
    }
  }

  /** Containers that others start, and repairs. */
  async #discover(): Promise<void> {
    const { signal } = this.#stop;
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

  /** Hears of one supervisor until that has gone. */
  async #hear(): Promise<void> {
    const { signal } = this.#stop;
    const opened = () => {
      this.#subscribed.resolve();
      // What started while nobody told.
      if (this.#isApplied) void this.#look().catch((error: unknown) => this.#ending.reject(error));
    };
    for await (const event of this.#session.client.events({ signal, opened })) {
      if (event.type === 'repair') {
        await this.#screen.write('', `${event.kind} ${event.resource} ${event.status}: ${event.cause}\n`);
      }
      // A repair gives a container another monitor, too.
      const isNews = event.type === 'repair' || event.action === 'start';
      if (isNews && this.#isApplied) await this.#look();
    }
  }

  /** Begins to watch files, or ends it. */
  #toggleWatch(): void {
    if (!this.#stop.signal.aborted && !this.#isStopping) this.#files.toggle();
  }

  /** Why it cannot be is an end of `up` only where it was asked for. */
  #onWatchEnded(error: unknown): void {
    if (error === null) this.#watch.checkIdle();
    else if (this.#attach.watch === 'on') this.#ending.reject(error);
    else this.#sayWatch({ type: 'failed', doing: 'watch', services: [], error });
  }

  async #watchFiles(signal: AbortSignal, tell: (event: FileEvent) => void): Promise<void> {
    const { watchProject } = await import('./watch/watch.ts');
    const { projectFiles } = this.#attach;
    const { services } = this.#settings;
    const form = progressForm(this.#context);
    // The first watch knows what became of the files while they were built from and started.
    const since = this.#watchedSince ?? this.#context.clock.now();
    this.#watchedSince = undefined;
    await watchProject(
      this.#session,
      { services, apply: this.#settings, images: this.#images, projectFiles, since, oldImages: 'pruned' },
      {
        signal,
        tell,
        report: (event) => {
          this.#screen.reporter.report(event);
          if (event.type === 'output') void this.#printHook(event);
        },
        // What redraws itself and logs would write over each other.
        buildForm: this.#screen.showsStack || this.#images.isQuiet ? 'quiet' : form === 'tty' ? 'plain' : form,
        adopt: (session) => {
          this.#session = session;
          this.#shown = attachedServices(session.project, this.#settings, this.#attach);
        },
      },
      this.#context,
    );
  }

  #sayWatch(event: FileEvent): void {
    void this.#screen.write(
      formatWatchEvent(event, this.#format, this.#context, isColored(this.#context, this.#context.stdout)),
      '',
    );
  }

  async #stopAll(reason: 'interrupt' | 'exit'): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const text =
      reason === 'interrupt' ? 'Gracefully stopping... (press Ctrl+C again to force)' : 'Aborting on container exit...';
    this.#screen.tell({ type: 'notice', text });
    if (!this.#screen.showsStack) await this.#screen.write('', `${text}\n`);
    const { stopTimeoutMs } = this.#settings;
    await this.#change({ ...defaultSettings('stop'), services: this.#reach(), stopTimeoutMs });
  }

  async #kill(): Promise<void> {
    this.#screen.tell({ type: 'notice', text: 'Killing...' });
    // Not behind the stop that is under way: straight to the monitors.
    await this.#watch.killAll();
  }

  async #change(settings: ApplySettings): Promise<void> {
    const { client, project, origin, variables } = this.#session;
    for await (const event of client.apply({ project, origin, variables, settings, expectedPlanHash: null })) {
      this.#screen.reporter.report(event);
      if (event.type === 'output') await this.#printHook(event);
    }
  }

  /** Everything that this `up` was about. */
  #reach(): string[] {
    const { services, dependencies } = this.#settings;
    if (services.length === 0) return [];
    return dependencies === 'include' ? [...withDependencies(this.#session.project.services, services)] : [...services];
  }

  /** Shows what was printed to the end. */
  async #finish(printing: Promise<void>, exitCode: number): Promise<number> {
    this.#collector.finish();
    await printing;
    return exitCode;
  }

  #isShown(record: ContainerRecord): boolean {
    return !record.oneOff && this.#shown.has(record.service);
  }
}

function isStarted({ operation, status }: StepEvent): boolean {
  return operation === 'startContainer' && status === 'done';
}

/** Settles only when `promise` fails. */
function rejection(promise: Promise<unknown>): Promise<never> {
  return new Promise((_resolve, reject) => {
    promise.catch(reject);
  });
}
