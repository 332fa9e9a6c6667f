import type { Rule } from '../../watch/rules.ts';
import { type Stamp, stampOf } from '../../watch/stamp.ts';
import { placeIn } from './project-rules.ts';
import type { ChangedPath } from './synchronizer.ts';

/** What is to be done about changed paths. */
export interface SortedChanges {
  /** What is to be copied, by service. */
  readonly copied: ReadonlyMap<string, readonly ChangedPath[]>;
  /** Rules that ask for more than copies. */
  readonly worked: ReadonlySet<Rule>;
  /** Gone, or empty, which may be one half of a save: to be settled later. */
  readonly passing: readonly string[];
  /** Written this very moment: to be looked at again at once. */
  readonly fresh: readonly string[];
}

/** Tells which changes mean something to which rules. What a rule has dealt with means nothing to it any more. */
export class ChangeSorter {
  #present: Set<string> = new Set();
  /** What was seen at each path when a rule last dealt with it, by the rule's key. */
  readonly #known = new Map<string, Map<string, string | null>>();
  /** Paths that were still gone, or empty, after a while. */
  readonly #settled = new Set<string>();
  /** Paths that were too fresh to be told from what they become. */
  readonly #deferred = new Set<string>();

  /** Begins anew with the paths that are there; what rules have seen that are still `keys` stays known. */
  begin(present: Iterable<string>, keys: ReadonlySet<string>): void {
    this.#present = new Set(present);
    for (const key of this.#known.keys()) if (!keys.has(key)) this.#known.delete(key);
  }

  /** A passing path has had its time: what it is now it is. */
  settle(path: string): void {
    this.#settled.add(path);
  }

  sort(paths: Iterable<string>, rules: readonly Rule[]): SortedChanges {
    const copied = new Map<string, ChangedPath[]>();
    const worked = new Set<Rule>();
    const passing: string[] = [];
    const fresh: string[] = [];
    for (const path of paths) {
      const { kind, mark, isPassing } = stampOf(path);
      // It came and went, as what an editor writes to rename it does.
      if (kind === 'none' && !this.#present.has(path)) continue;
      if (!this.#settled.delete(path) && isPassing) {
        passing.push(path);
        continue;
      }
      // What it looks like now it may look like after the next write, too. Once is enough.
      const isDeferred = this.#deferred.delete(path);
      if (mark === null && !isDeferred) {
        this.#deferred.add(path);
        fresh.push(path);
        continue;
      }
      for (const rule of rules) {
        const relative = placeIn(rule, path);
        if (relative === null || this.isKnown(rule.key, path, mark)) continue;
        if (rule.target !== null) {
          const own = copied.get(rule.service) ?? [];
          own.push({ rule, relative, path });
          copied.set(rule.service, own);
        }
        if (rule.action !== 'sync' && kind !== 'directory') worked.add(rule);
      }
      if (kind === 'none') this.#present.delete(path);
      else this.#present.add(path);
    }
    return { copied, worked, passing, fresh };
  }

  /** A rule could not deal with what is at a path. */
  forget({ key }: Pick<Rule, 'key'>, path: string): void {
    this.#known.get(key)?.delete(path);
  }

  /** Whether what is at a path was dealt with under a key; it has been from now on. */
  isKnown(key: string, path: string, mark: Stamp['mark']): boolean {
    const marks = this.#known.get(key) ?? new Map<string, string | null>();
    this.#known.set(key, marks);
    if (mark !== null && marks.get(path) === mark) return true;
    marks.set(path, mark);
    return false;
  }
}
