/** What COPY takes: the sources' entries, in order, with where each goes. */
import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { posix } from 'node:path';
import { type IgnoreRules, nothingIgnored } from '../context/ignore.ts';
import { isPattern, pathPattern } from '../context/pattern.ts';
import { resolveInTree } from './resolve.ts';

export interface SourceTree {
  /** A directory whose inside is looked at; no path leads out of it. */
  readonly root: string;
  /** Left out of it. */
  readonly ignored: IgnoreRules;
  /** Files of a context belong to root, whoever owns them outside. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
  readonly hasAttributes: boolean;
}

export interface ScannedEntry {
  /** Below the destination; empty: the destination itself is this file. */
  readonly target: string;
  /** Where it is read. */
  readonly path: string;
  readonly stats: Stats;
  readonly uid: number;
  readonly gid: number;
  /** Of a symlink. */
  readonly link: string | null;
  /** Whether extended attributes belong to it: those that a context's files have here mean nothing elsewhere (as in Docker). */
  readonly hasAttributes: boolean;
}

/** One source of COPY, found. */
export interface ScannedSource {
  readonly name: string;
  readonly isDirectory: boolean;
  /** A directory's own entry is not among them: its content is what is copied. */
  readonly entries: readonly ScannedEntry[];
  /** Of the directory itself. */
  readonly self: ScannedEntry | null;
  /** It comes from an archive, which says whose each file is: --chown and --chmod do not (Docker). */
  readonly isUnpacked?: boolean;
}

export interface ScanOptions {
  readonly excluded: IgnoreRules;
  /** `--parents`: the path of the source is kept, from the last `/./` on. */
  readonly hasParents: boolean;
}

/** Finds what a source, or a pattern, stands for; empty when there is nothing. */
export function scanSource(tree: SourceTree, source: string, options: ScanOptions): ScannedSource[] {
  const [base, rest] = splitPivot(source, options.hasParents);
  const names = isPattern(rest) ? expandPattern(tree, base, rest, options.hasParents) : [rest];
  return names.flatMap((name) => scanOne(tree, base, name, options) ?? []);
}

/** `/a/./b/c` with `--parents` keeps `b/c` only. */
function splitPivot(source: string, hasParents: boolean): readonly [base: string, rest: string] {
  const clean = source.replace(/^\/+/, '');
  const pivot = hasParents ? clean.lastIndexOf('/./') : -1;
  if (pivot < 0) return ['', posix.normalize(`/${clean}`).slice(1)];
  return [
    posix.normalize(`/${clean.slice(0, pivot)}`).slice(1),
    posix.normalize(`/${clean.slice(pivot + 3)}`).slice(1),
  ];
}

function scanOne(tree: SourceTree, base: string, name: string, options: ScanOptions): ScannedSource | null {
  const written = trimSlash(posix.join('/', base, name).slice(1));
  if (written !== '' && tree.ignored.ignores(written) && !tree.ignored.mayKeepBelow(written)) return null;
  const { path, stats } = resolveInTree(tree.root, written);
  if (stats === null) return null;
  const scan = new Scan(tree, options.excluded);
  const clean = trimSlash(name);
  // The place in the tree stays the one that was written: rules are about it.
  const self = scan.entry(path, '');
  if (!stats.isDirectory()) {
    if (tree.ignored.ignores(written) || options.excluded.ignores(posix.basename(clean) || clean)) return null;
    const target = options.hasParents ? clean : posix.basename(written);
    return {
      name: clean,
      isDirectory: false,
      self: null,
      entries: [...parents(scan, base, clean, options), { ...self, target }],
    };
  }
  const prefix = options.hasParents ? clean : '';
  const above = options.hasParents
    ? [...parents(scan, base, clean, options), ...(clean === '' ? [] : [{ ...self, target: clean }])]
    : [];
  return { name: clean, isDirectory: true, self, entries: [...above, ...scan.below(path, written, prefix, '')] };
}

