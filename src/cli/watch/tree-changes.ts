/** What has to be done in a container's tree so that it has the same changes as ours. */
import { posix } from 'node:path';
import { resolveInTree, statOf } from '../../build/tree/resolve.ts';
import type { TreeEntry } from '../../native/binding.ts';

/** One path that is to be in the container as it is here. */
export interface TreeChange {
  readonly kind: 'directory' | 'file' | 'other' | 'none';
  /** On this machine. */
  readonly source: string;
  /** Absolute, in the container. */
  readonly target: string;
  /** The part of `source`, and of `target`, that the rule names. */
  readonly root: string;
  readonly base: string;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface TreeSteps {
  /** First, and with all that is below. Relative to the root, without symlinks. */
  readonly removals: readonly string[];
  readonly entries: readonly TreeEntry[];
  readonly copied: readonly string[];
  readonly removed: readonly string[];
}

/** Plans changes of the tree whose root is open as `root`; what is so already is left out. */
export function planTreeChanges(root: string, changes: readonly TreeChange[], owner: Owner): TreeSteps {
  const planner = new Planner(root, owner);
  // A directory before what it holds.
  for (const change of changes.toSorted((a, b) => (a.target < b.target ? -1 : a.target > b.target ? 1 : 0))) {
    planner.add(change);
  }
  return planner.steps;
}

interface Place {
  readonly path: string;
  /** It is made by an entry of ours: there is nothing in it. */
  readonly isNew: boolean;
}

class Planner {
  readonly steps = {
    removals: [] as string[],
    entries: [] as TreeEntry[],
    copied: [] as string[],
    removed: [] as string[],
  };
  readonly #root: string;
  readonly #owner: Owner;
  readonly #directories = new Map<string, Place>();

  constructor(root: string, owner: Owner) {
    this.#root = root;
    this.#owner = owner;
  }

  add(change: TreeChange): void {
    const { kind, source, target } = change;
    if (target === '/') return;
    if (kind === 'none') {
      this.#remove(change);
      return;
    }
    if (kind === 'directory') {
      const place = this.#ensureDirectory(target, change);
      if (place.isNew) this.steps.copied.push(source);
      return;
    }
    const parent = this.#ensureDirectory(posix.dirname(target), change);
    const path = posix.join(parent.path, posix.basename(target));
    if (!parent.isNew && statOf(`${this.#root}/${path}`)?.isDirectory()) this.#removeTree(path, target);
    this.steps.entries.push({ kind, target: path, source, ...this.#owner, ...(kind === 'file' && { atOnce: true }) });
    this.steps.copied.push(source);
  }

  #remove({ source, target }: TreeChange): void {
    const above = posix.dirname(target);
    const parent = this.#directories.get(above) ?? resolveInTree(this.#root, above);
    if ('isNew' in parent && parent.isNew) return;
    const path = posix.join(parent.path, posix.basename(target));
    if (this.steps.removals.some((removal) => path === removal || path.startsWith(`${removal}/`))) return;
    if (statOf(`${this.#root}/${path}`) === null) return;
    this.#removeTree(path, target);
    this.steps.removed.push(source);
  }

  #removeTree(path: string, target: string): void {
    this.steps.removals.push(path);
    for (const known of this.#directories.keys()) {
      if (known === target || known.startsWith(`${target}/`)) this.#directories.delete(known);
    }
  }

  /** Where a directory is, or will be once the entries are made; symlinks in the container are followed. */
  #ensureDirectory(target: string, change: TreeChange): Place {
    const known = this.#directories.get(target);
    if (known !== undefined) return known;
    const place = this.#findDirectory(target, change);
    this.#directories.set(target, place);
    return place;
  }

  #findDirectory(target: string, change: TreeChange): Place {
    if (target === '/') return { path: '', isNew: false };
    const parent = this.#ensureDirectory(posix.dirname(target), change);
    const written = posix.join(parent.path, posix.basename(target));
    if (!parent.isNew) {
      const { path, stats } = resolveInTree(this.#root, written);
      if (stats?.isDirectory()) return { path, isNew: false };
      // A file, or a symlink to one or to nothing.
      if (statOf(`${this.#root}/${written}`) !== null) this.#removeTree(written, target);
    }
    const { root, base } = change;
    const isOurs = target === base || target.startsWith(`${base}/`);
    const like = isOurs ? `${root}${target.slice(base.length)}` : null;
    const isThere = like !== null && statOf(like)?.isDirectory() === true;
    this.steps.entries.push({
      kind: 'directory',
      target: written,
      ...(isThere ? { source: like } : { mode: 0o755 }),
      ...this.#owner,
    });
    return { path: written, isNew: true };
  }
}
