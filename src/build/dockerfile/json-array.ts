import type { Place } from '../../util/diagnostic.ts';
import { DockerfileProblem } from './problem.ts';

/**
 * The strings of a JSON array at the beginning of `text`; null when there is none, as for a line that only looks like one.
 * Throws DockerfileProblem for an array of other things than strings.
 */
export function readStringArray(text: string, place: Place): string[] | null {
  if (!text.startsWith('[')) return null;
  const end = endOfArray(text);
  if (end < 0) return null;
  let value: unknown;
  try {
    value = JSON.parse(text.slice(0, end));
  } catch {
    return null;
  }
  if (!Array.isArray(value)) return null;
  if (value.every((each) => typeof each === 'string')) return value;
  throw new DockerfileProblem(place, 'an array here holds strings only', 'put every element in double quotes');
}

/** Behind the closing bracket of the first array, or -1. */
function endOfArray(text: string): number {
  let depth = 0;
  let isString = false;
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (isString) {
      if (char === '\\') index += 1;
      else if (char === '"') isString = false;
    } else if (char === '"') isString = true;
    else if (char === '[' || char === '{') depth += 1;
    else if (char === ']' || char === '}') {
      depth -= 1;
      if (depth === 0) return index + 1;
    }
  }
  return -1;
}
