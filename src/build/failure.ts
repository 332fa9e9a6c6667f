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
export function stepFailure(step: Step, failure: unknown): unknown {
  const error = machineError(failure);
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

/** What a system call refused, in words of ours: a disk that is full, a file that may not be read or went away. */
function machineError(error: unknown): unknown {
  if (error instanceof ComposeError || !(error instanceof Error)) return error;
  const { code, syscall, path, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new ComposeError('NO_SPACE', `no space is left: ${message}`, {
      cause: error,
      hint: 'tscompose image prune --build-cache gives back what builds remember',
    });
  }
  if (syscall === undefined || code === undefined) return error;
  return new ComposeError('BUILD_FAILED', path === undefined ? message : `cannot ${syscall} ${path}: ${code}`, {
    cause: error,
  });
}

/** The same for what a stage begins with. */
export function stageFailure(place: Place, error: unknown): unknown {
  if (!(error instanceof ComposeError) || error instanceof BuildFailure) return error;
  return new BuildFailure(place, error.message, { cause: error, log: [] });
}
