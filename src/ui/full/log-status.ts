/** The row below the logs: whether they follow, where the reader is, what is left out, what is being read. Pure. */

import type { Reading } from './log-reading.ts';
import { clockTime } from './log-rows.ts';
import type { LogView } from './log-view.ts';
import { colors, type Line } from './text.ts';

const quiet = { color: colors.quiet };
const busy = { color: colors.busy, bold: true };

export function logStatus(logs: LogView): Line {
  const reading = logs.reading.current;
  if (reading !== null) return [{ text: `── ${readingText(reading)} ── Esc stops `, style: busy }];
  const parts: string[] = [];
  if (logs.filter !== '') parts.push(`filter /${logs.filter}/`);
  if (logs.searched !== '') parts.push(`search ${JSON.stringify(logs.searched)}`);
  if (logs.wraps) parts.push('wrapped');
  parts.push(
    `${count(logs.size)} ${logs.size === 1 ? 'line' : 'lines'}${logs.hasEarlier ? ', more in the files' : ''}`,
  );
  if (logs.isFollowing && logs.passedOver > 0) parts.push(`${count(logs.passedOver)} too fast to show`);
  return [
    logs.isFollowing
      ? { text: '── following', style: { color: colors.good } }
      : { text: `── ${placeText(logs)}`, style: busy },
    { text: ` ── ${parts.join(' · ')} `, style: quiet },
  ];
}

function placeText({ time, unseen }: LogView): string {
  const at = time === undefined ? '' : ` at ${clockTime(time).slice(0, 8)}`;
  return `paused${at}${unseen > 0 ? `, ${count(unseen)} new` : ''}: G follows`;
}

function readingText({ request, goal, count: read, time }: Reading): string {
  const what =
    goal.type === 'line'
      ? `searching the log files ${request.direction === 'back' ? 'back' : 'on'}`
      : 'reading the log files';
  return time === undefined ? `${what}…` : `${what}: ${count(read)} lines, at ${clockTime(time).slice(0, 8)}`;
}

/** `12 345`. */
function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ' ');
}
