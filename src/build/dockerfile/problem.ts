import { type Diagnostic, diagnosticAt, type Place, SourceError } from '../../util/diagnostic.ts';

/** One thing that is wrong with a Dockerfile; several are reported together. */
export class DockerfileProblem extends Error {
  readonly place: Place;
  readonly hint: string | undefined;

  constructor(place: Place, message: string, hint?: string) {
    super(message);
    this.name = 'DockerfileProblem';
    this.place = place;
    this.hint = hint;
  }
}

/** Collects problems, so that one run tells them all. */
export class Problems {
  readonly #found: DockerfileProblem[] = [];

  get count(): number {
    return this.#found.length;
  }

  /** Runs `action`; a problem that it meets is noted, and the result is undefined. */
  collect<T>(action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof DockerfileProblem)) throw error;
      this.#found.push(error);
      return undefined;
    }
  }

  add(problem: DockerfileProblem): void {
    this.#found.push(problem);
  }

  /** Throws SourceError with all that was found, in the order of the file; nothing when there is none. */
  throwIfAny(): void {
    if (this.#found.length === 0) return;
    const sorted = this.#found.toSorted((a, b) => a.place.offset - b.place.offset);
    throw new SourceError('SYNTAX', sorted.map(diagnosticOf));
  }
}

/** The problem as it is shown: file:line:column, the line, what to do. */
export function diagnosticOf({ place, message, hint }: DockerfileProblem): Diagnostic {
  return diagnosticAt(place, { severity: 'error', message, ...(hint === undefined ? {} : { hint }) });
}
