/** Paths in a tree that somebody else's symlinks may lead through: none of them leads out of it. */
import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { hasErrno } from '../../util/errno.ts';

export interface Resolved {
  /** Relative to the root, without symlinks; empty for the root itself. */
  readonly path: string;
  /** Null: there is nothing. */
  readonly stats: Stats | null;
}

const maxLinks = 40; // as the kernel, path_resolution(7)

/**
 * Follows `path` inside `root`, as a process would whose root that is. What is missing stays as it is written. With
 * `keepLast` a symlink at the end is not followed.
 */
export function resolveInTree(root: string, path: string, options: { readonly keepLast?: boolean } = {}): Resolved {
  const waiting = path.split('/').filter((part) => part !== '' && part !== '.');
  const done: string[] = [];
  let links = 0;
  let stats: Stats | null = lstatSync(`${root}/.`);
  for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
    if (part === '..') {
      done.pop();
      stats = null;
      continue;
    }
    const here = [root, ...done, part].join('/');
    stats = statOf(here);
    if (stats?.isSymbolicLink() && !(options.keepLast === true && waiting.length === 0)) {
      links += 1;
      if (links > maxLinks) throw Object.assign(new Error(`too many symbolic links: ${path}`), { code: 'ELOOP' });
      const target = readlinkSync(here);
      if (target.startsWith('/')) done.length = 0;
      waiting.unshift(...target.split('/').filter((each) => each !== '' && each !== '.'));
      continue;
    }
    done.push(part);
  }
  return { path: done.join('/'), stats: stats ?? statOf([root, ...done].join('/')) };
}

/** What stands there, a link itself and not its target; null when there is nothing, also because a parent is no directory. */
export function statOf(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch (error) {
    if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENOTDIR')) return null;
    throw error;
  }
}
