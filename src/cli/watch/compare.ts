/** `initial_sync`: what a container lacks of the files that a rule means. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { resolveInTree } from '../../build/tree/resolve.ts';
import { type Rule, targetOf } from '../../watch/rules.ts';
import { stampOf } from '../../watch/stamp.ts';
import type { TreeChange } from './tree-changes.ts';

/** Every path that a rule means and that is there, as a change. */
export function allChanges(rule: Rule): TreeChange[] {
  const found: TreeChange[] = [];
  const visit = (relative: string): void => {
    const source = relative === '' ? rule.root : `${rule.root}/${relative}`;
    const { kind } = stampOf(source);
    if (kind === 'none' || rule.skips(relative)) return;
    if (rule.takes(relative)) found.push(changeOf(rule, relative, kind));
    if (kind !== 'directory') return;
    for (const name of readdirSync(source).sort()) visit(relative === '' ? name : `${relative}/${name}`);
  };
  visit('');
  return found;
}

export function changeOf(rule: Rule, relative: string, kind: TreeChange['kind']): TreeChange {
  const source = relative === '' ? rule.root : `${rule.root}/${relative}`;
  return { kind, source, target: targetOf(rule, relative), root: rule.root, base: rule.target ?? '/' };
}

/** Those of the changes that the tree whose root is open as `root` does not have: by content, where times differ. */
export function missingChanges(root: string, changes: readonly TreeChange[]): TreeChange[] {
  return changes.filter((change) => !isThere(root, change));
}

function isThere(root: string, { kind, source, target }: TreeChange): boolean {
  const { path, stats } = resolveInTree(root, target, { keepLast: kind === 'other' });
  if (kind === 'none') return stats === null;
  if (stats === null) return false;
  if (kind === 'directory') return stats.isDirectory();
  const own = lstatSync(source, { throwIfNoEntry: false });
  if (own === undefined || (own.mode & 0o170000) !== (stats.mode & 0o170000)) return false;
  if (own.isSymbolicLink()) return readlinkSync(source) === readlinkSync(`${root}/${path}`);
  if (own.size !== stats.size || own.mode !== stats.mode) return false;
  return own.mtimeMs === stats.mtimeMs || !own.isFile() || hasSameContent(source, `${root}/${path}`);
}

const chunkBytes = 1 << 16;

function hasSameContent(one: string, other: string): boolean {
  using first = openFile(one);
  using second = openFile(other);
  // One that took the file's place meanwhile is another.
  if (!fstatSync(first.fd).isFile() || !fstatSync(second.fd).isFile()) return false;
  const [a, b] = [Buffer.alloc(chunkBytes), Buffer.alloc(chunkBytes)];
  for (;;) {
    const read = readSync(first.fd, a, 0, chunkBytes, null);
    if (read !== readSync(second.fd, b, 0, chunkBytes, null)) return false;
    if (read === 0) return true;
    if (!a.subarray(0, read).equals(b.subarray(0, read))) return false;
  }
}

function openFile(path: string): { readonly fd: number } & Disposable {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  return { fd, [Symbol.dispose]: () => closeSync(fd) };
}
