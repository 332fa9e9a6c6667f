import { exitCodeOf } from '../../model/container-state.ts';
import type { StepEvent } from '../../model/events.ts';
import { lastingName } from '../../model/names.ts';
import type { Project } from '../../model/project.ts';
import type { ContainerRecord } from '../../model/records.ts';
import { type ApplySettings, defaultSettings } from '../../model/settings.ts';
import type { Screen } from '../../ui/screen.ts';
import type { ApprovedPlan } from '../approval.ts';
import type { Context } from '../context.ts';
import { mannerOf } from '../globals.ts';
import type { ImageSettings } from '../images.ts';
import { Interruption } from '../interrupts.ts';
import { observeProject, withRecords } from '../observation.ts';
import { checkServices } from '../services.ts';
import type { Session } from '../session.ts';
import { AttachedContainers } from './containers.ts';
import { AttachedFiles } from './files.ts';
import { AttachedPrinter } from './printer.ts';
import { AttachedScope, type AttachSettings } from './scope.ts';
import { AttachedKeys, openAttachedScreen } from './screen.ts';
import { stackEventOf } from './stack-event.ts';

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
    const { requireWatchable } = await import('../watch/project-rules.ts');
    requireWatchable(session, { services: settings.services, projectFiles: attach.projectFiles });
  }
  const scope = new AttachedScope(session, settings, attach, mannerOf(context.globals).nameSeparator);
  const keys = new AttachedKeys(context);
  await using screen = await openAttachedScreen(attach.menu, (name) => scope.logName(name), keys, context);
  await using up = new AttachedUp({ scope, screen, keys, plan, images, context });
  return await up.run();
}

type Ending =
  | { readonly type: 'exits' }
  | { readonly type: 'detached' }
  | { readonly type: 'aborted'; readonly exitCode: number };

interface UpRequest {
  readonly scope: AttachedScope;
  readonly screen: Screen;
  readonly keys: AttachedKeys;
  readonly plan: ApprovedPlan;
  readonly images: ImageSettings;
  readonly context: Context;
}

class AttachedUp implements AsyncDisposable {
  readonly #scope: AttachedScope;
  readonly #screen: Screen;
  readonly #keys: AttachedKeys;
  readonly #plan: ApprovedPlan;
  readonly #context: Context;
  readonly #printer: AttachedPrinter;
  readonly #containers: AttachedContainers;
  readonly #files: AttachedFiles;
  readonly #ending = Promise.withResolvers<Ending>();
  readonly #stop = new AbortController();
  #interrupts = 0;
  /** A stop of ours is under way: exits are its doing. */
  #isStopping = false;

  constructor({ scope, screen, keys, plan, images, context }: UpRequest) {
    this.#scope = scope;
    this.#screen = screen;
    this.#keys = keys;
    this.#plan = plan;
    this.#context = context;
    const { signal } = this.#stop;
    const printer = new AttachedPrinter(scope, screen, context);
    this.#printer = printer;
    this.#files = new AttachedFiles({
      scope,
      screen,
      printer,
      images,
      context,
      ended: (error) => this.#onWatchEnded(error),
    });
    this.#containers = new AttachedContainers({
      scope,
      screen,
      printer,
      context,
      signal,
      seen: (event) => {
        const { name, ports } = event.record;
        if (event.type === 'exit') keys.ports.delete(lastingName(name));
        else keys.ports.set(lastingName(name), ports);
        const told = stackEventOf(event);
        if (told !== null) screen.tell(told);
      },
      ended: (record, exitCode) => this.#onEnded(record, exitCode),
      idle: () => this.#onIdle(),
      failed: this.#ending.reject,
    });
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

    await this.#containers.remember();
    const printing = this.#containers.printLogs();
    const watching = this.#containers.watch();
    const discovering = this.#containers.discover();
    try {
      const applying = this.#bringUp(cancel.signal);
      if (this.#scope.attach.watch === 'on') void applying.then(() => this.#toggleWatch()).catch(() => {});
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
    await this.#containers[Symbol.asyncDispose]();
  }

  async #bringUp(signal: AbortSignal): Promise<void> {
    const { client, project, origin, variables, projectName } = this.#scope.session;
    const request = { project, origin, variables, settings: this.#scope.settings, ...this.#plan };
    for await (const event of client.apply(request, { signal })) {
      this.#screen.reporter.report(event);
      if (event.type === 'plan') {
        const existing = withRecords(this.#context, (database) => database.containers(projectName));
        await this.#printer.announce(event.nodes, existing);
      }
      if (event.type === 'output') await this.#printer.hook(event);
      if (event.type === 'step' && isStarted(event)) this.#containers.followByName(event.resource);
    }
    await this.#containers.follow();
  }

  #onIdle(): void {
    // The next change of a file may start something again.
    if (!this.#files.isOn && this.#containers.end()) this.#ending.resolve({ type: 'exits' });
  }

  async #onEnded({ service }: ContainerRecord, exitCode: number): Promise<void> {
    if (this.#isStopping || this.#files.isWorking) return;
    const { abortOn, exitCodeFrom } = this.#scope.attach;
    if (!this.#scope.isMonitored(service)) return;
    if (abortOn === 'exit' || (abortOn === 'failure' && exitCode !== 0)) {
      const isAsked = exitCodeFrom === null || exitCodeFrom === service;
      this.#ending.resolve({ type: 'aborted', exitCode: isAsked ? exitCode : await this.#codeOf(exitCodeFrom) });
    }
  }

  /** The code of a service that did not end by itself: what it ends with when it is stopped. */
  async #codeOf(service: string): Promise<number> {
    await this.#stopAll('exit');
    const { containers } = await observeProject(this.#scope.session.projectName, this.#context);
    const found = containers.find(({ record }) => record.service === service && !record.oneOff);
    return found === undefined ? 0 : exitCodeOf(found.state);
  }

  /** Begins to watch files, or ends it. */
  #toggleWatch(): void {
    if (!this.#stop.signal.aborted && !this.#isStopping) this.#files.toggle();
  }

  /** Why it cannot be is an end of `up` only where it was asked for. */
  #onWatchEnded(error: unknown): void {
    if (error === null) this.#containers.checkIdle();
    else if (this.#scope.attach.watch === 'on') this.#ending.reject(error);
    else this.#printer.watch({ type: 'failed', doing: 'watch', services: [], error });
  }

  async #stopAll(reason: 'interrupt' | 'exit'): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    await this.#printer.notice(
      reason === 'interrupt' ? 'Gracefully stopping... (press Ctrl+C again to force)' : 'Aborting on container exit...',
    );
    const { session, settings, reach } = this.#scope;
    const { client, project, origin, variables } = session;
    const stop = { ...defaultSettings('stop'), services: reach, stopTimeoutMs: settings.stopTimeoutMs };
    const request = { project, origin, variables, settings: stop, expectedPlanHash: null };
    for await (const event of client.apply(request)) {
      this.#screen.reporter.report(event);
      if (event.type === 'output') await this.#printer.hook(event);
    }
  }

  async #kill(): Promise<void> {
    this.#screen.tell({ type: 'notice', text: 'Killing...' });
    await this.#containers.killAll();
  }

  /** Shows what was printed to the end. */
  async #finish(printing: Promise<void>, exitCode: number): Promise<number> {
    this.#containers.finishLogs();
    await printing;
    return exitCode;
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
