/**
 * Files that are watched and what becomes of their changes: `watch`, `up --watch`, and whatever shows a stack. One call that
 * ends with its signal; what happens comes out as events.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tryLockPath } from '../../image/store/lock.ts';
import type { ProgressEvent } from '../../model/events.ts';
import type { Project } from '../../model/project.ts';
import type { WatchEvent } from '../../model/watch.ts';
import type { ReporterForm } from '../../ui/reporter.ts';
import { ComposeError } from '../../util/errors.ts';
import { Batches } from '../../watch/batches.ts';
import { type FileWatch, watchFiles } from '../../watch/file-watch.ts';
import { type Rule, whereLeads } from '../../watch/rules.ts';
import { stampOf } from '../../watch/stamp.ts';
import type { Context } from '../context.ts';
import { checkServices } from '../services.ts';
import type { Session } from '../session.ts';
import { presentSupervisorOf } from '../supervisor.ts';
import { ChangeSorter } from './change-sorter.ts';
import { isIgnored, ownPaths, projectFiles, projectRules, requireWatchable } from './project-rules.ts';
import { carryOut, type ReloadSettings, readAgain } from './reload.ts';
import { Synchronizer } from './synchronizer.ts';
import { execute, pruneOld, rebuild, restart } from './work.ts';

export interface WatchSettings extends ReloadSettings {
  /** Empty: all that have rules. */
  readonly services: readonly string[];
  /** Whether the Compose files, and what else the project is made of, are watched too. */
  readonly projectFiles: 'watched' | 'left';
  /** What has changed since then may not be in the containers. */
  readonly since: Date;
  /** Images that a rebuild leaves without a name. */
  readonly oldImages: 'pruned' | 'kept';
}

/** Who watches: what is told goes there. */
export interface WatchHost {
  /** Ends the watch. */
  readonly signal: AbortSignal;
  readonly tell: (event: WatchEvent) => void;
  /** Progress of what is carried out, and what hooks print. */
  readonly report: (event: ProgressEvent) => void;
  /** How builds are shown. */
  readonly buildForm: ReporterForm;
  /** The project is read anew. */
  readonly adopt?: (session: Session<Project>) => void;
}

/** Copies are small and waited for; what follows takes longer than to wait until more has come. */
const copyTerms = { quietMs: 10, burst: { size: 20, quietMs: 60 }, mostMs: 200 };
/** What is gone or empty may be one half of a save. */
const passingTerms = { quietMs: 100, mostMs: 500 };
const workTerms = { quietMs: 100, mostMs: 1000 };

/**
 * Watches until the host's signal is aborted. Throws INVALID when there is nothing to watch or somebody else watches the
 * project; what fails later is told, and tried again with the next change.
 */
export async function watchProject(
  session: Session<Project>,
  settings: WatchSettings,
  host: WatchHost,
  context: Context,
): Promise<void> {
  checkServices(new Set(Object.keys(session.project.services)), settings.services);
  requireWatchable(session, settings);
  const lockPath = join(context.paths.runDir, `watch-${session.projectName}.lock`);
  mkdirSync(dirname(lockPath), { recursive: true, mode: 0o755 });
  const lock = tryLockPath(lockPath);
  if (lock === null) {
    throw new ComposeError('INVALID', `cannot take exclusive lock for project ${session.projectName}`, {
      hint: 'another tscompose watches it',
    });
  }
  try {
    await using watch = new ProjectWatch(session, settings, host, context);
    await watch.run();
  } finally {
    rmSync(lockPath, { force: true });
    lock.release();
  }
}

class ProjectWatch implements AsyncDisposable {
  readonly #settings: WatchSettings;
  readonly #host: WatchHost;
  readonly #context: Context;
  #session: Session<Project>;
  /** As it was carried out last. */
  #carriedOut: Project;
  /** Whose Dockerfile changed and has not been built since. */
  readonly #staleBuilds = new Set<string>();
  #rules: readonly Rule[] = [];
  readonly #sorter = new ChangeSorter();
  readonly #synchronizer: Synchronizer;
  /** Paths; the empty one: there may be containers that lack something. */
  readonly #changed = new Batches<string>(copyTerms);
  readonly #passing = new Batches<string>(passingTerms);
  readonly #rebuilds = new Batches<Rule>(workTerms);
  readonly #restarts = new Batches<Rule>(workTerms);
  readonly #projectFiles = new Batches<string>(workTerms);
  #files: FileWatch | undefined;
  #ownFiles: FileWatch | undefined;
  #isSubscribed = false;
  #busy = 0;

