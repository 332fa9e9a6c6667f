import { ComposeError, type ErrorCode } from '../util/errors.ts';
import { isInterruption } from './interrupts.ts';

/**
 * Error → exit code, as Docker Compose 2.26 exits:
 *
 * | code | when |
 * |---|---|
 * | 0 | it worked, also when there was nothing to do |
 * | 1 | any other error; flags that do not go together |
 * | 14 | a Compose file or env file that is not there |
 * | 15 | a Compose file that cannot be used: syntax, unknown key, undefined variable, cycle |
 * | 16 | a command line that cannot be read: unknown command or flag, missing value |
 * | 17 | an image that could not be built |
 * | 70 | a bug of ours |
 * | 125, 128 | a container could not be made; its process could not be started |
 * | 126, 127 | the command of `run` or `exec` is not executable, not found |
 * | 130 | interrupted by SIGINT or SIGTERM |
 *
 * `run`, `exec`, `wait` and `up --exit-code-from` hand on the code of the process.
 */
const codes: Partial<Record<ErrorCode, number>> = {
  COMMAND_LINE: 16,
  FILE_NOT_FOUND: 14,
  SYNTAX: 15,
  INTERPOLATION: 15,
  CYCLE: 15,
  BUILD_FAILED: 17,
  COMMAND_NOT_EXECUTABLE: 126,
  COMMAND_NOT_FOUND: 127,
};

/** The exit code that an error asks for. */
export function exitCode(error: unknown): number {
  if (isInterruption(error)) return 130;
  if (error instanceof SuppressedError) return exitCode(error.suppressed);
  if (error instanceof AggregateError && error.errors.length > 0) return exitCode(error.errors[0]);
  if (!(error instanceof ComposeError)) return 70;
  if (error.exitCode !== undefined) return error.exitCode;
  // By name: the loader is not loaded for the sake of its error class.
  return codes[error.code] ?? (error.name === 'SourceError' ? 15 : 1);
}
