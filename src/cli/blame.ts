import type { Diagnostic } from '../util/diagnostic.ts';
import { ComposeError, type ErrorPath } from '../util/errors.ts';

type Locate = (path: ErrorPath, message: string) => Diagnostic;

/** Shows where the files say what an error blames, once they are loaded. */
export class Blame {
  #locate: Locate | undefined;

  /** The files of this command's project are loaded. */
  know(locate: Locate): void {
    this.#locate = locate;
  }

  /** The error with its place and the line in question, where it has one. */
  placed(error: unknown): unknown {
    if (error instanceof AggregateError) {
      const placed = error.errors.map((each) => this.placed(each));
      // As someone who goes through the files meets them; what has no place comes first.
      return new AggregateError(placed.sort(byPlace), error.message, { cause: error.cause });
    }
    if (!(error instanceof ComposeError) || error.path === undefined || this.#locate === undefined) return error;
    const { file, line, column, frame } = this.#locate(error.path, error.message);
    if (file === undefined || frame === undefined) return error;
    return new PlacedError(error, { file, line: line ?? 1, column: column ?? 1 }, frame);
  }
}

interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

function byPlace(one: unknown, other: unknown): number {
  const [a, b] = [one, other].map((error) => (error instanceof PlacedError ? error.place : undefined));
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1;
}

class PlacedError extends ComposeError {
  readonly place: Place;
  readonly frame: string;
  readonly log: readonly string[];

  constructor(error: ComposeError, place: Place, frame: string) {
    const { code, message, hint, exitCode, path } = error;
    const { file, line, column } = place;
    super(code, `${file}:${line}:${column}: ${message}`, { hint, exitCode, path, cause: error });
    this.place = place;
    this.frame = frame;
    this.log = 'log' in error ? (error.log as readonly string[]) : [];
  }
}
