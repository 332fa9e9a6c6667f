/** Path patterns as Go's filepath.Match has them: `*`, `?`, `[a-z]`, `\x`; none of them matches a slash. */

/** Where `**` may stand for any number of directories. */
export type PatternForm = 'name' | 'tree';

/** Whether a path holds anything that is more than itself. */
export function isPattern(path: string): boolean {
  return /[*?[\\]/.test(path);
}

/** The pattern as an expression for whole paths; null when it cannot be read, such as `[a`. */
export function pathPattern(pattern: string, form: PatternForm): RegExp | null {
  let source = '';
  for (let index = 0; index < pattern.length; index++) {
    const char = pattern[index]!;
    if (char === '*') {
      let stars = 1;
      while (pattern[index + stars] === '*') stars += 1;
      index += stars - 1;
      if (stars === 1 || form === 'name') source += '[^/]*';
      else if (pattern[index + 1] === '/') {
        source += '(?:.*/)?';
        index += 1;
      } else source += '.*';
    } else if (char === '?') {
      source += '[^/]';
    } else if (char === '[') {
      const set = readSet(pattern, index);
      if (set === null) return null;
      source += set.source;
      index = set.end;
    } else if (char === '\\') {
      const next = pattern[++index];
      if (next === undefined) return null;
      source += quote(next);
    } else source += quote(char);
  }
  return new RegExp(`^${source}$`, 's');
}

/** `[^a-c]`, from its bracket to the closing one. */
function readSet(pattern: string, start: number): { readonly source: string; readonly end: number } | null {
  let index = start + 1;
  let source = '[';
  if (pattern[index] === '^') {
    source += '^';
    index += 1;
  }
  let ranges = 0;
  const readOne = (): string | null => {
    const char = pattern[index];
    // A dash begins no range, and an empty set is none.
    if (char === undefined || char === '-' || char === ']') return null;
    if (char === '\\') index += 1;
    const one = pattern[index++];
    return one ?? null;
  };
  while (pattern[index] !== ']' || ranges === 0) {
    const low = readOne();
    if (low === null) return null;
    let high: string | null = low;
    if (pattern[index] === '-') {
      index += 1;
      high = readOne();
      if (high === null) return null;
    }
    // A range that is upside down matches nothing.
    if (low <= high) source += low === high ? quote(low) : `${quote(low)}-${quote(high)}`;
    ranges += 1;
  }
  const body = source === '[' ? '(?!)' : source === '[^' ? '[^/]' : `(?!/)${source}]`;
  return { source: body, end: index };
}

function quote(char: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(char) ? `\\${char}` : char;
}
