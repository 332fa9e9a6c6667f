/** A picture of the whole screen, and what a click on each part of it means. */
import type { CommandId } from './commands.ts';
import { contains, type Rectangle } from './layout.ts';
import { fitLine, headOf, type Line, type Span, textWidth } from './text.ts';

export type Target =
  | { readonly type: 'command'; readonly command: CommandId }
  | { readonly type: 'service'; readonly key: string }
  /** Of what is to be chosen from, the one at that place. */
  | { readonly type: 'choice'; readonly index: number }
  | { readonly type: 'list' | 'pane' | 'overlay' };

export class Frame {
  readonly columns: number;
  readonly rows: number;
  readonly #lines: Line[];
  /** Those that come later lie above. */
  readonly #targets: { readonly place: Rectangle; readonly target: Target }[] = [];

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
    this.#lines = Array.from({ length: rows }, () => []);
  }

  get lines(): readonly Line[] {
    return this.#lines;
  }

  /** Puts a line of exactly `width` cells over what is there. */
  put(x: number, y: number, width: number, line: Line): void {
    const below = this.#lines[y];
    if (below === undefined || width <= 0) return;
    const before = x === 0 ? [] : fitLine(exactHead(below, x), x);
    this.#lines[y] = [...before, ...fitLine(line, width), ...tailOf(below, x + width)];
  }

  target(place: Rectangle, target: Target): void {
    this.#targets.push({ place, target });
  }

  targetAt(x: number, y: number): Target | undefined {
    return this.#targets.findLast(({ place }) => contains(place, x, y))?.target;
  }
}

/** The first `width` cells, nothing in place of what is left out. */
function exactHead(line: Line, width: number): Line {
  const head: Span[] = [];
  let left = width;
  for (const span of line) {
    if (left <= 0) break;
    const text = headOf(span.text, left);
    head.push({ ...span, text });
    if (text.length < span.text.length) break;
    left -= textWidth(text);
  }
  return head;
}

function tailOf(line: Line, from: number): Line {
  const tail: Span[] = [];
  let at = 0;
  for (const span of line) {
    const cells = textWidth(span.text);
    if (at >= from) tail.push(span);
    else if (at + cells > from) {
      const head = headOf(span.text, from - at);
      // Half of a wide character is a blank.
      const isHalf = textWidth(head) < from - at;
      const rest = span.text.slice(head.length);
      tail.push({ ...span, text: isHalf ? ` ${rest.slice([...rest][0]?.length ?? 0)}` : rest });
    }
    at += cells;
  }
  return tail;
}
