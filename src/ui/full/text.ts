/** Text in cells: how wide it is, how it is cut, and with which attributes it is drawn. Pure. */

export interface Style {
  /** Parameters of SGR, as `32` or `38;5;208`: what NO_COLOR takes away. */
  readonly color?: string | undefined;
  readonly bold?: boolean;
  readonly dim?: boolean;
  readonly underline?: boolean;
  readonly inverse?: boolean;
}

/** Printable text without control characters. */
export interface Span {
  readonly text: string;
  readonly style?: Style;
}

export type Line = readonly Span[];

export const colors = { good: '32', busy: '33', bad: '31', quiet: '90', accent: '36' } as const;

/** One cell each, whatever stands beside them: letters, arrows, lines, bars and marks. */
const narrow = /^[\x20-\x7e\xa1-\xac\xae-\u02ff\u2010-\u2027\u2190-\u21ff\u2500-\u25fc\u2713-\u2718]*$/;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const pictured = /^\p{Emoji_Presentation}|\uFE0F/u;
const unseen = /^(?:\p{Mark}|\p{Format}|\p{Control}|\u200b)+$/u;

/** First and last code points of what terminals draw two cells wide (Unicode's East Asian Width W and F). */
const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1b000, 0x1b2ff],
  [0x20000, 0x3fffd],
];

/** Cells that `text` takes. */
export function textWidth(text: string): number {
  if (narrow.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
}

function graphemeWidth(grapheme: string): number {
  const code = grapheme.codePointAt(0) ?? 0;
  if (code >= 0x20 && code < 0x7f && grapheme.length === 1) return 1;
  if (unseen.test(grapheme)) return 0;
  if (pictured.test(grapheme)) return 2;
  return wide.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/** The text in at most `width` cells; `…` stands for what is left out. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  return width <= 0 ? '' : `${headOf(text, width - 1)}…`;
}

/** The end of the text in at most `width` cells: what is being typed. */
export function tailText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let tail = '';
  let left = width - 1;
  for (const { segment } of [...graphemes.segment(text)].reverse()) {
    left -= graphemeWidth(segment);
    if (left < 0) break;
    tail = segment + tail;
  }
  return `…${tail}`;
}

/** As much of the beginning as fits. */
export function headOf(text: string, width: number): string {
  if (narrow.test(text)) return text.slice(0, Math.max(0, width));
  let head = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const cells = graphemeWidth(segment);
    if (used + cells > width) break;
    head += segment;
    used += cells;
  }
  return head;
}

/** Exactly `width` cells: cut, or filled with blanks behind (or before, for numbers). */
export function fitText(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const cut = cutText(text, width);
  const blanks = ' '.repeat(Math.max(0, width - textWidth(cut)));
  return side === 'left' ? cut + blanks : blanks + cut;
}

export function lineWidth(line: Line): number {
  return line.reduce((sum, { text }) => sum + textWidth(text), 0);
}

/** The line in at most `width` cells, `…` at its end where something is left out. */
export function cutLine(line: Line, width: number): Line {
  if (lineWidth(line) <= width) return line;
  const cut: Span[] = [];
  let left = width - 1;
  for (const span of line) {
    const cells = textWidth(span.text);
    if (cells > left) {
      const text = `${headOf(span.text, Math.max(0, left))}…`;
      cut.push({ ...span, text: width <= 0 ? '' : text });
      break;
    }
    cut.push(span);
    left -= cells;
  }
  return cut;
}

/** Exactly `width` cells. */
export function fitLine(line: Line, width: number): Line {
  const cut = cutLine(line, width);
  const blanks = width - lineWidth(cut);
  return blanks > 0 ? [...cut, { text: ' '.repeat(blanks) }] : cut;
}

/** The line in pieces of at most `width` cells, broken wherever it must be. */
export function wrapLine(line: Line, width: number): Line[] {
  if (lineWidth(line) <= width) return [line];
  const rows: Line[] = [];
  let row: Span[] = [];
  let left = width;
  for (const { text, style } of line) {
    let rest = text;
    while (rest !== '') {
      const head = headOf(rest, left);
      if (head === '' && row.length === 0) {
        // Not even one character fits.
        rest = rest.slice(1);
        continue;
      }
      if (head !== '') row.push(style === undefined ? { text: head } : { text: head, style });
      left -= textWidth(head);
      rest = rest.slice(head.length);
      if (rest === '') break;
      rows.push(row);
      row = [];
      left = width;
    }
  }
  if (row.length > 0) rows.push(row);
  return rows;
}

/** Without the blanks at its end. */
export function withoutEnd(line: Line): Line {
  const last = line.at(-1);
  if (last === undefined || last.style?.inverse || last.style?.underline || !last.text.endsWith(' ')) {
    return last?.text === '' ? withoutEnd(line.slice(0, -1)) : line;
  }
  const text = last.text.trimEnd();
  const rest = line.slice(0, -1);
  return text === '' ? withoutEnd(rest) : [...rest, { ...last, text }];
}

/** The same line with `style` below the styles of its own. */
export function withStyle(line: Line, style: Style): Line {
  return line.map((span) => ({ text: span.text, style: { ...style, ...span.style } }));
}

/** The line as a terminal wants it. Without colours attributes stay: they are none. */
export function paintLine(line: Line, isColored: boolean): string {
  let text = '';
  for (const span of line) {
    if (span.text === '') continue;
    const codes = sgrOf(span.style, isColored);
    text += codes === '' ? span.text : `\x1b[${codes}m${span.text}\x1b[0m`;
  }
  return text;
}

function sgrOf(style: Style | undefined, isColored: boolean): string {
  if (style === undefined) return '';
  const codes: string[] = [];
  if (style.bold) codes.push('1');
  if (style.dim) codes.push('2');
  if (style.underline) codes.push('4');
  if (style.inverse) codes.push('7');
  if (isColored && style.color) codes.push(style.color);
  return codes.join(';');
}

export function plainText(line: Line): string {
  return line.map(({ text }) => text).join('');
}
