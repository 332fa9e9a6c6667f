import { setTimeout as delay } from 'node:timers/promises';

/** Virtual machines without KVM are this much slower; a deadline is stretched by it, a fast test is not slowed. */
export const slowness = process.env.TSCOMPOSE_TEST_SLOW === '1' ? 8 : 1;

/**
 * Repeats `check` until it stops throwing and answers what it answered. Throws the last error after `timeoutMs`. The one
 * place where tests poll.
 */
export async function eventually<T>(check: () => T | Promise<T>, options: { timeoutMs?: number } = {}): Promise<T> {
  const deadline = performance.now() + (options.timeoutMs ?? 5000) * slowness;
  for (let pause = 2; ; pause = Math.min(pause * 2, 100)) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await delay(pause);
  }
}
