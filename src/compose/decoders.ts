import { sizeToBytes } from '../model/bytes.ts';
import { durationToNs, formatDurationNs } from '../model/duration.ts';
import type { ReportAt } from './report.ts';
import { formatFloat } from './scalar.ts';
import { splitWords } from './short-forms.ts';
import { formatPath, isTree, type Tree, type TreePath, type Value } from './tree-path.ts';

/**
 * Turns the value of an attribute into that of the canonical project. undefined: it says nothing and is left out, as an
 * empty text, an empty list, false or zero do wherever being unset means the same.
 */
export type Decoder = (value: Value, path: TreePath, report: ReportAt) => unknown;
export interface Shape {
  readonly [key: string]: Decoder;
}

export const text: Decoder = (value) => (value === null || value === '' ? undefined : scalarText(value));
export const anyText: Decoder = (value) => (value === null ? undefined : scalarText(value));
export const flag: Decoder = (value) => (value === true || value === 'true' ? true : undefined);
/** A flag whose being unset means something else than false. */
export const choice: Decoder = (value) => (value === null ? undefined : value);
export const numeral: Decoder = (value) => (value === null || value === 0 ? undefined : Number(value));
/** A whole number. The reference drops a fraction. */
export const whole: Decoder = (value, path, report) => {
  const number = numeral(value, path, report);
  if (typeof number !== 'number' || Number.isInteger(number)) return number;
  report(path, `${formatPath(path)}: the fraction of ${number} is dropped`, { code: 'ignored' });
  return Math.trunc(number) === 0 ? undefined : Math.trunc(number);
};
/** A number whose being unset means something else than zero. */
export const count: Decoder = (value) => (value === null ? undefined : Number(value));
export const wordOrFlag: Decoder = (value) => (value === null || value === '' ? undefined : String(value));

export const words: Decoder = (value) => {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return value.map(scalarText);
};

export const duration: Decoder = (value, path, report) => {
  if (value === null) return undefined;
  const ns = typeof value === 'string' ? durationToNs(value) : undefined;
  if (ns !== undefined) return formatDurationNs(ns);
  report(path, `${JSON.stringify(value)} is not a duration`, {
    hint: 'write a number and a unit, such as 30s, 1m30s or 500ms',
  });
  return undefined;
};

export const size: Decoder = (value, path, report) => {
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

export const sizeText: Decoder = (value, path, report) => {
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return value === '0' ? undefined : value;
  return size(value, path, report);
};

export function wordsOrWord(value: Value, path: TreePath, report: ReportAt): unknown {
  return words(typeof value === 'string' ? [value] : value, path, report);
}

export function healthRetries(value: Value, path: TreePath, report: ReportAt): unknown {
  if (value === null) return undefined;
  const retries = Number(value);
  if (retries >= 0) return whole(retries, path, report) ?? 0;
  report(path, `${JSON.stringify(value)} is not a number of tries`);
  return undefined;
}

export const command: Decoder = (value, path, report) => {
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

export const healthTest: Decoder = (value, path, report) => {
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
export const mapping: Decoder = (value) => {
  if (!isTree(value)) return undefined;
  const map: Record<string, string> = {};
  for (const key of Object.keys(value)) map[key] = value[key] === null ? '' : scalarText(value[key] as Value);
  return nonEmpty(map);
};

/** Null stays: a variable that is not set. */
export const environment: Decoder = (value) => {
  if (!isTree(value)) return undefined;
  const map: Record<string, string | null> = {};
  for (const key of Object.keys(value)) map[key] = value[key] === null ? null : scalarText(value[key] as Value);
  return nonEmpty(map);
};

export const sortedKeys: Decoder = (value) => {
  if (!isTree(value)) return undefined;
  const keys = Object.entries(value).map(([id, path]) => (path === null || path === '' ? id : `${id}=${path}`));
  return keys.length === 0 ? undefined : keys.sort();
};

export const sortedWords: Decoder = (value, path, report) => {
  const list = words(value, path, report);
  return Array.isArray(list) ? list.sort() : undefined;
};

/** An octal mode as text: `"0440"`. */
export const mode: Decoder = (value, path, report) => {
  if (value === null) return undefined;
  const octal = typeof value === 'number' ? value.toString(8) : String(value);
  if (/^[0-7]{1,7}$/.test(octal)) return `0${octal.replace(/^0+/, '')}`;
  report(path, `${JSON.stringify(value)} is not a file mode`, { hint: 'write an octal number such as 0440' });
  return undefined;
};

export const deviceCount: Decoder = (value, path, report) => {
  if (value === null) return undefined;
  if (value === 'all') return -1;
  if (typeof value === 'number') return value;
  if (/^-?\d+$/.test(String(value))) return Number(value);
  report(path, `${JSON.stringify(value)} is not a number of devices`, { hint: 'write a number, or all' });
  return undefined;
};

/** A number as YAML reads it; text is octal. */
export function tmpfsMode(value: Value, path: TreePath, report: ReportAt): unknown {
  if (value === null || value === 0) return undefined;
  if (typeof value === 'number') return Math.trunc(value);
  if (/^[0-7]{1,5}$/.test(String(value))) return Number.parseInt(String(value), 8);
  report(path, `${JSON.stringify(value)} is not a file mode`, { hint: 'write an octal number such as 01777' });
  return undefined;
}

/** A size for a rate: printed as a number in text. */
export const rate: Decoder = (value, path, report) => size(value, path, report) ?? '0';

/** A number of processors, as exact as the reference has it: in 32 bits. */
export const processors: Decoder = (value, path, report) => {
  const number = numeral(value, path, report);
  if (typeof number !== 'number') return number;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(number.toPrecision(digits));
    if (Math.fround(short) === Math.fround(number)) return short;
  }
  return Number(number.toPrecision(9));
};

export function shaped(shape: Shape, always: Readonly<Record<string, unknown>> = {}): Decoder {
  return (value, path, report) => (isTree(value) ? decodeShape(value, shape, path, report, always) : undefined);
}

export function listOf(decode: Decoder): Decoder {
  return (value, path, report) => {
    if (!Array.isArray(value) || value.length === 0) return undefined;
    return value.map((item, index) => decode(item, [...path, index], report));
  };
}

export function mapOf(decode: Decoder): Decoder {
  return (value, path, report) => {
    if (!isTree(value)) return undefined;
    const map: Record<string, unknown> = {};
    for (const key of Object.keys(value)) map[key] = decode(value[key] as Value, [...path, key], report);
    return nonEmpty(map);
  };
}

export const namedOrNull =
  (shape: Shape): Decoder =>
  (value, path, report) =>
    isTree(value) ? decodeShape(value, shape, path, report) : null;

export function decodeShape(
  value: Tree,
  shape: Shape,
  path: TreePath,
  report: ReportAt,
  always: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const out: Record<string, unknown> = { ...always };
  for (const key of Object.keys(value)) {
    const raw = value[key] as Value;
    if (Object.hasOwn(shape, key)) {
      const decoded = shape[key]?.(raw, [...path, key], report);
      if (decoded !== undefined) out[key] = decoded;
    } else if (key.startsWith('x-')) out[key] = raw;
  }
  return out;
}

function nonEmpty<T extends object>(map: T): T | undefined {
  return Object.keys(map).length === 0 ? undefined : map;
}

/** A scalar where text is wanted. */
export function scalarText(value: Value): string {
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : formatFloat(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
