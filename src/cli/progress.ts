import type { ProgressEvent } from '../model/events.ts';
import { openReporter } from '../ui/open-reporter.ts';
import type { Reporter, ReporterForm } from '../ui/reporter.ts';
import type { Context } from './context.ts';

/** Which form progress takes on stderr. */
export function progressForm({ globals, stderr }: Context): ReporterForm {
  if (globals.progress !== 'auto') return globals.progress;
  return globals.ansi !== 'never' && (globals.ansi === 'always' || stderr.isTTY === true) ? 'tty' : 'plain';
}

export async function openProgress(context: Context, form: ReporterForm = progressForm(context)): Promise<Reporter> {
  return await openReporter(form, {
    stderr: context.stderr,
    isDryRun: context.globals.dryRun,
    isColored: isColored(context, context.stderr),
  });
}

/** Shows events until they end, each also given to `seen`; the terminal is given back however it ends. */
export async function showProgress<T extends ProgressEvent | { readonly type: 'started' }>(
  events: AsyncIterable<T>,
  context: Context,
  options: { readonly form?: ReporterForm | undefined; readonly seen?: (event: T) => void } = {},
): Promise<void> {
  const iterator = events[Symbol.asyncIterator]();
  // Asked for before we open what shows it: the supervisor works meanwhile.
  const first = iterator.next();
  first.catch(() => {});
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
