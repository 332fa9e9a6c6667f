import { ComposeError } from '../util/errors.ts';

const UNIT_NS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
};
const MAX_NS = (1n << 63n) - 1n;
const PART = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h|d|w)/y;

/** Nanoseconds of a Compose duration such as `1m30s`, `1.5h` or `2d`; undefined when the text is none. */
export function durationToNs(text: string): bigint | undefined {
  let position = 0;
  let isNegative = false;
  if (text[0] === '-' || text[0] === '+') {
    isNegative = text[0] === '-';
    position = 1;
  }
  if (text.slice(position) === '0') return 0n;
  if (position === text.length) return undefined;
  let total = 0n;
  while (position < text.length) {
    PART.lastIndex = position;
    const match = PART.exec(text);
    if (match === null) return undefined;
    const [all, whole = '', fraction = '', unit = ''] = match;
    if (whole === '' && fraction === '') return undefined;
    const unitNs = UNIT_NS[unit] ?? 0n;
    total += BigInt(whole === '' ? '0' : whole) * unitNs;
    if (fraction !== '') total += (BigInt(fraction) * unitNs) / 10n ** BigInt(fraction.length);
    if (total > MAX_NS) return undefined;
    position += all.length;
  }
  return isNegative ? -total : total;
}

/** The canonical text of a number of nanoseconds: `1h0m0s`, `1m30s`, `1.5s`, `500ms`, `100µs`, `0s`. */
export function formatDurationNs(ns: bigint): string {
  if (ns === 0n) return '0s';
  const sign = ns < 0n ? '-' : '';
  const value = ns < 0n ? -ns : ns;
  if (value < 1_000n) return `${sign}${value}ns`;
  if (value < 1_000_000n) return `${sign}${decimal(value, 1_000n)}µs`;
  if (value < 1_000_000_000n) return `${sign}${decimal(value, 1_000_000n)}ms`;
  const seconds = `${decimal(value % 60_000_000_000n, 1_000_000_000n)}s`;
  const minutes = value / 60_000_000_000n;
  if (minutes === 0n) return sign + seconds;
  if (minutes < 60n) return `${sign}${minutes}m${seconds}`;
  return `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

function decimal(value: bigint, unit: bigint): string {
  const rest = value % unit;
  if (rest === 0n) return String(value / unit);
  const digits = String(unit).length - 1;
  return `${value / unit}.${String(rest).padStart(digits, '0').replace(/0+$/, '')}`;
}

/** Milliseconds of a duration (fractions kept). Throws ComposeError INVALID for text that is no duration. */
export function parseDuration(text: string): number {
  const ns = durationToNs(text);
  if (ns === undefined) {
    throw new ComposeError('INVALID', `${JSON.stringify(text)} is not a duration`, {
      hint: 'write a number and a unit, such as 30s, 1m30s or 500ms',
    });
  }
  return Number(ns / 1_000_000n) + Number(ns % 1_000_000n) / 1e6;
}
