import { durationToNs } from '../model/duration.ts';
import { ComposeError } from '../util/errors.ts';

/**
 * `--since`, `--until`: RFC 3339 or the beginning of it (local time without a zone), seconds since 1970, or a duration
 * before `now` such as `42m`. The result compares with the times of records. Throws USAGE for anything else.
 */
export function parseLogTime(flag: string, text: string, now: Date): string {
  const seconds = /^(\d{1,11})(?:\.(\d{1,9}))?$/.exec(text);
  // Four digits are a year, as in Docker.
  if (seconds !== null && text.length !== 4) {
    return formatTime(Number(seconds[1]) * 1000, (seconds[2] ?? '').padEnd(9, '0'));
  }
  const durationNs = durationToNs(text);
  if (durationNs !== undefined) return formatMs(now.getTime() - Number(durationNs / 1_000_000n));
  const date =
    /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?)?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(
      text,
    );
  if (date !== null) {
    const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', fraction = '', zone = ''] =
      date;
    const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`);
    if (!Number.isNaN(ms)) return formatTime(ms, fraction.padEnd(9, '0'));
  }
  throw new ComposeError('USAGE', `cannot read ${flag} ${JSON.stringify(text)}`, {
    hint: 'write a time such as 2026-01-31T12:00:00Z, or how long ago, such as 42m',
  });
}

function formatMs(ms: number): string {
  return new Date(ms).toISOString().replace(/Z$/, '000000Z');
}

function formatTime(msOfWholeSeconds: number, nineDigits: string): string {
  return new Date(msOfWholeSeconds).toISOString().replace(/\.\d+Z$/, `.${nineDigits}Z`);
}
