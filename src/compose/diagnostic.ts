import { ComposeError, type ErrorCode } from '../util/errors.ts';

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
  const { line, column, lineStart } = positionOf(place.source.text, place.offset);
  return {
    ...diagnostic,
    file: place.source.name,
    line,
    column,
    frame: codeFrame(place.source.text, lineStart, line, place.offset, place.length),
  };
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

function positionOf(text: string, offset: number): { line: number; column: number; lineStart: number } {
  let line = 1;
  let lineStart = 0;
  for (;;) {
    const end = text.indexOf('\n', lineStart);
    if (end < 0 || end >= offset) return { line, column: offset - lineStart + 1, lineStart };
    line += 1;
    lineStart = end + 1;
  }
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
