/** `.dockerignore`: which files of a context are not part of it. */
import { posix } from 'node:path';
import { diagnosticAt, SourceError, type SourceText } from '../../util/diagnostic.ts';
import { pathPattern } from './pattern.ts';

interface Rule {
  readonly expression: RegExp;
  /** `!pattern`: brings back what an earlier rule left out. */
  readonly isException: boolean;
  readonly pattern: string;
}

export class IgnoreRules {
  readonly #rules: readonly Rule[];
  readonly #hasExceptions: boolean;

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
    this.#hasExceptions = rules.some(({ isException }) => isException);
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  /** Whether a path, relative to the context, is left out. The last rule that says something about it decides. */
  ignores(path: string): boolean {
    if (this.#rules.length === 0) return false;
    const candidates = withParents(path);
    let isIgnored = false;
    for (const { expression, isException } of this.#rules) {
      if (isIgnored !== isException) continue;
      if (candidates.some((candidate) => expression.test(candidate))) isIgnored = !isException;
    }
    return isIgnored;
  }

  /** Whether something below an ignored directory may be part of the context all the same. */
  mayKeepBelow(directory: string): boolean {
    if (!this.#hasExceptions) return false;
    return this.#rules.some(({ isException, pattern }) => isException && mayReach(pattern, directory));
  }
}

/** No rules: nothing is left out. */
export const nothingIgnored = new IgnoreRules([]);

/** Reads the file. Throws SourceError for patterns that cannot be read. */
export function parseIgnore(source: SourceText): IgnoreRules {
  const rules: Rule[] = [];
  const diagnostics = [];
  let offset = source.text.startsWith('\uFEFF') ? 1 : 0;
  for (const line of source.text.slice(offset).split('\n')) {
    const text = line.trim();
    const place = { source, offset: offset + line.length - line.trimStart().length, length: Math.max(1, text.length) };
    offset += line.length + 1;
    if (text === '' || line.startsWith('#')) continue;
    const isException = text.startsWith('!');
    const pattern = cleanPattern(isException ? text.slice(1).trim() : text);
    if (pattern === '') {
      diagnostics.push(diagnosticAt(place, { severity: 'error', message: 'an exception without a pattern' }));
      continue;
    }
    const expression = pathPattern(pattern, 'tree');
    if (expression === null) {
      diagnostics.push(diagnosticAt(place, { severity: 'error', message: `${pattern} is not a pattern` }));
      continue;
    }
    rules.push({ expression, isException, pattern });
  }
  if (diagnostics.length > 0) throw new SourceError('SYNTAX', diagnostics);
  return new IgnoreRules(rules);
}

/** Rules of `--exclude`. Null for a pattern that cannot be read. */
export function excludeRules(patterns: readonly string[]): IgnoreRules | null {
  const rules: Rule[] = [];
  for (const written of patterns) {
    const isException = written.startsWith('!');
    const pattern = cleanPattern(isException ? written.slice(1) : written);
    const expression = pathPattern(pattern, 'tree');
    if (expression === null) return null;
    rules.push({ expression, isException, pattern });
  }
  return new IgnoreRules(rules);
}

/** Without dots and without a slash at either end: patterns are relative to the context. */
function cleanPattern(pattern: string): string {
  if (pattern === '') return '';
  const clean = posix.normalize(pattern).replace(/(.)\/+$/, '$1');
  return clean.length > 1 ? clean.replace(/^\/+/, '') : clean;
}

/** `a/b/c`, `a/b`, `a`. */
function withParents(path: string): string[] {
  const candidates = [path];
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
    candidates.push(path.slice(0, end));
  return candidates;
}

function mayReach(pattern: string, directory: string): boolean {
  const patternParts = pattern.split('/');
  const parts = directory.split('/');
  for (const [index, part] of parts.entries()) {
    const own = patternParts[index];
    // The pattern ends above: it is about the directory's parents, and so about all below.
    if (own === undefined) return true;
    if (own.includes('**')) return true;
    if (!(pathPattern(own, 'name')?.test(part) ?? false)) return false;
  }
  return true;
}
