import type { ObservedContainer } from '../../plan/observed.ts';
import { ComposeError } from '../../util/errors.ts';
import type { Rule } from '../../watch/rules.ts';
import { stampOf } from '../../watch/stamp.ts';
import type { Context } from '../context.ts';
import { containersOf, observeProject } from '../observation.ts';
import { allChanges, changeOf, missingChanges } from './compare.ts';
import { type ChangesMade, changeContainer } from './container-tree.ts';
import type { TreeChange } from './tree-changes.ts';
import type { WatchHost } from './watch.ts';

/** A path that a rule copies and that is not as it was. */
export interface ChangedPath {
  readonly rule: Rule;
  readonly relative: string;
  readonly path: string;
}

/**
 * Keeps the containers of each service as the files are. One that is new, because it was rebuilt, scaled or replaced, gets
 * everything that has changed since the watch began, and what the rules compare at the beginning.
 */
export class Synchronizer {
  readonly #projectName: string;
  readonly #host: WatchHost;
  readonly #context: Context;
  #rules: readonly Rule[] = [];
  /** What has changed since the beginning, by rule. */
  readonly #touched = new Map<string, Set<string>>();
  /** Ids of containers that have all of it. */
  readonly #complete = new Set<string>();

  constructor(projectName: string, host: WatchHost, context: Context) {
    this.#projectName = projectName;
    this.#host = host;
    this.#context = context;
  }

  /** From now on these rules. */
  take(rules: readonly Rule[]): void {
    this.#rules = rules.filter(({ target }) => target !== null);
    for (const key of this.#touched.keys())
      if (!this.#rules.some((rule) => rule.key === key)) this.#touched.delete(key);
    // A rule may be another one under the same number.
    if (this.#rules.some(({ isInitial }) => isInitial)) this.#complete.clear();
  }

  /** Whether a container is not known to have everything. */
  lacks(containerId: string): boolean {
    return !this.#complete.has(containerId);
  }

  /**
   * Copies what changed into all containers of the services, and with `newcomers` everything into those that are new. Answers
   * what did not get there; that is told.
   */
  async sync(changes: ReadonlyMap<string, readonly ChangedPath[]>, newcomers: boolean): Promise<ChangedPath[]> {
    for (const { rule, relative } of [...changes.values()].flat()) {
      this.#touched.set(rule.key, (this.#touched.get(rule.key) ?? new Set()).add(relative));
    }
    const services = newcomers ? new Set(this.#rules.map(({ service }) => service)) : new Set(changes.keys());
    if (services.size === 0) return [];
    const observed = await observeProject(this.#projectName, this.#context);
    const failed = await Promise.all(
      [...services].map(async (service) => {
        const paths = changes.get(service) ?? [];
        const containers = containersOf(observed, [service]);
        const fresh = containers.filter(({ record }) => this.lacks(record.id));
        const isWhole = await this.#copy(service, fresh, 'start', (root) => this.#everything(service, root));
        if (paths.length === 0) return [];
        const others = containers.filter((container) => !fresh.includes(container));
        const current = () => paths.map(({ rule, relative, path }) => changeOf(rule, relative, stampOf(path).kind));
        const isCopied = await this.#copy(service, others, 'change', current);
        return isWhole && isCopied ? [] : paths;
      }),
    );
    return failed.flat();
  }

  #everything(service: string, root: string): TreeChange[] {
    const own = this.#rules.filter((rule) => rule.service === service);
    return own.flatMap((rule) => {
      const touched = [...(this.#touched.get(rule.key) ?? [])].map((relative) =>
        changeOf(rule, relative, stampOf(relative === '' ? rule.root : `${rule.root}/${relative}`).kind),
      );
      return missingChanges(root, [...touched, ...(rule.isInitial ? allChanges(rule) : [])]);
    });
  }

  /** False when one of the containers did not get the changes. */
  async #copy(
    service: string,
    containers: readonly ObservedContainer[],
    cause: 'change' | 'start',
    changes: (root: string) => readonly TreeChange[],
  ): Promise<boolean> {
    const made = new Map<string, ChangesMade>();
    const errors: unknown[] = [];
    await Promise.all(
      containers.map(async (container) => {
        const { id, name } = container.record;
        try {
          made.set(name, await changeContainer(container, changes, this.#context));
          this.#complete.add(id);
        } catch (error) {
          this.#complete.delete(id);
          // It ends or begins just now; its start is told, and it gets everything then.
          if (!(error instanceof ComposeError && error.code === 'NOT_RUNNING')) errors.push(error);
        }
      }),
    );
    const copied = [...new Set([...made.values()].flatMap((each) => each.copied))];
    const removed = [...new Set([...made.values()].flatMap((each) => each.removed))];
    if (copied.length + removed.length > 0) {
      const names = [...made].filter(([, each]) => each.copied.length + each.removed.length > 0).map(([name]) => name);
      this.#host.tell({ type: 'synced', service, containers: names.sort(), copied, removed, cause });
    }
    for (const error of errors) this.#host.tell({ type: 'failed', doing: 'sync', services: [service], error });
    return errors.length === 0;
  }
}
