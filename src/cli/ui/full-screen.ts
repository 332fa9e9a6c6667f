/** The full-screen view: what it is told, what it asks for, and the terminal, put together. */
import type { WorldEvent } from '../../model/events.ts';
import type { Observed, ObservedContainer } from '../../plan/observed.ts';
import { type Effect, titleOf } from '../../ui/full/effects.ts';
import { FullView } from '../../ui/full/full-view.ts';
import { ownSource } from '../../ui/full/services.ts';
import { FullTerminal } from '../../ui/full/terminal.ts';
import { ComposeError } from '../../util/errors.ts';
import type { Context } from '../context.ts';
import { mannerOf } from '../globals.ts';
import { Interruption } from '../interrupts.ts';
import { observeProject, withRecords } from '../observation.ts';
import { openInBrowser } from '../open-in-browser.ts';
import { isColored } from '../progress.ts';
import { viewProject } from '../project-name.ts';
import type { DetailSources } from './details.ts';
import { DetailsLoader } from './details-loader.ts';
import { HistoryLoader } from './history-loader.ts';
import { problemText, quietContext } from './quiet-context.ts';
import { serviceViews } from './service-views.ts';
import { StackFeed } from './stack-feed.ts';
import { WatchToggle } from './watch-toggle.ts';

const rememberedEvents = 500;

/** Shows the stack until the user has seen enough. */
export async function showFullScreen(context: Context): Promise<void> {
  await using screen = new FullScreen(context);
  await screen.run();
}

class FullScreen implements AsyncDisposable {
  readonly #context: Context;
  readonly #view = new FullView('');
  readonly #cleanup = new DisposableStack();
  readonly #over = Promise.withResolvers<void>();
  readonly #stop = new AbortController();
  #terminal: FullTerminal | undefined;
  #feed: StackFeed | undefined;
  #observed: Observed | undefined;
  #action: Promise<void> = Promise.resolve();
  readonly #details: DetailsLoader;
  readonly #history: HistoryLoader;
  readonly #watch: WatchToggle;
  #events: WorldEvent[] = [];

