/** A Dockerfile as logical lines: directives, comments, continuations and here-documents are dealt with here. */
import type { Place, SourceText } from '../../util/diagnostic.ts';
import { type Heredoc, heredocMarks } from './heredoc.ts';
import { DockerfileProblem } from './problem.ts';

export interface Directives {
  /** The continuation character, which also escapes in words. */
  readonly escapeChar: '\\' | '`';
  readonly syntax: string | null;
  readonly check: string | null;
}

/** An instruction with its continuation lines joined. */
export class LogicalLine {
  readonly source: SourceText;
  readonly text: string;
  readonly heredocs: readonly Heredoc[];
  /** Where the text, and all that belongs to it, stands in the file. */
  readonly start: number;
  readonly end: number;
  readonly #pieces: readonly Piece[];

  constructor(source: SourceText, pieces: readonly Piece[], heredocs: readonly Heredoc[], end: number) {
    this.source = source;
    this.#pieces = pieces;
    this.text = pieces.map(({ text }) => text).join('');
    this.heredocs = heredocs;
    this.start = pieces[0]?.offset ?? 0;
    this.end = end;
  }

  /** The place of a stretch of `text`. */
  place(at: number, length: number): Place {
    let before = 0;
    for (const piece of this.#pieces) {
      const within = at - before;
      if (within < piece.text.length || piece === this.#pieces.at(-1)) {
        const rest = Math.max(1, piece.text.trimEnd().length - within);
        return { source: this.source, offset: piece.offset + within, length: Math.min(length, rest) };
      }
      before += piece.text.length;
    }
    return { source: this.source, offset: this.start, length };
  }
}

interface Piece {
  readonly text: string;
  readonly offset: number;
}

interface PhysicalLine {
  readonly text: string;
  readonly offset: number;
  readonly ending: '\n' | '\r\n';
}

/** The directives at the top of a file. Throws DockerfileProblem for one that is given twice or makes no sense. */
export function readDirectives(source: SourceText): Directives {
  const found = new Map<string, string>();
  let escapeChar: Directives['escapeChar'] = '\\';
  for (const { text, offset } of physicalLines(source.text)) {
    const [, name, value = ''] = /^#[ \t]*([A-Za-z][A-Za-z0-9]*)[ \t]*=[ \t]*(.+?)[ \t]*$/.exec(text) ?? [];
    if (name === undefined) break;
    const key = name.toLowerCase();
    if (key !== 'escape' && key !== 'syntax' && key !== 'check') continue;
    const place = { source, offset, length: text.length };
    if (found.has(key)) throw new DockerfileProblem(place, `the parser directive ${key} is given twice`);
    found.set(key, value);
    if (key !== 'escape') continue;
    if (value !== '\\' && value !== '`') {
      throw new DockerfileProblem(place, `invalid escape character ${JSON.stringify(value)}`, 'it is \\ or `');
    }
    escapeChar = value;
  }
  return { escapeChar, syntax: found.get('syntax') ?? null, check: found.get('check') ?? null };
}

/** The logical lines of a file. Throws DockerfileProblem for a here-document without an end. */
export function* readLogicalLines(source: SourceText, { escapeChar }: Directives): Generator<LogicalLine> {
  const lines = physicalLines(source.text);
  const continued = escapeChar === '\\' ? /(^|[^\\])\\[ \t]*$/ : /(^|[^`])`[ \t]*$/;
  for (let index = 0; index < lines.length; index++) {
    const first = lines[index]!;
    const indent = first.text.length - first.text.trimStart().length;
    if (isComment(first.text) || indent === first.text.length) continue;
    const pieces: Piece[] = [];
    let piece: Piece = { text: first.text.slice(indent), offset: first.offset + indent };
    let end = first.offset + first.text.length;
    for (;;) {
      const match = continued.exec(piece.text);
      pieces.push(match === null ? piece : { ...piece, text: piece.text.slice(0, match.index + match[1]!.length) });
      if (match === null) break;
      // Comments and empty lines within an instruction do not end it.
      do index += 1;
      while (index < lines.length && (isComment(lines[index]!.text) || lines[index]!.text.trim() === ''));
      const next = lines[index];
      if (next === undefined) break;
      piece = next;
      end = next.offset + next.text.length;
    }
    const head = new LogicalLine(source, pieces, [], end);
    const heredocs: Heredoc[] = [];
    for (const mark of heredocMarks(head.text, escapeChar)) {
      const terminator = (text: string) => (mark.isIndented ? text.replace(/^\t+/, '') : text) === mark.name;
      let content = '';
      for (index += 1; index < lines.length && !terminator(lines[index]!.text); index++) {
        content += lines[index]!.text + lines[index]!.ending;
      }
      const last = lines[index];
      if (last === undefined) {
        throw new DockerfileProblem(
          head.place(mark.at, mark.length),
          `the here-document ${mark.name} has no end`,
          `end it with a line that is ${mark.name}`,
        );
      }
      end = last.offset + last.text.length;
      heredocs.push({ ...mark, content: mark.isIndented ? content.replaceAll(/^\t+/gm, '') : content, raw: content });
    }
    yield new LogicalLine(source, pieces, heredocs, end);
  }
}

function isComment(text: string): boolean {
  return /^\s*#/.test(text);
}

function physicalLines(text: string): PhysicalLine[] {
  const lines: PhysicalLine[] = [];
  let offset = text.startsWith('\uFEFF') ? 1 : 0;
  while (offset < text.length) {
    const end = text.indexOf('\n', offset);
    const line = text.slice(offset, end < 0 ? undefined : end);
    lines.push(
      line.endsWith('\r') ? { text: line.slice(0, -1), offset, ending: '\r\n' } : { text: line, offset, ending: '\n' },
    );
    offset = end < 0 ? text.length : end + 1;
  }
  return lines;
}
