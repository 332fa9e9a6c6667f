import { sizeToBytes } from '../model/bytes.ts';
import { durationToNs, formatDurationNs } from '../model/duration.ts';
import type { ReportAt } from './report.ts';
import { formatFloat } from './scalar.ts';
import { splitWords } from './short-forms.ts';
import { formatPath, isTree, own, type Tree, type TreePath, type Value } from './tree-path.ts';

/**
 * Turns the value of an attribute into that of the canonical project. undefined: it says nothing and is left out, as an
 * empty text, an empty list, false or zero do wherever being unset means the same. What has the wrong kind the schema has refused.
 */
export type Decoder<T> = (value: Value, path: TreePath, report: ReportAt) => T | undefined;

/** A decoder for every attribute that T has: one that the model knows and nobody decodes is an error of types. */
export type Shape<T> = {
  readonly [Key in keyof T as Key extends `x-${string}` ? never : Key]-?: Decoder<Exclude<T[Key], undefined>>;
};

export const text: Decoder<string> = (value) => (value === null || value === '' ? undefined : scalarText(value));
export const anyText: Decoder<string> = (value) => (value === null ? undefined : scalarText(value));
export const flag: Decoder<boolean> = (value) => (value === true || value === 'true' ? true : undefined);
/** A flag whose being unset means something else than false. Interpolation has made a boolean of it. */
export const choice: Decoder<boolean> = (value) => (typeof value === 'boolean' ? value : undefined);
export const numeral: Decoder<number> = (value) => (value === null || value === 0 ? undefined : Number(value));
/** A whole number. The reference drops a fraction. */
export const whole: Decoder<number> = (value, path, report) => {
  const number = numeral(value, path, report);
  if (typeof number !== 'number' || Number.isInteger(number)) return number;
  report(path, `${formatPath(path)}: the fraction of ${number} is dropped`, { code: 'ignored' });
  return Math.trunc(number) === 0 ? undefined : Math.trunc(number);
};
/** A number whose being unset means something else than zero. */
export const count: Decoder<number> = (value) => (value === null ? undefined : Number(value));
export const wordOrFlag: Decoder<string> = (value) => (value === null || value === '' ? undefined : String(value));

export const words: Decoder<string[]> = (value) => {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return value.map(scalarText);
};

export const duration: Decoder<string> = (value, path, report) => {
  if (value === null) return undefined;
  const ns = typeof value === 'string' ? durationToNs(value) : undefined;
  if (ns !== undefined) return formatDurationNs(ns);
  report(path, `${JSON.stringify(value)} is not a duration`, {
    hint: 'write a number and a unit, such as 30s, 1m30s or 500ms',
  });
  return undefined;
};

export const size: Decoder<string> = (value, path, report) => {
  if (value === null) return undefined;
  const hint = 'write a number of bytes, or one with a unit such as 512m';
  if (typeof value === 'number') {
    if (Number.isInteger(value)) return value === 0 ? undefined : String(value);
    // The reference says nothing, and there is no limit.
    report(path, `${formatPath(path)}: ${value} has a fraction and no unit, so it counts for nothing`, {
      code: 'ignored',
      hint,
    });
    return undefined;
  }
  const bytes = typeof value === 'string' ? sizeToBytes(value) : undefined;
  if (bytes === undefined) {
    report(path, `${JSON.stringify(value)} is not a size`, { hint });
    return undefined;
  }
  return bytes === 0n ? undefined : String(bytes);
};

export const sizeText: Decoder<string> = (value, path, report) => {
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return value === '0' ? undefined : value;
  return size(value, path, report);
};

/** A list of words; a single one may stand for itself. */
export function wordsOrWord(value: Value, path: TreePath, report: ReportAt): string[] | undefined {
  return words(typeof value === 'string' ? [value] : value, path, report);
}

/** How often a health check may fail; zero is said, unlike elsewhere. */
export function healthRetries(value: Value, path: TreePath, report: ReportAt): number | undefined {
  if (value === null) return undefined;
  const retries = Number(value);
  if (retries >= 0) return whole(retries, path, report) ?? 0;
  report(path, `${JSON.stringify(value)} is not a number of tries`);
  return undefined;
}

export const command: Decoder<readonly string[] | null> = (value, path, report) => {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return value.map(scalarText);
  const line = String(value);
  const split = splitWords(line);
  if (split === undefined) {
    report(path, `${JSON.stringify(line)} is not a command: a quote or bracket is not closed`, {
      hint: 'write a list of words, or ["sh", "-c", "…"] for what a shell must read',
    });
    return null;
  }
  if (split.cutAt !== undefined) {
    report(path, `${JSON.stringify(line.slice(split.cutAt))} is dropped: no shell reads this command`, {
      code: 'command-cut',
      hint: 'write ["sh", "-c", "…"] for what a shell must read',
    });
  }
  return split.words;
};

export const healthTest: Decoder<readonly string[]> = (value, path, report) => {
  if (value === null) return undefined;
  if (typeof value === 'string') return ['CMD-SHELL', value];
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const [first] = value;
  if (first !== 'CMD' && first !== 'CMD-SHELL' && first !== 'NONE') {
    report([...path, 0], `a healthcheck begins with CMD, CMD-SHELL or NONE, not ${JSON.stringify(first)}`);
  }
  return value.map(scalarText);
};

