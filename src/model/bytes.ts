import { ComposeError } from '../util/errors.ts';

const EXPONENT = ' kmgtpe';

/** The number of bytes in `1g`, `512mb`, `1.5KiB`, `1024` (units are binary, with or without b or ib); undefined when it is none. */
export function sizeToBytes(text: string): number | undefined {
  const match = /^(-?\d+(?:\.\d*)?|-?\.\d+) ?(?:([kmgtpe])(?:i?b)?|b)?$/i.exec(text);
  if (match === null) return undefined;
  const value = Number(match[1]);
  const exponent = match[2] === undefined ? 0 : EXPONENT.indexOf(match[2].toLowerCase());
  const bytes = Math.trunc(value * 1024 ** exponent);
  return Number.isFinite(bytes) ? bytes : undefined;
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
  return bytes;
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
