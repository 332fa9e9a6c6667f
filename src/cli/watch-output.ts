import type { WatchEvent } from '../model/watch.ts';
import type { LogFormat } from '../ui/log-format.ts';
import { watchText } from '../ui/watch-text.ts';
import type { Context } from './context.ts';

/** An event of the watch as it stands among logs; an error has its place in the files. */
export function formatWatchEvent(
  event: WatchEvent,
  format: LogFormat,
  { blame, workingDirectory }: Context,
  isColored: boolean,
): string {
  const placed = event.type === 'failed' ? { ...event, error: blame.placed(event.error) } : event;
  const { line, details } = watchText(placed, { directory: workingDirectory, isColored });
  return line === null ? details : `${format.watch(line)}${details}`;
}
