import { ComposeError } from '../util/errors.ts';
import { didYouMean } from '../util/nearest.ts';

/** Refuses a service that is not among the known ones. */
export function checkServices(known: ReadonlySet<string>, names: readonly string[]): void {
  for (const name of names) {
    if (known.has(name)) continue;
    const all = [...known].sort();
    throw new ComposeError('NO_SERVICE', `no such service: ${name}`, {
      hint: didYouMean(name, all) ?? (all.length > 0 ? `the project has ${all.join(', ')}` : undefined),
    });
  }
}

/** `SERVICE=N` arguments as counts. Throws USAGE. */
export function parseScale(specifiers: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const specifier of specifiers) {
    const [, name, count] = /^([^=]+)=(\d{1,6})$/.exec(specifier) ?? [];
    if (name === undefined) {
      throw new ComposeError('USAGE', `invalid scale specifier: ${specifier}`, { hint: 'write SERVICE=NUMBER' });
    }
    counts[name] = Number(count);
  }
  return counts;
}

/** `-t SECONDS` in milliseconds; below zero means as long as it takes. */
export function timeoutMs(seconds: number | undefined): number | null {
  if (seconds === undefined) return null;
  // Timers hold 31 bits.
  return seconds < 0 ? 2 ** 31 - 1 : Math.min(seconds * 1000, 2 ** 31 - 1);
}
