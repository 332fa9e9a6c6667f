import { setTimeout as sleep } from 'node:timers/promises';
import { isDroppedConnection } from './errors.ts';
import type { HttpAnswer } from './transport.ts';

export interface Patience {
  /** Pause before the second attempt; each further one is twice as long, and up to a quarter more by chance. */
  readonly backoffMs: number;
  readonly signal: AbortSignal;
}

export const maxAttempts = 5;
const maxPauseMs = 30_000;

/** Whether the registry is busy or broken and may not be so in a moment. */
export function isPassing(status: number): boolean {
  return status === 429 || status === 408 || (status >= 500 && status !== 501 && status !== 505);
}

/** Waits before attempt number `next`, which is at least 2, and as long as the registry has asked for. */
export async function pause(next: number, { backoffMs, signal }: Patience, answer?: HttpAnswer): Promise<void> {
  const ownMs = backoffMs * 2 ** (next - 2) * (1 + Math.random() / 4);
  const askedMs = answer === undefined ? 0 : retryAfterMs(answer.header('retry-after'), Date.now());
  await sleep(Math.min(Math.max(ownMs, askedMs), maxPauseMs), undefined, { signal });
}

/** Sends, and sends again after a pause while the registry is busy or broken, or drops the connection. */
export async function patiently(send: () => Promise<HttpAnswer>, patience: Patience): Promise<HttpAnswer> {
  for (let attempt = 1; ; attempt += 1) {
    let answer: HttpAnswer | undefined;
    try {
      answer = await send();
      if (!isPassing(answer.status) || attempt === maxAttempts) return answer;
      answer.discard();
    } catch (error) {
      patience.signal.throwIfAborted();
      if (attempt === maxAttempts || !isDroppedConnection(error)) throw error;
    }
    await pause(attempt + 1, patience, answer);
  }
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
export function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}