/** Entries of the directories above a source that keeps its path. */
function parents(scan: Scan, base: string, name: string, { hasParents }: ScanOptions): ScannedEntry[] {
  if (!hasParents) return [];
  const parts = name.split('/').slice(0, -1);
  return parts.map((_, index) => {
    const target = parts.slice(0, index + 1).join('/');
    return { ...scan.entryAt(posix.join('/', base, target).slice(1)), target };
  });
}

class Scan {
  readonly #tree: SourceTree;
  readonly #excluded: IgnoreRules;

  constructor(tree: SourceTree, excluded: IgnoreRules) {
    this.#tree = tree;
    this.#excluded = excluded;
  }

  entryAt(written: string): ScannedEntry {
    return this.entry(resolveInTree(this.#tree.root, written).path, '');
  }

  entry(path: string, target: string): ScannedEntry {
    const full = path === '' ? `${this.#tree.root}/.` : `${this.#tree.root}/${path}`;
    const stats = lstatSync(full);
    const { uid, gid } = this.#tree.owner ?? stats;
    const link = stats.isSymbolicLink() ? readlinkSync(full) : null;
    return { target, path: full, stats, uid, gid, link, hasAttributes: this.#tree.hasAttributes };
  }

  /** Everything below a directory, parents before children, sorted. */
  below(path: string, written: string, target: string, relative: string): ScannedEntry[] {
    const found: ScannedEntry[] = [];
    const { ignored, root } = this.#tree;
    for (const name of readdirSync(path === '' ? `${root}/.` : `${root}/${path}`).sort(byBytes)) {
      const place = written === '' ? name : `${written}/${name}`;
      const inSource = relative === '' ? name : `${relative}/${name}`;
      const isOut = ignored.ignores(place) || this.#excluded.ignores(inSource);
      const mayKeep = isOut && (ignored.mayKeepBelow(place) || this.#excluded.mayKeepBelow(inSource));
      if (isOut && !mayKeep) continue;
      const entry = this.entry(path === '' ? name : `${path}/${name}`, target === '' ? name : `${target}/${name}`);
      const children = entry.stats.isDirectory()
        ? this.below(path === '' ? name : `${path}/${name}`, place, entry.target, inSource)
        : [];
      // A directory that is left out is there only for what is brought back in it.
      if (isOut && children.length === 0) continue;
      found.push(entry, ...children);
    }
    return found;
  }
}

/**
 * Paths that a pattern matches, sorted; wildcards stand for names, and for directories too where paths are kept. Links are
 * followed as far as the path has no wildcard, and not beyond.
 */
function expandPattern(tree: SourceTree, base: string, pattern: string, hasParents: boolean): string[] {
  const clean = trimSlash(pattern);
  const expression = pathPattern(clean, hasParents ? 'tree' : 'name');
  if (expression === null) return [];
  const parts = clean.split('/');
  const plain = parts.slice(0, parts.findIndex(isPattern));
  const depth = hasParents && clean.includes('**') ? Number.POSITIVE_INFINITY : parts.length;
  const matches: string[] = [];
  const visit = (path: string, directory: string, level: number): void => {
    const entries = readdirSync(`${tree.root}/${path}`, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => byBytes(a.name, b.name))) {
      const place = directory === '' ? entry.name : `${directory}/${entry.name}`;
      const written = base === '' ? place : `${base}/${place}`;
      if (tree.ignored.ignores(written) && !tree.ignored.mayKeepBelow(written)) continue;
      if (expression.test(place)) matches.push(place);
      else if (entry.isDirectory() && level + 1 < depth) visit(`${path}/${entry.name}`, place, level + 1);
    }
  };
  const { path, stats } = resolveInTree(tree.root, posix.join('/', base, ...plain));
  if (stats?.isDirectory()) visit(path === '' ? '.' : path, plain.join('/'), plain.length);
  return matches;
}

/** A tree of which nothing is left out and everything keeps its owner. */
export function plainTree(root: string): SourceTree {
  return { root, ignored: nothingIgnored, owner: null, hasAttributes: true };
}

function trimSlash(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
