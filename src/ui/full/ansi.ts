/** What programs print, made fit to stand in a cell of ours: their colours stay, whatever else moves the cursor goes. */
import { type Line, type Span, type Style, textWidth } from './text.ts';

// Control characters, and what turns the direction of writing or breaks a line, by which terminals mix up the whole row.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
const special = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const sequence =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  /\x1b\[([0-9;:?<=>]*)[ -/]*([@-~])|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?|[\x00-\x1a\x1c-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const tabWidth = 8;

/** Without any control character; tabs become blanks. */
export function plainOf(text: string): string {
  if (!special.test(text)) return text;
  return parseAnsi(text)
    .map((span) => span.text)
    .join('');
}

/** A line with the colours that it asks for. Of what was overwritten with carriage returns the last is left. */
export function parseAnsi(text: string): Line {
  if (!special.test(text)) return [{ text }];
  const shown = text.replace(/\r+$/, '').replace(/^.*\r(?=.)/s, '');
  const spans: Span[] = [];
  let style: Style | undefined;
  let column = 0;
  let at = 0;
  const add = (piece: string) => {
    if (piece === '') return;
    spans.push(style === undefined ? { text: piece } : { text: piece, style });
    column += textWidth(piece);
  };
  for (const match of shown.matchAll(sequence)) {
    add(shown.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[2] === 'm') style = styleAfter(style, match[1] ?? '');
    else if (match[0] === '\t') add(' '.repeat(tabWidth - (column % tabWidth)));
  }
  add(shown.slice(at));
  return spans;
}

function styleAfter(before: Style | undefined, parameters: string): Style | undefined {
  let style: { -readonly [K in keyof Style]: Style[K] } = { ...before };
  const codes = parameters.split(';');
  for (let index = 0; index < codes.length; index++) {
    const code = Number(codes[index] || 0);
    if (code === 0) style = {};
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 4) style.underline = true;
    else if (code === 7) style.inverse = true;
    else if (code === 22) style = { ...style, bold: false, dim: false };
    else if (code === 24) style.underline = false;
    else if (code === 27) style.inverse = false;
    else if (code === 38 || code === 48) {
      const length = codes[index + 1] === '5' ? 3 : 5;
      style.color = joined(style.color, codes.slice(index, index + length).join(';'));
      index += length - 1;
    } else if ((code >= 30 && code <= 49) || (code >= 90 && code <= 107)) style.color = joined(style.color, `${code}`);
  }
  return Object.keys(style).length === 0 ? undefined : style;
}

/** A later colour wins over one before it, so no more than a few need be kept. */
function joined(before: string | undefined, code: string): string {
  return before === undefined || before.length > 40 ? code : `${before};${code}`;
}
