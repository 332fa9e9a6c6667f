import { setTimeout as delay } from 'node:timers/promises';

/** Numbers from a seed that is printed, so that a failure can be run again: TSCOMPOSE_TEST_SEED=N. */
export class Chaos {
  readonly seed: number;
  #state: number;

  constructor(
    seed = Number(process.env.TSCOMPOSE_TEST_SEED ?? Math.floor(Math.random() * 0xffffffff)),
    voice: 'printed' | 'quiet' = 'printed',
  ) {
    this.seed = seed;
    this.#state = seed >>> 0;
    if (voice === 'printed') console.log(`      TSCOMPOSE_TEST_SEED=${seed}`);
  }

  /** The next number in [0, 1): mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let value = this.#state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  }

  pick<T>(values: readonly T[]): T | undefined {
    return values[Math.floor(this.next() * values.length)];
  }

  /**
   * Waits a random time below `withinMs`, then signals one of the processes that `victims` names at that moment. Answers
   * whom, or undefined when there was nobody.
   */
  async strike(
    victims: () => readonly number[],
    signal: NodeJS.Signals,
    withinMs: number,
  ): Promise<number | undefined> {
    await delay(this.next() * withinMs);
    const victim = this.pick(victims());
    if (victim === undefined) return undefined;
    try {
      process.kill(victim, signal);
      return victim;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
      throw error;
    }
  }
}
