import { type Diagnostic, diagnosticAt, type Place } from '../util/diagnostic.ts';
import { ComposeError } from '../util/errors.ts';
import type { Step } from './graph/steps.ts';
import { RunFailure } from './run-step.ts';

/** A step that failed, with its line of the Dockerfile and the last of its output. */
export class BuildFailure extends ComposeError {
  readonly frame: string | undefined;
  readonly log: readonly string[];

  constructor(place: Place, message: string, options: { readonly cause: unknown; readonly log: readonly string[] }) {
    const { file, line, column, frame }: Diagnostic = diagnosticAt(firstLine(place), { severity: 'error', message });
    const { cause } = options;
    super('BUILD_FAILED', `${file}:${line}:${column}: ${message}`, {
      cause,
      hint: cause instanceof ComposeError ? cause.hint : undefined,
    });
    this.name = 'BuildFailure';
    this.frame = frame;
    this.log = options.log;
  }
}

/** What went wrong in a step, told with its place. What is no fault of the build's passes as it is. */
export function stepFailure(step: Step, error: unknown): unknown {
  if (!(error instanceof ComposeError) || error instanceof BuildFailure) return error;
  const log = error instanceof RunFailure ? error.output : [];
  const what = error instanceof RunFailure ? `${shortened(step.title)}: ${error.message}` : error.message;
  return new BuildFailure(step.place, what, { cause: error, log });
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function firstLine(place: Place): Place {
  const end = place.source.text.indexOf('\n', place.offset);
  const length = end < 0 ? place.length : Math.min(place.length, end - place.offset);
  return { ...place, length: Math.max(1, length) };
}

/** The same for what a stage begins with. */
export function stageFailure(place: Place, error: unknown): unknown {
  if (!(error instanceof ComposeError) || error instanceof BuildFailure) return error;
  return new BuildFailure(place, error.message, { cause: error, log: [] });
}
