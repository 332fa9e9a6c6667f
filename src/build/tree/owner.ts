/** `--chown` and `--chmod`: who a file belongs to, and what may be done with it. */
import { readFileSync } from 'node:fs';
import { ComposeError } from '../../util/errors.ts';
import { resolveInTree } from './resolve.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * `user[:group]`, by name as the tree's own passwd and group have them, or by number; `root` is known everywhere, and is who is
 * meant where no user is named. Throws USER_NOT_FOUND.
 */
export function parseOwner(text: string, root: string): Owner {
  const [user = '', group = ''] = text.split(':', 2);
  const owner = userOf(user, root);
  return group === '' ? owner : { ...owner, gid: groupOf(group, root) };
}

/** Whether nobody needs to be looked up. */
export function isNumericOwner(text: string): boolean {
  return /^\d+(?::\d*)?$/.test(text);
}

function userOf(user: string, root: string): Owner {
  const number = idOf(user);
  if (number !== null) return { uid: number, gid: number };
  const fields = user === '' ? null : findEntry(root, 'etc/passwd', user);
  const [uid, gid] = [idOf(fields?.[2]), idOf(fields?.[3])];
  if (uid !== null && gid !== null) return { uid, gid };
  if (user === '' || user === 'root') return { uid: 0, gid: 0 };
  throw unknown('user', user);
}

function groupOf(group: string, root: string): number {
  const gid = idOf(group) ?? idOf(findEntry(root, 'etc/group', group)?.[2]);
  if (gid !== null) return gid;
  if (group === 'root') return 0;
  throw unknown('group', group);
}

/** -1 as an unsigned number changes nothing (chown(2)), so it is nobody's. */
function idOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) < 0xffff_ffff ? Number(text) : null;
}

function findEntry(root: string, file: string, name: string): string[] | null {
  const { path, stats } = resolveInTree(root, file);
  if (stats === null || !stats.isFile()) return null;
  for (const line of readFileSync(`${root}/${path}`, 'utf8').split('\n')) {
    const fields = line.split(':');
    if (fields[0] === name) return fields;
  }
  return null;
}

function unknown(what: string, name: string): ComposeError {
  const hint = 'add it in an earlier instruction, or give a number';
  return new ComposeError('USER_NOT_FOUND', `there is no ${what} ${JSON.stringify(name)} in the stage`, { hint });
}

/** What a mode becomes. */
export type ModeChange = (mode: number, isDirectory: boolean) => number;

/** `0755`, or `u+rwX,go-w` (chmod(1)). Null for what is neither. */
export function parseMode(text: string): ModeChange | null {
  if (/^[0-7]{1,5}$/.test(text)) {
    const mode = Number.parseInt(text, 8) & 0o7777;
    return () => mode;
  }
  const clauses = text.split(',').map((clause) => /^([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)$/.exec(clause));
  if (clauses.some((clause) => clause === null)) return null;
  return (mode, isDirectory) => {
    let result = mode;
    for (const clause of clauses) {
      const [, who = '', actions = ''] = clause!;
      for (const [, operator, what = ''] of actions.matchAll(/([-+=])([^-+=]*)/g)) {
        result = applyClause(result, who === '' || who.includes('a') ? 'ugo' : who, operator!, what, isDirectory);
      }
    }
    return result;
  };
}

const shifts = { u: 6, g: 3, o: 0 } as const;

function applyClause(mode: number, who: string, operator: string, what: string, isDirectory: boolean): number {
  let mask = 0;
  let bits = 0;
  for (const each of who as Iterable<keyof typeof shifts>) {
    const shift = shifts[each];
    mask |= 0o7 << shift;
    if (what.length === 1 && what in shifts) {
      bits |= ((mode >> shifts[what as keyof typeof shifts]) & 0o7) << shift;
      continue;
    }
    const mayExecute = what.includes('x') || (what.includes('X') && (isDirectory || (mode & 0o111) !== 0));
    bits |= ((what.includes('r') ? 4 : 0) | (what.includes('w') ? 2 : 0) | (mayExecute ? 1 : 0)) << shift;
    if (what.includes('s') && each !== 'o') bits |= each === 'u' ? 0o4000 : 0o2000;
    if (each !== 'o') mask |= each === 'u' ? 0o4000 : 0o2000;
  }
  if (what.includes('t')) bits |= 0o1000;
  if (operator === '+') return mode | bits;
  if (operator === '-') return mode & ~bits;
  return (mode & ~mask) | bits;
}
