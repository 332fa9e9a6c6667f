import { ComposeError } from '../util/errors.ts';
import { durationToNs } from './duration.ts';

/** When an image is pulled that could be (`pull_policy`). */
export type PullPolicy =
  | { readonly when: 'always' | 'missing' | 'never' | 'build' }
  /** When it is missing, or when its name was last looked up that long ago. */
  | { readonly when: 'every'; readonly intervalMs: number };

const day = 24 * 60 * 60 * 1000;

/** Reads a `pull_policy`. Throws INVALID. */
export function parsePullPolicy(text: string | undefined): PullPolicy {
  switch (text) {
    case undefined:
    case '':
    case 'missing':
    case 'if_not_present':
      return { when: 'missing' };
    case 'always':
    case 'never':
    case 'build':
      return { when: text };
    case 'daily':
      return { when: 'every', intervalMs: day };
    case 'weekly':
      return { when: 'every', intervalMs: 7 * day };
  }
  const [, interval = ''] = /^every_(.+)$/.exec(text) ?? [];
  const intervalNs = durationToNs(interval) ?? 0n;
  if (intervalNs > 0n) return { when: 'every', intervalMs: Number(intervalNs / 1_000_000n) };
  throw new ComposeError('INVALID', `pull_policy ${JSON.stringify(text)} is unknown`, {
    hint: 'it is always, never, missing, if_not_present, build, daily, weekly or every_DURATION',
  });
}
