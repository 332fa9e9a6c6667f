/** `develop.watch`: which rule means which path. Pure, but for the one look at where a path leads. */
import { realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { excludeRules, type IgnoreRules, nothingIgnored } from '../build/context/ignore.ts';
import type { Hook, Service, WatchAction } from '../model/service.ts';
import { ComposeError } from '../util/errors.ts';
import { isTemporary } from './temporary.ts';

export interface Rule {
  /** `web 0`: no other rule has it. */
  readonly key: string;
  readonly service: string;
  readonly action: WatchAction;
  /** What is watched: where the path of the file leads, without symlinks. */
  readonly root: string;
  /** As the file has it, absolute. */
  readonly path: string;
  /** Absolute, in the container; null when nothing is copied. */
  readonly target: string | null;
  /** The container is compared with the files when watching begins. */
  readonly isInitial: boolean;
  readonly exec: Hook | null;
  /** Whether it means a path, relative to the root; empty: the root itself. */
  takes(relative: string): boolean;
  /** Whether it means nothing below a directory either. */
  skips(relative: string): boolean;
}

/** What `.dockerignore` leaves out of a service's build. */
export interface ContextIgnore {
  /** Absolute. */
  readonly directory: string;
  readonly rules: IgnoreRules;
}

/** The rules of a service. Throws INVALID for a pattern that cannot be read. */
export function rulesOf(name: string, service: Service, context: ContextIgnore | null): Rule[] {
  return (service.develop?.watch ?? []).map((rule, index) => {
    const path = posix.normalize(rule.path).replace(/(.)\/+$/, '$1');
    const at = ['services', name, 'develop', 'watch', index];
    const ignored = patternsOf(rule.ignore ?? [], [...at, 'ignore']);
    const included = rule.include?.length ? patternsOf(rule.include, [...at, 'include']) : null;
    const inContext = (relative: string): string | null =>
      context === null ? null : below(context.directory, relative === '' ? path : `${path}/${relative}`);
    const isLeftOut = (relative: string): boolean => {
      const place = inContext(relative);
      return place !== null && place !== '' && (context?.rules.ignores(place) ?? false);
    };
    const copies = rule.action.startsWith('sync');
    return {
      key: `${name} ${index}`,
      service: name,
      action: rule.action,
      root: whereLeads(path),
      path,
      target: copies ? posix.join('/', rule.target ?? '') : null,
      isInitial: copies && (rule.initial_sync ?? false),
      exec: rule.exec ?? null,
      takes(relative) {
        if (isLeftOut(relative)) return false;
        if (relative === '') return true;
        if (isTemporary(relative) || ignored.ignores(relative)) return false;
        return included?.ignores(relative) ?? true;
      },
      skips(relative) {
        if (relative === '') return false;
        if (isTemporary(relative)) return true;
        if (ignored.ignores(relative) && !ignored.mayKeepBelow(relative)) return true;
        const place = inContext(relative);
        return place !== null && isLeftOut(relative) && !(context?.rules.mayKeepBelow(place) ?? false);
      },
    };
  });
}

/** A path relative to the directory that it is in, at whatever depth; empty for the directory itself; null elsewhere. */
export function below(directory: string, path: string): string | null {
  if (path === directory) return '';
  const prefix = directory.endsWith('/') ? directory : `${directory}/`;
  return path.startsWith(prefix) ? path.slice(prefix.length) : null;
}

/** Where a rule's path goes in the container. */
export function targetOf(rule: Rule, relative: string): string {
  return relative === '' ? (rule.target ?? '/') : posix.join(rule.target ?? '/', relative);
}

/** The mount through which what is copied would come back to the files themselves; null: there is none. */
export function mountOver(rule: Rule, service: Service): string | null {
  const { target } = rule;
  if (target === null) return null;
  const mount = service.volumes?.find((volume) => {
    if (volume.type !== 'bind' || volume.source === undefined) return false;
    const source = posix.normalize(volume.source);
    const isMeant = below(source, rule.path) !== null || below(rule.path, source) !== null;
    return isMeant && below(posix.normalize(volume.target), target) !== null;
  });
  return mount?.source ?? null;
}

function patternsOf(patterns: readonly string[], path: readonly (string | number)[]): IgnoreRules {
  if (patterns.length === 0) return nothingIgnored;
  for (const [index, pattern] of patterns.entries()) {
    if (excludeRules([pattern]) === null) {
      throw new ComposeError('INVALID', `${JSON.stringify(pattern)} is not a pattern`, { path: [...path, index] });
    }
  }
  return excludeRules(patterns) ?? nothingIgnored;
}

/** Without symlinks; the path itself where there is nothing. */
export function whereLeads(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // It may come later.
    return path;
  }
}
