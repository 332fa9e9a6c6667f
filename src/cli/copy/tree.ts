/** Files from one tree into another, as cp(1) and Docker have it. */
import { posix } from 'node:path';
import { resolveInTree } from '../../build/tree/resolve.ts';
import { native, type TreeEntry, type TreeOperation } from '../../native/binding.ts';
import { hasErrno } from '../../util/errno.ts';
import { ComposeError } from '../../util/errors.ts';
import type { WrittenPath } from './place.ts';
import type { TreePlace } from './root.ts';

/** One end of a copy. */
export interface CopyEnd {
  readonly place: TreePlace;
  readonly written: WrittenPath;
  /** For messages: `shop-web-1:/etc`. */
  readonly name: string;
  /** It must be a directory that is there. */
  readonly isThere?: boolean;
}

export interface CopyOptions {
  /** Symlinks at the end of the source are followed. */
  readonly links: 'followed' | 'copied';
  /** Whose the copies are; null: whose the originals are. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
  readonly signal: AbortSignal;
}

/** Copies what `from` means to where `to` says. Throws FILE_NOT_FOUND, INVALID, NO_PERMISSION. */
export async function copyTree(from: CopyEnd, to: CopyEnd, options: CopyOptions): Promise<void> {
  const { owner, signal } = options;
  if (to.place.isReadOnly) {
    throw new ComposeError('NO_PERMISSION', `cannot write to ${to.name}: it is read-only`);
  }
  try {
    const source = findSource(from, options.links);
    const target = findTarget(to, from, source.isDirectory);
    const found = await abortable(native().listTree(from.place.fd, source.path), signal);
    const links = new Map<string, string>();
    const entries = found.flatMap(({ kind, path, identity }): TreeEntry[] => {
      const place = posix.join(target, path);
      if (place === '' || place === '.') return [];
      const earlier = identity === null ? undefined : links.get(identity);
      if (earlier !== undefined) return [{ kind: 'link', target: place, source: earlier }];
      if (identity !== null) links.set(identity, place);
      return [{ kind, target: place, source: posix.join(source.path, path) || '.', ...owner }];
    });
    await abortable(native().copyEntries(to.place.fd, entries, from.place.fd), signal);
  } catch (error) {
    signal.throwIfAborted();
    throw asComposeError(error, from, to);
  }
}

function findSource({ place, written, name }: CopyEnd, links: CopyOptions['links']) {
  const keepLast = links === 'copied' && !written.isDirectory;
  const { path, stats } = resolveInTree(place.root, place.path, { keepLast });
  if (stats === null) throw new ComposeError('FILE_NOT_FOUND', `there is no ${name}`, { exitCode: 1 });
  if (written.isDirectory && !stats.isDirectory()) throw new ComposeError('INVALID', `${name} is not a directory`);
  return { path, isDirectory: stats.isDirectory() };
}

/** The path of the copy, relative to the root. */
function findTarget(to: CopyEnd, from: CopyEnd, isDirectory: boolean): string {
  const { path, stats } = resolveInTree(to.place.root, to.place.path);
  if (to.isThere === true && !stats?.isDirectory()) {
    throw new ComposeError('INVALID', `destination ${JSON.stringify(to.name)} must be a directory`);
  }
  if (stats?.isDirectory()) {
    // `src/.` is what is in it, and `/` has no name.
    const isContent = isDirectory && (from.written.isContent || from.written.path === '/');
    return isContent ? path : posix.join(path, posix.basename(from.written.path));
  }
  if (stats !== null) {
    if (isDirectory) throw new ComposeError('INVALID', `cannot copy the directory ${from.name} to ${to.name}: a file`);
    if (to.written.isDirectory) throw new ComposeError('INVALID', `${to.name} is not a directory`);
    return path;
  }
  const parent = posix.dirname(path);
  const isParentThere = resolveInTree(to.place.root, parent).stats?.isDirectory() ?? false;
  if (!isParentThere || (to.written.isDirectory && !isDirectory)) {
    throw new ComposeError('FILE_NOT_FOUND', `there is no directory ${to.name}`, {
      exitCode: 1,
      hint: 'cp makes the last part of a path, not those before it',
    });
  }
  return path;
}

async function abortable<T>(operation: TreeOperation<T>, signal: AbortSignal): Promise<T> {
  const cancel = () => operation.cancel();
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await operation.result;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

function asComposeError(error: unknown, from: CopyEnd, to: CopyEnd): unknown {
  if (error instanceof ComposeError) return error;
  const what = `cannot copy ${from.name} to ${to.name}`;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'INVALID') return new ComposeError('INVALID', `${what}: ${message}`, { cause: error });
  if (hasErrno(error, 'EROFS')) return new ComposeError('NO_PERMISSION', `${what}: it is read-only`, { cause: error });
  if (hasErrno(error, 'ENOSPC') || hasErrno(error, 'EDQUOT')) {
    return new ComposeError('NO_SPACE', `${what}: no space is left`, { cause: error });
  }
  if (hasErrno(error, 'EACCES') || hasErrno(error, 'EPERM')) {
    return new ComposeError('NO_PERMISSION', `${what}: ${message}`, { cause: error });
  }
  // The tree changed under our hands, or holds what the other file system cannot.
  return code !== undefined && (code === 'ELOOP' || 'syscall' in (error as object))
    ? new ComposeError('INVALID', `${what}: ${message}`, { cause: error })
    : error;
}