  constructor(session: Session<Project>, settings: WatchSettings, host: WatchHost, context: Context) {
    this.#session = session;
    this.#carriedOut = session.project;
    this.#settings = settings;
    this.#host = host;
    this.#context = context;
    this.#synchronizer = new Synchronizer(session.projectName, host, context);
  }

  async run(): Promise<void> {
    const { signal } = this.#host;
    const batches = this.#batches;
    const close = () => {
      for (const each of batches) each.close();
    };
    if (signal.aborted) return;
    signal.addEventListener('abort', close, { once: true });
    const services = await this.#open(this.#settings.since);
    void this.#subscribe();
    this.#host.tell({ type: 'enabled', services });
    const loops = [
      this.#each(this.#changed, 'sync', (paths) => this.#deal(paths)),
      this.#each(this.#passing, 'sync', async (paths) => {
        for (const path of paths) {
          this.#sorter.settle(path);
          this.#changed.add(path);
        }
      }),
      this.#each(this.#rebuilds, 'rebuild', (rules) => this.#rebuild(servicesOf(rules))),
      this.#each(this.#restarts, 'restart', (rules) => this.#restart(rules)),
      this.#each(this.#projectFiles, 'reload', (files) => this.#reload([...files])),
    ];
    this.#changed.add('');
    await Promise.all(loops);
    this.#host.tell({ type: 'disabled' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#files?.[Symbol.asyncDispose](), this.#ownFiles?.[Symbol.asyncDispose]()]);
  }

  /** Watches what the rules mean; answers the services that have some. What changed `since` is dealt with. */
  async #open(since: Date): Promise<readonly string[]> {
    const { project, origin } = this.#session;
    const { rules, services, warnings } = projectRules(project, this.#settings.services, origin.workingDirectory);
    for (const message of warnings) this.#host.tell({ type: 'warning', message });
    const isAlone = this.#settings.projectFiles === 'left';
    const onTrouble = (error: ComposeError) => this.#failed('watch', services, error);
    const before = [this.#files, this.#ownFiles];
    this.#rules = rules;
    this.#synchronizer.take(rules);
    this.#files = await watchFiles({
      roots: [...new Set(rules.map(({ root }) => root))],
      ignores: (path, isDirectory) => isIgnored(rules, path, isDirectory),
      links: 'watched',
      onChange: (path) => this.#changed.add(path),
      onTrouble,
    });
    this.#sorter.begin(this.#files.found.keys(), new Set([ownKey, ...rules.map(({ key }) => key)]));
    // The kernel's time is a tick behind.
    const sinceMs = since.getTime() - 20;
    for (const [path, changedMs] of this.#files.found) if (changedMs >= sinceMs) this.#changed.add(path);
    if (!isAlone) {
      const files = ownPaths(this.#session);
      this.#ownFiles = await watchFiles({
        roots: files,
        ignores: () => false,
        links: 'followed',
        onChange: (path) => this.#projectFiles.add(path),
        onTrouble,
      });
      const { found } = this.#ownFiles;
      this.#noteFiles(files.filter((path) => (found.get(path) ?? 0) < sinceMs));
      for (const path of files) this.#projectFiles.add(path);
    }
    // Not sooner: what changes meanwhile would be noticed by neither.
    await Promise.all(before.map((watch) => watch?.[Symbol.asyncDispose]()));
    return services;
  }

  get #batches(): readonly { readonly isEmpty: boolean; close(): void }[] {
    return [this.#changed, this.#passing, this.#rebuilds, this.#restarts, this.#projectFiles];
  }

  async #each<T>(
    batches: Batches<T>,
    doing: 'sync' | 'rebuild' | 'restart' | 'reload',
    deal: (items: ReadonlySet<T>) => Promise<void>,
  ): Promise<void> {
    for await (const items of batches) {
      this.#busy++;
      try {
        await deal(items);
      } catch (error) {
        if (this.#host.signal.aborted) return;
        this.#failed(doing, [], error);
      } finally {
        this.#busy--;
      }
      if (this.#busy === 0 && this.#batches.every(({ isEmpty }) => isEmpty)) this.#host.tell({ type: 'waiting' });
    }
  }

  /** Copies at once, and leaves to the other loops what takes longer. */
  async #deal(paths: ReadonlySet<string>): Promise<void> {
    void this.#subscribe();
    const changed = new Set(paths);
    const isAsked = changed.delete('');
    const { copied, worked, passing, fresh } = this.#sorter.sort(changed, this.#rules);
    for (const path of passing) this.#passing.add(path);
    for (const path of fresh) this.#changed.add(path);
    for (const rule of worked) if (rule.action === 'rebuild') this.#rebuilds.add(rule);
    const failed = await this.#synchronizer.sync(copied, isAsked);
    for (const { rule, path } of failed) this.#sorter.forget(rule, path);
    const rebuilt = new Set(servicesOf([...worked].filter(({ action }) => action === 'rebuild')));
    const unable = new Set(failed.map(({ rule }) => rule));
    for (const rule of worked) {
      // A replaced container is a started one, and one that lacks the changes has nothing to start with.
      if (rule.action !== 'rebuild' && !rebuilt.has(rule.service) && !unable.has(rule)) this.#restarts.add(rule);
    }
  }

  async #rebuild(services: readonly string[]): Promise<void> {
    this.#host.tell({ type: 'rebuilding', services });
    try {
      await rebuild(this.#session, services, this.#settings.apply, this.#host, this.#context);
      await this.#prune();
      this.#host.tell({ type: 'rebuilt', services });
    } catch (error) {
      this.#failed('rebuild', services, error);
    }
    this.#changed.add('');
  }

  async #restart(rules: ReadonlySet<Rule>): Promise<void> {
    const services = servicesOf([...rules].filter(({ action }) => action.endsWith('restart')));
    if (services.length > 0) {
      this.#host.tell({ type: 'restarting', services });
      try {
        await restart(this.#session, services, this.#settings.apply, this.#host, this.#context);
        this.#host.tell({ type: 'restarted', services });
      } catch (error) {
        this.#failed('restart', services, error);
      }
    }
    for (const { action, service, exec } of rules) {
      if (action !== 'sync+exec' || exec === null) continue;
      try {
        for (const { container, exitCode } of await execute(this.#session, service, exec, this.#host, this.#context)) {
          this.#host.tell({ type: 'executed', service, container, exitCode });
        }
      } catch (error) {
        this.#failed('exec', [service], error);
      }
    }
  }

  async #reload(paths: readonly string[]): Promise<void> {
    const { origin, project } = this.#session;
    const began = this.#context.clock.now();
    const changed = this.#noteFiles(paths);
    if (changed.length === 0) return;
    this.#host.tell({ type: 'reloading', files: changed });
    const built = projectFiles(project, origin.workingDirectory);
    for (const name of changed.flatMap((path) => [...(built.get(path) ?? [])])) this.#staleBuilds.add(name);
    try {
      const session = await readAgain(this.#session, this.#settings, this.#settings.apply.services, this.#context);
      this.#session = session;
      this.#host.adopt?.(session);
      await this.#open(began);
      const before = { project: this.#carriedOut, staleBuilds: this.#staleBuilds };
      const isChanged = await carryOut(before, session, this.#settings, this.#host, this.#context);
      this.#carriedOut = session.project;
      this.#staleBuilds.clear();
      if (isChanged) await this.#prune();
      this.#host.tell({ type: 'reloaded', changes: isChanged ? 'applied' : 'none' });
    } catch (error) {
      this.#failed('reload', [], error);
    }
    this.#changed.add('');
  }

  async #prune(): Promise<void> {
    if (this.#settings.oldImages === 'pruned') await pruneOld(this.#session.projectName, this.#context);
  }

  /** Of files that the project is made of, those that are not as they were. */
  #noteFiles(paths: readonly string[]): string[] {
    return paths.filter((path) => !this.#sorter.isKnown(ownKey, path, stampOf(whereLeads(path)).mark));
  }

  #failed(doing: Extract<WatchEvent, { type: 'failed' }>['doing'], services: readonly string[], error: unknown): void {
    if (!this.#host.signal.aborted) this.#host.tell({ type: 'failed', doing, services, error });
  }

  /** Containers that others start get the changes too. A supervisor that is not there starts none. */
  async #subscribe(): Promise<void> {
    if (this.#isSubscribed) return;
    this.#isSubscribed = true;
    using client = presentSupervisorOf(this.#session.projectName, this.#context);
    try {
      for await (const event of client.events({ signal: this.#host.signal, opened: () => this.#changed.add('') })) {
        if (event.type === 'container' && event.action === 'start' && this.#synchronizer.lacks(event.id)) {
          this.#changed.add('');
        }
      }
    } catch (error) {
      if (!this.#host.signal.aborted && !(error instanceof ComposeError)) this.#failed('watch', [], error);
    } finally {
      this.#isSubscribed = false;
    }
  }
}

/** Beside the keys of rules. */
const ownKey = 'project';

function servicesOf(rules: Iterable<Rule>): string[] {
  return [...new Set([...rules].map(({ service }) => service))].sort();
}
