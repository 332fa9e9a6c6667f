/** Field-by-field difference of two definitions, for people: what changed, from what, to what. */
import type { FieldChange } from '../model/events.ts';
import { hidden, isSecretName } from '../model/hidden.ts';

const ignoredKeys: ReadonlySet<string> = new Set([
  'build',
  'pull_policy',
  'depends_on',
  'profiles',
  'develop',
  'scale',
  'attach',
]);

/** The leaves that differ, sorted by path. Secrets are hidden; `x-` keys and what never recreates do not count. */
export function fieldChanges(before: object, after: object): FieldChange[] {
  const changes: FieldChange[] = [];
  walk('', before, after, changes);
  return changes.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function walk(path: string, before: unknown, after: unknown, changes: FieldChange[]): void {
  if (isMap(before) && isMap(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      if (key.startsWith('x-') || (path === '' && ignoredKeys.has(key))) continue;
      walk(path === '' ? key : `${path}.${key}`, before[key], after[key], changes);
    }
    return;
  }
  const old = show(path, before);
  const now = show(path, after);
  if (JSON.stringify(before ?? null) !== JSON.stringify(after ?? null)) changes.push({ path, before: old, after: now });
}

function show(path: string, value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (isSecretName(path)) return hidden;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One line that a person accepts as a reason: `config changed: environment.PORT 80 → 8080 (and 2 more)`. */
export function describeChanges(changes: readonly FieldChange[]): string {
  const [first] = changes;
  if (first === undefined) return 'config changed';
  const more = changes.length > 1 ? ` (and ${changes.length - 1} more)` : '';
  return `config changed: ${first.path} ${first.before ?? 'unset'} → ${first.after ?? 'unset'}${more}`;
}