/** Null and absent values become empty text. */
export const mapping: Decoder<Record<string, string>> = (value) => {
  if (!isTree(value)) return undefined;
  const map: Record<string, string> = {};
  for (const key of Object.keys(value)) map[key] = value[key] === null ? '' : scalarText(value[key] as Value);
  return nonEmpty(map);
};

/** Null stays: a variable that is not set. */
export const environment: Decoder<Record<string, string | null>> = (value) => {
  if (!isTree(value)) return undefined;
  const map: Record<string, string | null> = {};
  for (const key of Object.keys(value)) map[key] = value[key] === null ? null : scalarText(value[key] as Value);
  return nonEmpty(map);
};

export const sortedKeys: Decoder<string[]> = (value) => {
  if (!isTree(value)) return undefined;
  const keys = Object.entries(value).map(([id, path]) => (path === null || path === '' ? id : `${id}=${path}`));
  return keys.length === 0 ? undefined : keys.sort();
};

export const sortedWords: Decoder<string[]> = (value, path, report) => {
  const list = words(value, path, report);
  return Array.isArray(list) ? list.sort() : undefined;
};

/** An octal mode as text: `"0440"`. */
export const mode: Decoder<string> = (value, path, report) => {
  if (value === null) return undefined;
  const octal = typeof value === 'number' ? value.toString(8) : String(value);
  if (/^[0-7]{1,7}$/.test(octal)) return `0${octal.replace(/^0+/, '')}`;
  report(path, `${JSON.stringify(value)} is not a file mode`, { hint: 'write an octal number such as 0440' });
  return undefined;
};

export const deviceCount: Decoder<number> = (value, path, report) => {
  if (value === null) return undefined;
  if (value === 'all') return -1;
  if (typeof value === 'number') return value;
  if (/^-?\d+$/.test(String(value))) return Number(value);
  report(path, `${JSON.stringify(value)} is not a number of devices`, { hint: 'write a number, or all' });
  return undefined;
};

/** A number as YAML reads it; text is octal. */
export function tmpfsMode(value: Value, path: TreePath, report: ReportAt): number | undefined {
  if (value === null || value === 0) return undefined;
  if (typeof value === 'number') return Math.trunc(value);
  if (/^[0-7]{1,5}$/.test(String(value))) return Number.parseInt(String(value), 8);
  report(path, `${JSON.stringify(value)} is not a file mode`, { hint: 'write an octal number such as 01777' });
  return undefined;
}

/** A size for a rate: printed as a number in text. */
export function rate(value: Value, path: TreePath, report: ReportAt): string {
  return size(value, path, report) ?? '0';
}

/** A number of processors, as exact as the reference has it: in 32 bits. */
export const processors: Decoder<number> = (value, path, report) => {
  const number = numeral(value, path, report);
  if (typeof number !== 'number') return number;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(number.toPrecision(digits));
    if (Math.fround(short) === Math.fround(number)) return short;
  }
  return Number(number.toPrecision(9));
};

/** A map with the attributes of T. `always`: what it has also where the file says nothing of it. */
export function shaped<T>(shape: Shape<T>, always: Partial<T> = {}): Decoder<T> {
  return (value, path, report) => (isTree(value) ? decodeShape(value, shape, path, report, always) : undefined);
}

/** A list; an empty one says nothing. */
export function listOf<T>(decode: Decoder<T>): Decoder<T[]> {
  return (value, path, report) => {
    if (!Array.isArray(value) || value.length === 0) return undefined;
    return value.map((item, index) => decode(item, [...path, index], report) as T);
  };
}

/** A map with whatever keys; an empty one says nothing. */
export function mapOf<T>(decode: Decoder<T>): Decoder<Record<string, T>> {
  return (value, path, report) => {
    if (!isTree(value)) return undefined;
    const map: Record<string, T> = {};
    for (const key of Object.keys(value)) map[key] = decode(value[key] as Value, [...path, key], report) as T;
    return nonEmpty(map);
  };
}

/** One of a few words. */
export function oneOf<T extends string>(): Decoder<T> {
  return anyText as Decoder<T>;
}

/** A map with the attributes of T, or null: all defaults. */
export function namedOrNull<T>(shape: Shape<T>): Decoder<T | null> {
  return (value, path, report) => (isTree(value) ? decodeShape(value, shape, path, report) : null);
}

/** Decodes the attributes of a map that the shape has, and keeps extensions as they are. */
export function decodeShape<T>(
  value: Tree,
  shape: Shape<T>,
  path: TreePath,
  report: ReportAt,
  always: Partial<T> = {},
): T {
  const decoders: Readonly<Record<string, Decoder<unknown>>> = shape;
  const out: Record<string, unknown> = { ...always };
  for (const key of Object.keys(value)) {
    const raw = value[key] as Value;
    const decode = own(decoders, key);
    if (decode !== undefined) {
      const decoded = decode(raw, [...path, key], report);
      if (decoded !== undefined) out[key] = decoded;
    } else if (key.startsWith('x-')) out[key] = raw;
  }
  // The schema has seen to it that what T must have is there.
  return out as T;
}

function nonEmpty<T extends object>(map: T): T | undefined {
  return Object.keys(map).length === 0 ? undefined : map;
}

/** A scalar where text is wanted. */
export function scalarText(value: Value): string {
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : formatFloat(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
