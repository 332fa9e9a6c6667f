import { ComposeError } from '../util/errors.ts';
import { durationToNs } from './duration.ts';

/** When an image is pulled that could be (`pull_policy`). */
export type PullPolicy =
  | { readonly when: 'always' | 'missing' | 'never' | 'build' }
  /** When it is missing, or when its name was last looked up that long ago. */
  | { readonly when: 'every'; readonly intervalMs: number };

const day = 24 * 60 * 60 * 1000;

/** Reads a `pull_policy`; `refreshAfter` (`pull_refresh_after`) is the age that `refresh` means. Throws INVALID. */
export function parsePullPolicy(text: string | undefined, refreshAfter?: string): PullPolicy {
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
  const [, every = ''] = /^every_(.+)$/.exec(text) ?? [];
  const intervalNs = durationToNs(text === 'refresh' ? (refreshAfter ?? '') : every) ?? 0n;
  if (intervalNs > 0n) return { when: 'every', intervalMs: Number(intervalNs / 1_000_000n) };
  if (text === 'refresh') {
    const reason = refreshAfter === undefined ? 'is not given' : `${JSON.stringify(refreshAfter)} is no duration`;
    throw new ComposeError('INVALID', `pull_policy is refresh, and pull_refresh_after ${reason}`, {
      hint: 'it is the age at which the image is pulled again, such as 12h',
    });
  }
  throw new ComposeError('INVALID', `pull_policy ${JSON.stringify(text)} is unknown`, {
    hint: 'it is always, never, missing, if_not_present, build, daily, weekly, every_DURATION or refresh',
  });
}
