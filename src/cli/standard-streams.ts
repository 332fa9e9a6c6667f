import { formatError } from '../ui/error.ts';
import { writeError } from './output-file.ts';

const opened = new Map<'stdout' | 'stderr', NodeJS.WriteStream>();

/**
 * `stdout` or `stderr` of this process. Opened when it is first used, not at the start: each takes more than a millisecond,
 * which most commands can spend while they wait for the supervisor.
 */
export function standardStream(name: 'stdout' | 'stderr'): NodeJS.WriteStream {
  let stream = opened.get(name);
  if (stream === undefined) {
    stream = process[name];
    stream.on('error', outputFailed);
    opened.set(name, stream);
  }
  return stream;
}

/** Ends the process when something that was to be printed was not: the entry exits before the stream can tell. */
export function checkOutput(): void {
  const error = opened.get('stdout')?.errored;
  if (error) outputFailed(error);
}

/** `tscompose logs | head` ends with head: EPIPE is no error of anyone's. Anything else is: what was asked for is not there. */
function outputFailed(error: Error & { readonly code?: string }): never {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  process.stderr.write(formatError(writeError(error, 'standard output'), { form: 'text', isColored: false }));
  process.exit(process.exitCode || 1);
}
