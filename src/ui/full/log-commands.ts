/** What keys, clicks and the palette do to the logs that are shown. */
import type { LogView, Seeking } from './log-view.ts';
import type { Overlay } from './screen-state.ts';

export type LogCommand =
  | 'pause'
  | 'search'
  | 'filter'
  | 'next-match'
  | 'previous-match'
  | 'next-error'
  | 'previous-error'
  | 'levels'
  | 'wrap'
  | 'times';

export interface LogOutcome {
  readonly overlay?: Overlay;
  /** What there is to say. */
  readonly remark?: string;
}

export function runLogCommand(command: LogCommand, logs: LogView): LogOutcome {
  switch (command) {
    case 'pause':
      if (logs.isFollowing) logs.pause();
      else logs.follow();
      return {};
    case 'search':
      return { overlay: { type: 'prompt', purpose: 'search', text: logs.searched, error: null } };
    case 'filter':
      return { overlay: { type: 'prompt', purpose: 'filter', text: logs.filter, error: null } };
    case 'next-match':
    case 'previous-match':
      return seekMatch(logs, command === 'next-match' ? 1 : -1);
    case 'next-error':
    case 'previous-error': {
      const direction = command === 'next-error' ? 1 : -1;
      const missing = `no ${wordOf(direction)} error`;
      return outcomeOf(logs.nextError(direction, missing), missing);
    }
    case 'levels':
      logs.showsLevels = !logs.showsLevels;
      return {
        remark: logs.showsLevels ? 'lines have the colour of their level' : 'lines have their own colours only',
      };
    case 'wrap':
      logs.wraps = !logs.wraps;
      return {};
    case 'times':
      logs.showsTimes = !logs.showsTimes;
      return {};
  }
}

/** Goes to the next line before or behind this place that has what is searched. */
export function seekMatch(logs: LogView, direction: -1 | 1): LogOutcome {
  const { searched } = logs;
  if (searched === '') return { remark: 'nothing is searched: / begins' };
  const missing = `no ${wordOf(direction)} match of ${JSON.stringify(searched)}`;
  return outcomeOf(logs.nextMatch(direction, missing), missing);
}

function wordOf(direction: -1 | 1): string {
  return direction < 0 ? 'earlier' : 'later';
}

function outcomeOf(seeking: Seeking, missing: string): LogOutcome {
  return seeking === 'missing' ? { remark: missing } : {};
}
