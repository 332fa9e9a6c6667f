/**
 * Trees watched by inotify, one watch a directory. Everything is looked at the moment it is told of, in one go, so that
 * nothing comes between a look and what follows from it:
 * - a directory is watched before it is read: what is made in it meanwhile is seen by one of the two;
 * - a directory that took the place of another, or of a file, is another one, whatever its name (and inode: they are used again);
 * - what a directory held is told of with it.
 */
import { type FSWatcher, lstatSync, readdirSync, realpathSync, type Stats, statSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Notifier, NotifierOptions } from './notifier.ts';

/** The kernel keeps 16384 events for who is slow, and drops the others without our being told. */
const manyEvents = 4096;
const restMs = 300;

interface Directory {
  readonly watcher: FSWatcher;
  readonly identity: string;
  readonly names: Set<string>;
}

interface Anchor {
  readonly watcher: FSWatcher;
  /** Roots by the name in this directory that leads to them. */
  readonly roots: Map<string, Set<string>>;
  /** A root is a symlink: whatever changes beside it may lead it elsewhere. */
  hasLinks: boolean;
}

/** Begins to watch; everything is watched when it returns. */
export function openTreeNotifier(options: NotifierOptions): Notifier {
  const notifier = new TreeNotifier(options);
  for (const root of options.roots) notifier.begin(root);
  return { ready: Promise.resolve(), close: async () => notifier.close() };
}

class TreeNotifier {
  readonly #options: NotifierOptions;
  readonly #roots: ReadonlySet<string>;
  readonly #directories = new Map<string, Directory>();
  readonly #anchors = new Map<string, Anchor>();
  #isClosed = false;
  #events = 0;
  #burstMs = 0;
  #rest: NodeJS.Timeout | undefined;

  constructor(options: NotifierOptions) {
    this.#options = options;
    this.#roots = new Set(options.roots);
  }

  begin(root: string): void {
    this.#anchor(root, root);
    if (this.#options.links === 'followed') {
      const real = realPath(root);
      if (real !== null && real !== root) {
        this.#anchor(real, root);
        const beside = this.#anchors.get(dirname(root));
        if (beside !== undefined) beside.hasLinks = true;
      }
    }
    this.#look(root);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#rest);
    for (const { watcher } of [...this.#directories.values(), ...this.#anchors.values()]) watcher.close();
    this.#directories.clear();
    this.#anchors.clear();
  }

  /** Watches the directory in which a root, or the first part of its path that is missing, would appear. */
  #anchor(path: string, root: string): void {
    let name = path;
    while (dirname(name) !== name && !isDirectory(dirname(name))) name = dirname(name);
    const directory = dirname(name);
    let anchor = this.#anchors.get(directory);
    if (anchor === undefined) {
      const watcher = this.#open(directory, (_event, changed) => this.#onAnchor(directory, changed));
      if (watcher === null) return;
      anchor = { watcher, roots: new Map(), hasLinks: false };
      this.#anchors.set(directory, anchor);
    }
    anchor.hasLinks ||= path !== root;
    anchor.roots.set(basename(name), (anchor.roots.get(basename(name)) ?? new Set()).add(root));
  }

  #onAnchor(directory: string, name: string | null): void {
    const anchor = this.#anchors.get(directory);
    if (anchor === undefined || this.#isClosed) return;
    const own = name === null || anchor.hasLinks ? [...anchor.roots.values()] : [anchor.roots.get(name) ?? new Set()];
    const meant = new Set(own.flatMap((roots) => [...roots]));
    if (!isDirectory(directory)) {
      anchor.watcher.close();
      this.#anchors.delete(directory);
      for (const root of [...anchor.roots.values()].flatMap((roots) => [...roots])) meant.add(root);
    }
    for (const root of meant) this.begin(root);
  }

  /** Something became of a path. */
  #look(path: string): void {
    const stats = this.#statOf(path);
    this.#options.onPath(path, stats?.ctimeMs ?? 0);
    const known = this.#directories.get(path);
    if (!stats?.isDirectory() || this.#options.ignores(path, true)) {
      if (known !== undefined) this.#leave(path, known);
      return;
    }
    const identity = `${stats.dev} ${stats.ino} ${stats.birthtimeMs}`;
    if (known?.identity === identity) return;
    if (known !== undefined) this.#leave(path, known);
    this.#enter(path, identity);
  }

  #enter(path: string, identity: string): void {
    const watcher = this.#open(path, (event, name) => this.#onEvent(path, watcher, event, name));
    if (watcher === null) return;
    const directory = { watcher, identity, names: new Set<string>() };
    this.#directories.set(path, directory);
    this.#read(path, directory);
  }

  /** Tells of what is in a directory and was not known to be there. */
  #read(path: string, { names }: Directory): void {
    for (const name of namesIn(path)) {
      const child = join(path, name);
      if (names.has(name) || this.#options.ignores(child, undefined)) continue;
      names.add(name);
      this.#look(child);
    }
  }

  #leave(path: string, { watcher, names }: Directory): void {
    watcher.close();
    this.#directories.delete(path);
    for (const name of names) {
      const child = join(path, name);
      const inner = this.#directories.get(child);
      if (inner !== undefined) this.#leave(child, inner);
      this.#options.onPath(child, 0);
    }
  }

  #onEvent(path: string, watcher: FSWatcher | null, event: string, name: string | null): void {
    const directory = this.#directories.get(path);
    if (this.#isClosed || directory === undefined || directory.watcher !== watcher) return;
    this.#count();
    if (name === null) {
      this.#read(path, directory);
      return;
    }
    const child = join(path, name);
    const isThere = this.#statOf(child) !== null;
    if (name === basename(path) && !isThere && !directory.names.has(name)) {
      // The directory itself. When it was moved or removed this watch is over, and another may stand in its place.
      if (event !== 'rename') return;
      this.#leave(path, directory);
      this.#look(path);
      return;
    }
    if (this.#options.ignores(child, undefined)) return;
    if (isThere) directory.names.add(name);
    else directory.names.delete(name);
    this.#look(child);
  }

  /** After very many events, some of which may have been dropped, everything is looked at once. */
  #count(): void {
    if (this.#events++ === 0) this.#burstMs = Date.now() - restMs;
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => {
      const isMuch = this.#events > manyEvents;
      this.#events = 0;
      if (isMuch) this.#lookAtAll(this.#burstMs);
    }, restMs);
  }

  #lookAtAll(sinceMs: number): void {
    for (const [path, directory] of [...this.#directories]) {
      if (this.#directories.get(path) !== directory) continue;
      this.#look(path);
      if (this.#directories.get(path) !== directory) continue;
      for (const name of [...directory.names]) {
        const child = join(path, name);
        const stats = this.#statOf(child);
        if (stats === null) directory.names.delete(name);
        if (stats === null || stats.ctimeMs >= sinceMs) this.#look(child);
      }
      this.#read(path, directory);
    }
  }

  #open(path: string, onEvent: (event: string, name: string | null) => void): FSWatcher | null {
    try {
      const watcher = watch(path, onEvent);
      // What inotify says of a directory that is gone; its parent says so too.
      watcher.on('error', () => watcher.close());
      return watcher;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (!['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP'].includes(code ?? ''))
        this.#options.onError(error as Error);
      return null;
    }
  }

  /** Symlinks below a root are never followed: they may lead above it. */
  #statOf(path: string): Stats | null {
    const follows = this.#options.links === 'followed' && this.#roots.has(path);
    try {
      return follows ? statSync(path) : lstatSync(path);
    } catch {
      return null;
    }
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    // It went again, or is not ours to read.
    return [];
  }
}

function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