  constructor(context: Context) {
    this.#context = context;
    const changed = () => this.#terminal?.schedule();
    this.#details = new DetailsLoader(this.#view, () => this.#detailSources(), changed);
    this.#history = new HistoryLoader(this.#view, context.paths, changed);
    this.#watch = new WatchToggle(this.#view, () => this.#quiet((text) => this.#say(text)), changed);
    const { interrupts } = context;
    this.#cleanup.use(interrupts.take((name) => this.#over.reject(new Interruption(name))));
    // Before Node prints what happened, which would be on a screen that nobody sees any more.
    const restore = () => this.#terminal?.leave();
    process.on('uncaughtExceptionMonitor', restore);
    this.#cleanup.defer(() => void process.off('uncaughtExceptionMonitor', restore));
    // Whoever went on after a stop may find the terminal as others left it.
    const renew = () => this.#terminal?.renew();
    process.on('SIGCONT', renew);
    this.#cleanup.defer(() => void process.off('SIGCONT', renew));
    process.on('SIGTSTP', this.#suspend);
    this.#cleanup.defer(() => void process.off('SIGTSTP', this.#suspend));
    // It may be interrupted before it is awaited.
    this.#over.promise.catch(() => {});
  }

  async run(): Promise<void> {
    const opened = await this.#open().catch((error: unknown) => {
      if (!(error instanceof ComposeError)) throw error;
      this.#view.set({ project: 'no project', problem: problemText(error) });
      return undefined;
    });
    const { stdin, stdout } = this.#context;
    this.#terminal = new FullTerminal({
      stdin,
      stdout,
      isColored: isColored(this.#context, stdout),
      frame: (columns, rows) => this.#view.frame(columns, rows),
      onInput: (input) => this.#carryOut(this.#view.input(input)),
      onClosed: () => this.#over.resolve(),
    });
    if (opened !== undefined) this.#feed?.start(opened);
    await this.#over.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#terminal?.[Symbol.dispose]();
    this.#stop.abort(new Interruption('SIGINT'));
    this.#cleanup[Symbol.dispose]();
    await this.#feed?.[Symbol.asyncDispose]();
    this.#view.logs.reading.cancel();
    this.#details[Symbol.dispose]();
    await this.#action;
    await this.#watch.over;
    await this.#history.over;
  }

  /** What is there, read without the files: that takes longest, and is needed for changes alone. */
  async #open(): Promise<Observed> {
    const { name, project: load } = await viewProject(this.#context);
    this.#view.set({ project: name });
    const observed = await observeProject(name, this.#context);
    const stored = withRecords(this.#context, (database) => database.project(name)?.project ?? null);
    const project = stored ?? (await load());
    this.#feed = new StackFeed(name, this.#context, {
      onObserved: (now, known) => this.#observe(now, known ?? project),
      onHealth: (id, status) => this.#health(id, status),
      onUsage: (usage) => {
        this.#view.setUsage(usage);
        if (this.#view.state.tab === 'processes') this.#details.load();
        this.#terminal?.schedule();
      },
      onLogs: (lines) => {
        this.#view.logs.add(this.#view.buffer.push(lines));
        this.#terminal?.schedule();
      },
      onSkipped: (id, lines, next) => this.#view.buffer.passOver(id, lines, next),
      onEvent: (event) => {
        this.#events = [...this.#events, event].slice(-rememberedEvents);
        if (this.#view.state.tab === 'events') this.#details.load();
      },
      onConnection: (connection) => {
        if (connection === 'open' && this.#view.state.connection === 'lost') {
          this.#view.notify('the supervisor was gone; there is another one now', 'busy');
        }
        this.#view.set({ connection });
        this.#terminal?.schedule();
      },
      onFailure: (error) => this.#over.reject(error),
    });
    this.#observe(observed, project);
    return observed;
  }

  #observe(observed: Observed, project: Parameters<typeof serviceViews>[1]): void {
    this.#observed = observed;
    const services = serviceViews(observed, project, mannerOf(this.#context.globals).nameSeparator);
    this.#view.setServices(services);
    this.#view.set({ problem: services.length === 0 ? emptyText(observed.project) : null });
    const ids = new Set(services.map(({ key }) => key));
    this.#view.buffer.retain((source) => source === ownSource || ids.has(source));
    if (this.#view.state.tab !== 'logs') this.#details.load();
    this.#terminal?.schedule();
  }

  /** Without a look at everything: health is told often. */
  #health(id: string, status: string): void {
    const { services, tab } = this.#view.state;
    if (tab === 'health') void this.#feed?.refresh();
    // Most probes find what the one before has found.
    if (services.some((each) => each.key === id && each.health === status)) return;
    const tone = status === 'unhealthy' ? 'bad' : status === 'healthy' ? 'good' : 'busy';
    this.#view.setServices(services.map((each) => (each.key === id ? { ...each, health: status, tone } : each)));
    this.#terminal?.schedule();
  }

  #carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) this.#effect(effect);
    this.#history.load();
    this.#terminal?.schedule();
  }

  #effect(effect: Effect): void {
    switch (effect.type) {
      case 'quit':
        this.#over.resolve();
        break;
      case 'suspend':
        this.#suspend();
        break;
      case 'redraw':
        this.#terminal?.redraw();
        break;
      case 'copy':
        this.#terminal?.copy(effect.text);
        break;
      case 'details':
        this.#details.load();
        break;
      case 'apply':
      case 'scale':
        this.#action = this.#apply(effect);
        break;
      case 'shell':
        this.#action = this.#shell(effect.key);
        break;
      case 'watch':
        this.#watch.toggle();
        break;
      case 'open':
        void this.#openUrl(effect.url);
        break;
    }
  }

  /**
   * Stops with everybody else of the job, as the shell expects. Where no shell controls jobs the kernel passes over the signal
   * (signal(7), orphaned process groups), and we go on.
   */
  readonly #suspend = (): void => {
    this.#terminal?.leave();
    process.off('SIGTSTP', this.#suspend);
    process.kill(0, 'SIGTSTP');
    process.on('SIGTSTP', this.#suspend);
    this.#terminal?.enter();
  };

  #detailSources(): Omit<DetailSources, 'onFiles'> | undefined {
    const feed = this.#feed;
    if (feed === undefined) return undefined;
    const chosen = this.#view.chosen();
    return {
      projectName: this.#view.state.project,
      context: this.#quiet(() => {}),
      containers: chosen.flatMap(({ containerId }) => this.#container(containerId) ?? []),
      services: new Set(chosen.map(({ service }) => service)),
      events: this.#events,
      probes: (id, latest) => feed.probes(id, latest),
    };
  }

  #quiet(print: (line: string) => void): Context {
    return quietContext(this.#context, this.#stop.signal, print);
  }

  #container(id: string | null): ObservedContainer | undefined {
    return this.#observed?.containers.find(({ record }) => record.id === id);
  }

  async #apply(effect: Extract<Effect, { type: 'apply' | 'scale' }>): Promise<void> {
    const title = titleOf(effect);
    this.#view.set({ busy: `${title}…` });
    try {
      const { carryOut } = await import('./actions.ts');
      await carryOut(
        effect,
        this.#quiet((text) => this.#say(text)),
      );
      this.#view.notify(`${title}: done`);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const lines = problemText(error);
      for (const [index, line] of lines.entries()) this.#say(index === 0 ? `error: ${line}` : line);
      this.#view.notify(`${title}: ${lines[0] ?? ''}`, 'bad');
    }
    this.#view.set({ busy: null });
    this.#terminal?.schedule();
    await this.#feed?.refresh().catch(() => {});
  }

  /** A line of ours, among those of the containers. */
  #say(text: string): void {
    const time = `${this.#context.clock.now().toISOString().slice(0, -1)}000000Z`;
    this.#view.logs.add(this.#view.buffer.push([{ time, source: ownSource, text }]));
    this.#terminal?.schedule();
  }

  async #shell(key: string): Promise<void> {
    const container = this.#container(key);
    if (container === undefined) return;
    this.#terminal?.leave();
    try {
      this.#context.stdout.write(`A shell in ${container.record.name}; exit brings you back.\n`);
      const { runShell } = await import('./actions.ts');
      const code = await runShell(container, this.#context);
      this.#view.notify(
        code === 0 ? 'back from the shell' : `the shell ended with ${code}`,
        code === 0 ? 'good' : 'busy',
      );
    } catch (error) {
      this.#view.notify(problemText(error)[0] ?? '', 'bad');
    }
    this.#terminal?.enter();
  }

  async #openUrl(url: string): Promise<void> {
    const isOpened = await openInBrowser(url, this.#context);
    if (!isOpened) this.#terminal?.copy(url);
    this.#view.notify(isOpened ? `opened ${url}` : `${url} (copied: there is no browser here)`);
    this.#terminal?.schedule();
  }
}

function emptyText(project: string): string[] {
  return [
    `The project ${project} has no services.`,
    '',
    'Bring a stack up with  tscompose up -d  and it appears here.',
  ];
}
