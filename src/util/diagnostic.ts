import { ComposeError, type ErrorCode } from './errors.ts';

/** A file as it was read. */
export interface SourceText {
  /** How the file is named in messages: relative to where the user stands when it is below that. */
  readonly name: string;
  /** Absolute, or `-` for standard input. */
  readonly path: string;
  readonly text: string;
}

/** A stretch of a file, in UTF-16 units. */
export interface Place {
  readonly source: SourceText;
  readonly offset: number;
  readonly length: number;
}

/** One thing to tell about the input. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly hint?: string;
  /** A word for machines: the rule of `lint`, or the kind of warning. */
  readonly code?: string;
  /** `services.web.ports[0]`. */
  readonly path?: string;
  readonly file?: string;
  /** From 1, as is `column`. */
  readonly line?: number;
  readonly column?: number;
  /** The line in question with a caret below, ready to print. */
  readonly frame?: string;
}

/** Kept of either severity: nobody reads more, and to find the places of a hundred thousand takes long. */
const MOST_FINDINGS = 1000;

/** What is found while files are loaded. */
export class Findings {
  readonly all: Diagnostic[] = [];
  private readonly room = { error: MOST_FINDINGS, warning: MOST_FINDINGS };
  private readonly unread = new Set<string>();

  /** A function, to be handed to whoever reports. */
  readonly add = (diagnostic: Diagnostic): void => {
    if (!this.hasRoom(diagnostic.severity)) return;
    this.room[diagnostic.severity] -= 1;
    this.all.push(diagnostic);
  };

  /** The value at a path is not known, since its variables could not be replaced: what follows from that is not told. */
  addUnread(path: string): void {
    this.unread.add(path);
  }

  isUnread(path: string): boolean {
    return this.unread.has(path);
  }

  hasRoom(severity: Diagnostic['severity']): boolean {
    return this.room[severity] > 0;
  }

  get hasErrors(): boolean {
    return this.room.error < MOST_FINDINGS;
  }
}

/** Thrown for input that cannot be loaded: everything that was found wrong with it. */
export class SourceError extends ComposeError {
  readonly diagnostics: readonly Diagnostic[];

  constructor(code: ErrorCode, diagnostics: readonly Diagnostic[]) {
    const [first] = diagnostics;
    super(code, diagnostics.map((diagnostic) => formatDiagnostic(diagnostic)).join('\n\n'), {
      ...(diagnostics.length === 1 && first?.hint !== undefined && first.frame === undefined
        ? { hint: first.hint }
        : {}),
    });
    this.name = 'SourceError';
    this.diagnostics = diagnostics;
  }
}

/** Places a message in its file. */
export function diagnosticAt(
  place: Place | undefined,
  diagnostic: Omit<Diagnostic, 'file' | 'line' | 'column' | 'frame'>,
): Diagnostic {
  if (place === undefined) return diagnostic;
  const { line, column, lineStart } = positionOf(place.source, place.offset);
  return {
    ...diagnostic,
    file: place.source.name,
    line,
    column,
    frame: codeFrame(place.source.text, lineStart, line, place.offset, place.length),
  };
}

/** The place of a whole line, counted from 1, without the blanks around it. */
export function placeOfLine(source: SourceText, line: number): Place {
  const start = lineStartsOf(source)[line - 1] ?? 0;
  const text = source.text.slice(start).split('\n', 1)[0] ?? '';
  return { source, offset: start + text.length - text.trimStart().length, length: Math.max(1, text.trim().length) };
}

/** The text of a diagnostic: place and sentence, the line with a caret, the hint. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const place =
    diagnostic.file === undefined
      ? ''
      : `${diagnostic.file}${diagnostic.line === undefined ? '' : `:${[diagnostic.line, diagnostic.column].filter(Boolean).join(':')}`}: `;
  const lines = [`${place}${diagnostic.message}`];
  if (diagnostic.frame !== undefined) lines.push(diagnostic.frame);
  if (diagnostic.hint !== undefined && diagnostic.frame !== undefined) lines.push(`  ${diagnostic.hint}`);
  return lines.join('\n');
}

/** Where the lines of a file begin, once something is to be said about it. */
const lineStarts = new WeakMap<SourceText, readonly number[]>();

function lineStartsOf(source: SourceText): readonly number[] {
  const known = lineStarts.get(source);
  if (known !== undefined) return known;
  const starts = [0];
  for (let end = source.text.indexOf('\n'); end >= 0; end = source.text.indexOf('\n', end + 1)) starts.push(end + 1);
  lineStarts.set(source, starts);
  return starts;
}

function positionOf(source: SourceText, offset: number): { line: number; column: number; lineStart: number } {
  const starts = lineStartsOf(source);
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  const lineStart = starts[low] ?? 0;
  return { line: low + 1, column: offset - lineStart + 1, lineStart };
}

const FRAME_WIDTH = 120;

function codeFrame(text: string, lineStart: number, line: number, offset: number, length: number): string {
  const end = text.indexOf('\n', lineStart);
  const whole = text.slice(lineStart, end < 0 ? undefined : end).replace(/\r$/, '');
  const column = offset - lineStart;
  // A very long line is shown around the place.
  const from = column > FRAME_WIDTH - 20 ? column - 40 : 0;
  const shown = whole.slice(from, from + FRAME_WIDTH).replaceAll('\t', ' ');
  const carets = '^'.repeat(Math.max(1, Math.min(length, shown.length - (column - from))));
  const gutter = String(line);
  const blank = ' '.repeat(gutter.length);
  return `  ${gutter} | ${shown}\n  ${blank} | ${' '.repeat(column - from)}${carets}`;
}
