import { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { ComposeError } from '../../util/errors.ts';
import type { Context } from '../context.ts';

/** The same surroundings until `stop`, but what is written goes line by line to `print`. */
export function quietContext(context: Context, stop: AbortSignal, print: (line: string) => void): Context {
  let rest = '';
  const sink = new Writable({
    write(chunk, _encoding, callback) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '') print(line.trimEnd().replace(/^ /, ''));
      callback();
    },
  });
  return {
    ...context,
    stdout: sink as unknown as WriteStream,
    stderr: sink as unknown as WriteStream,
    signal: AbortSignal.any([context.signal, stop]),
    globals: { ...context.globals, progress: 'plain', ansi: 'never' },
  };
}

/** What went wrong, the most important line first. */
export function problemText(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  const hint = error instanceof ComposeError && error.hint !== undefined ? [`hint: ${error.hint}`] : [];
  return [...error.message.split('\n'), ...hint];
}
