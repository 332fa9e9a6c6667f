/** Field-by-field difference of two definitions, for people: what changed, from what, to what. */
import type { FieldChange } from '../model/events.ts';
import { hidden, isSecretName, withoutPasswords } from '../model/hidden.ts';

const ignoredKeys: ReadonlySet<string> = new Set([
  'build',
  'pull_policy',
  'pull_refresh_after',
  'depends_on',
  'profiles',
  'develop',
  'scale',
  'attach',
  'deploy.replicas',
  'deploy.update_config',
  'deploy.rollback_config',
]);

/** The leaves that differ, sorted by path. Secrets are hidden; `x-` keys and what never recreates do not count. */
export function fieldChanges(before: object, after: object): FieldChange[] {
  const changes: FieldChange[] = [];
  walk('', before, after, changes);
  return changes.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function walk(path: string, before: unknown, after: unknown, changes: FieldChange[]): void {
  const [old, now] = [mapOrNothing(before), mapOrNothing(after)];
  if (old !== null && now !== null && (isMap(before) || isMap(after))) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
      const child = path === '' ? key : `${path}.${key}`;
      if (!key.startsWith('x-') && !ignoredKeys.has(child)) walk(child, old[key], now[key], changes);
    }
    return;
  }
  if (JSON.stringify(before ?? null) === JSON.stringify(after ?? null)) return;
  changes.push({ path, before: show(path, before), after: show(path, after) });
}

function show(path: string, value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (isSecretName(path)) return hidden;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return withoutPasswords(text);
}

/** What is not there is a map without entries, beside one that has some. */
function mapOrNothing(value: unknown): Record<string, unknown> | null {
  return isMap(value) ? value : value === undefined || value === null ? {} : null;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The same for a network or volume; nothing where nobody wrote down what it was. */
export function definitionChanges(before: object | undefined, after: object): FieldChange[] {
  return before === undefined ? [] : fieldChanges(before, after);
}

/** Secrets and configs whose content differs, never what is in them. One that comes or goes is a change of a field. */
export function contentChanges(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): FieldChange[] {
  return Object.keys(after)
    .filter((name) => before[name] !== undefined && before[name] !== after[name])
    .sort()
    .map((path) => ({ path, before: hidden, after: hidden }));
}

/** One line that a person accepts as a reason: `config changed: environment.PORT 80 → 8080 (and 2 more)`. */
export function describeChanges(changes: readonly FieldChange[]): string {
  const [first] = changes;
  if (first === undefined) return 'config changed';
  const more = changes.length > 1 ? ` (and ${changes.length - 1} more)` : '';
  return `config changed: ${first.path} ${first.before ?? 'unset'} → ${first.after ?? 'unset'}${more}`;
}
