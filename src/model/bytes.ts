import { ComposeError } from '../util/errors.ts';

const EXPONENT = ' kmgtpe';
const DECIMAL = ' kMGTPE';
const MAX_BYTES = (1n << 63n) - 1n;

/**
 * The number of bytes in `1g`, `512mb`, `1.5KiB`, `1024` (units are binary, with or without i and b), exactly; `-1`, which
 * means no limit, is the only negative one. Undefined when the text is no size.
 */
export function sizeToBytes(text: string): bigint | undefined {
  if (text === '-1') return -1n;
  const match = /^(\d+)(?:\.(\d+))? ?([kmgtp]?)i?b?$/i.exec(text);
  if (match === null) return undefined;
  const [, whole = '', fraction = '', unit = ''] = match;
  const factor = 1024n ** BigInt(unit === '' ? 0 : EXPONENT.indexOf(unit.toLowerCase()));
  const bytes = (BigInt(whole + fraction) * factor) / 10n ** BigInt(fraction.length);
  return bytes > MAX_BYTES ? undefined : bytes;
}

/** Bytes of a size; throws ComposeError INVALID for text that is none. A number is taken as it is. */
export function parseBytes(size: string | number): number {
  if (typeof size === 'number') return size;
  const bytes = sizeToBytes(size);
  if (bytes === undefined) {
    throw new ComposeError('INVALID', `${JSON.stringify(size)} is not a size`, {
      hint: 'write a number of bytes, or one with a unit such as 512m or 2g',
    });
  }
  return Number(bytes);
}

/** A size for people: `1.5 GiB`, `512 MiB`, `17 B`. */
export function formatBytes(sizeBytes: number): string {
  let value = Math.abs(sizeBytes);
  let unit = 0;
  while (value >= 1024 && unit < 6) {
    value /= 1024;
    unit += 1;
  }
  const text = unit === 0 || value >= 100 ? String(Math.round(value)) : value.toFixed(1).replace(/\.0$/, '');
  const letter = EXPONENT[unit]?.toUpperCase();
  return `${sizeBytes < 0 ? '-' : ''}${text} ${unit === 0 ? 'B' : `${letter}iB`}`;
}

/** The size of an image as Docker writes it, in powers of 1000 and three digits: `11.8MB`, `1.98GB`, `512B`. */
export function formatImageSize(sizeBytes: number): string {
  let value = sizeBytes;
  let unit = 0;
  while (Number(value.toPrecision(3)) >= 1000 && unit < 6) {
    value /= 1000;
    unit += 1;
  }
  return `${Number(value.toPrecision(3))}${unit === 0 ? '' : DECIMAL[unit]}B`;
}
