/** What is looked for in lines: a text, or a regular expression. Small letters stand for both, as in less. */
import type { Line, Span } from './text.ts';

export interface SearchPattern {
  readonly text: string;
  matches(line: string): boolean;
  /** Begin and end of each place. */
  places(line: string): readonly (readonly [number, number])[];
}

/** A longer line is looked at so far: a pattern with back-tracking must not stop the screen. */
const reach = 4000;

/** The pattern, null for an empty text; `error` says what is wrong with an expression. */
export function searchPattern(
  text: string,
  kind: 'text' | 'expression',
): { readonly pattern: SearchPattern | null; readonly error: string | null } {
  if (text === '') return { pattern: null, error: null };
  const flags = /\p{Lu}/u.test(text) ? 'g' : 'gi';
  const source = kind === 'text' ? text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&') : text;
  let expression: RegExp;
  try {
    expression = new RegExp(source, flags);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return { pattern: null, error: said.replace(/^Invalid regular expression: /, '').replace(/^\/.*\/\w*: /, '') };
  }
  return {
    pattern: {
      text,
      matches(line) {
        expression.lastIndex = 0;
        return expression.test(line.slice(0, reach));
      },
      places: (line) =>
        [...line.slice(0, reach).matchAll(expression)]
          .filter(([found]) => found !== '')
          .map(({ index, 0: found }) => [index, index + found.length] as const),
    },
    error: null,
  };
}

/** The line with every place inverted. */
export function highlight(line: Line, pattern: SearchPattern): Line {
  const places = pattern.places(line.map(({ text }) => text).join(''));
  if (places.length === 0) return line;
  const spans: Span[] = [];
  let at = 0;
  for (const { text, style } of line) {
    let done = 0;
    const cut = (to: number, isFound: boolean) => {
      const piece = text.slice(done, to);
      done = Math.max(done, to);
      if (piece === '') return;
      spans.push({ text: piece, style: isFound ? { ...style, inverse: true } : { ...style } });
    };
    for (const [from, to] of places) {
      if (to <= at || from >= at + text.length) continue;
      cut(Math.max(0, from - at), false);
      cut(Math.min(text.length, to - at), true);
    }
    cut(text.length, false);
    at += text.length;
  }
  return spans;
}
