import type { WriteStream } from 'node:tty';
import type { ProgressEvent } from '../model/events.ts';
import { openReporter } from '../ui/open-reporter.ts';
import type { Reporter, ReporterForm } from '../ui/reporter.ts';
import type { Context } from './context.ts';
import { isTruthy } from './environment.ts';

/** Where progress goes: standard error, or with COMPOSE_STATUS_STDOUT standard output. */
export function statusStream({
  environment,
  stdout,
  stderr,
}: Pick<Context, 'environment' | 'stdout' | 'stderr'>): WriteStream {
  return isTruthy(environment.COMPOSE_STATUS_STDOUT) ? stdout : stderr;
}

/** Which form progress takes there. */
export function progressForm(context: Context): ReporterForm {
  const { progress, ansi } = context.globals;
  if (progress !== 'auto') return progress;
  return ansi !== 'never' && (ansi === 'always' || statusStream(context).isTTY === true) ? 'tty' : 'plain';
}

/** The reporter of a command’s progress, on the stream and in the form that it was asked for. */
export async function openProgress(context: Context, form: ReporterForm = progressForm(context)): Promise<Reporter> {
  const stderr = statusStream(context);
  return await openReporter(form, {
    stderr,
    isDryRun: context.globals.dryRun,
    isColored: isColored(context, stderr),
  });
}

/** Shows events until they end, each also given to `seen`; the terminal is given back however it ends. */
export async function showProgress<T extends ProgressEvent | { readonly type: 'started' }>(
  events: AsyncIterable<T>,
  context: Context,
  options: { readonly form?: ReporterForm | undefined; readonly seen?: (event: T) => void } = {},
): Promise<void> {
  const iterator = events[Symbol.asyncIterator]();
  const first = iterator.next();
  first.catch(() => {});
  // The request is on its way before what shows its answer is loaded: the supervisor works meanwhile.
  await new Promise((resolve) => setImmediate(resolve));
  const reporter = await openProgress(context, options.form);
  try {
    for (let next = await first; next.done !== true; next = await iterator.next()) {
      if (next.value.type !== 'started') reporter.report(next.value);
      options.seen?.(next.value);
    }
  } finally {
    await iterator.return?.();
    await reporter.close();
  }
}

/** Whether to colour what goes to `stream`. */
export function isColored({ globals }: Context, stream: { readonly isTTY?: boolean }): boolean {
  if (globals.ansi !== 'auto') return globals.ansi === 'always';
  return stream.isTTY === true;
}
