/** `--chown` and `--chmod`: who a file belongs to, and what may be done with it. */
import { readFileSync } from 'node:fs';
import { ComposeError } from '../../util/errors.ts';
import { resolveInTree } from './resolve.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** `user[:group]`, by name as the tree's own passwd and group have them, or by number. Throws USER_NOT_FOUND. */
export function parseOwner(text: string, root: string): Owner {
  const [user = '', group] = text.split(':', 2);
  const isNumber = (word: string) => /^\d{1,10}$/.test(word);
  let uid: number;
  let gid: number;
  if (isNumber(user)) {
    uid = Number(user);
    gid = uid;
  } else {
    const fields = findEntry(root, 'etc/passwd', user);
    if (fields === null) throw unknown('user', user);
    uid = Number(fields[2]);
    gid = Number(fields[3]);
  }
  if (group === undefined || group === '') return { uid, gid };
  if (isNumber(group)) return { uid, gid: Number(group) };
  const fields = findEntry(root, 'etc/group', group);
  if (fields === null) throw unknown('group', group);
  return { uid, gid: Number(fields[2]) };
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
