import type { Scalar } from './tree-path.ts';

const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const DATE =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]|[ \t]+)(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d*))?[ \t]*(Z|[-+]\d{1,2}(?::\d{2})?)?)?$/;
const MAX_UINT64 = (1n << 64n) - 1n;
const MIN_INT64 = -(1n << 63n);

/**
 * The value of a plain YAML scalar, as the reference reads it: YAML 1.2 booleans, but numbers with base prefixes, leading
 * zeros (octal) and underscores, and dates. A number whose text would change on the way through a double stays text.
 */
export function plainScalar(text: string): Scalar {
  const word = wordOf(text);
  if (word !== undefined) return word;
  return numberOf(text) ?? readDate(text)?.words ?? text;
}

/** The same where nobody wants text, as in an extension: numbers stay numbers, and dates are as JSON has them. */
export function freeScalar(text: string): Scalar {
  const word = wordOf(text);
  if (word !== undefined) return word;
  const value = numberOf(text);
  // The digits of an integer that no double holds stay as they are.
  if (typeof value === 'string' && !/^-?\d+$/.test(value)) return Number(text.replaceAll('_', ''));
  return value ?? readDate(text)?.iso ?? text;
}

/** What is a word, or begins like no number; undefined for what may be a number or a date. */
function wordOf(text: string): Scalar | undefined {
  const first = text.charCodeAt(0);
  // Most scalars begin with a letter that begins no special word.
  switch (text) {
    case '':
    case '~':
    case 'null':
    case 'Null':
    case 'NULL':
      return null;
    case 'true':
    case 'True':
    case 'TRUE':
      return true;
    case 'false':
    case 'False':
    case 'FALSE':
      return false;
  }
  const isNumeric = (first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46;
  return isNumeric ? undefined : text;
}

/** Whether a plain scalar means infinity or not-a-number, which no attribute can hold. */
export function isNotFinite(text: string): boolean {
  return /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/.test(text);
}

function numberOf(text: string): number | string | undefined {
  if (isNotFinite(text)) return undefined;
  const plain = text.includes('_') ? text.replaceAll('_', '') : text;
  const integer = integerOf(plain);
  if (integer !== undefined && integer <= MAX_UINT64 && integer >= MIN_INT64) {
    const number = Number(integer);
    return Number.isSafeInteger(number) ? number : String(integer);
  }
  if (!FLOAT.test(plain)) return undefined;
  const value = Number(plain);
  if (!Number.isFinite(value)) return undefined;
  const shown = formatFloat(value);
  return String(value) === shown ? value : shown;
}

function integerOf(text: string): bigint | undefined {
  const match = /^([-+]?)(?:(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+)|(0[0-7]+)|(0|[1-9][0-9]*))$/.exec(text);
  if (match === null) return undefined;
  const [, sign, prefixed, octal, decimal] = match;
  const magnitude = BigInt(prefixed ?? (octal === undefined ? (decimal ?? '0') : `0o${octal}`));
  return sign === '-' ? -magnitude : magnitude;
}

/** A float's text in the reference's output: an exponent from 1e+06 on, and below 1e-04. */
export function formatFloat(value: number): string {
  if (value === 0) return '0';
  const exponent = Number(value.toExponential().split('e')[1]);
  if (exponent >= -4 && exponent < 21) {
    const plain = String(value);
    if (exponent < 6 && !plain.includes('e')) return plain;
    if (exponent < 6) return value.toFixed(20).replace(/0+$/, '');
  }
  const [mantissa = '', power = ''] = value.toExponential().split('e');
  return `${mantissa}e${power[0]}${power.slice(1).padStart(2, '0')}`;
}

/** A date: in the reference's words, and as JSON has it. */
export function readDate(text: string): { readonly words: string; readonly iso: string } | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const [, year = '', month = '', day = '', hour, minute = '', second = '', fraction = '', zone] = match;
  const monthNumber = Number(month);
  const dayNumber = Number(day);
  const days = new Date(Date.UTC(Number(year), monthNumber, 0)).getUTCDate();
  if (monthNumber < 1 || monthNumber > 12 || dayNumber < 1 || dayNumber > days) return undefined;
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  if (hour === undefined) return { words: `${date} 00:00:00 +0000 UTC`, iso: `${date}T00:00:00Z` };
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  // A time zone goes with the letter T only: `2001-12-14 21:59:43.10 -5` is text.
  if (zone !== undefined && !/[Tt]/.test(text)) return undefined;
  if (zone === undefined && /[Tt]/.test(text)) return undefined;
  const clock = [hour, minute, second].map((part) => part.padStart(2, '0')).join(':');
  const digits = fraction.slice(0, 9).replace(/0+$/, '');
  const time = digits === '' ? clock : `${clock}.${digits}`;
  let zoneText = '+0000 UTC';
  let zoneIso = 'Z';
  if (zone !== undefined && zone !== 'Z') {
    const zoneMatch = /^([-+])(\d{2}):(\d{2})$/.exec(zone);
    if (zoneMatch === null) return undefined;
    const offset = `${zoneMatch[1]}${zoneMatch[2]}${zoneMatch[3]}`;
    zoneText = `${offset} ${offset}`;
    if (!zone.endsWith('00:00')) zoneIso = zone;
  }
  return { words: `${date} ${time} ${zoneText}`, iso: `${date}T${time}${zoneIso}` };
}
