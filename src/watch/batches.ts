export interface BatchTerms {
  /** How long nothing more must come. */
  readonly quietMs: number;
  /** The same once there are many: it is a burst, which pauses. */
  readonly burst?: { readonly size: number; readonly quietMs: number };
  /** How long something waits at most. */
  readonly mostMs: number;
}

/**
 * What comes one by one, given on together once it pauses, and at the latest when the first has waited for `mostMs`. What
 * comes while a batch is being dealt with is in the next one.
 */
export class Batches<T> implements AsyncIterable<ReadonlySet<T>> {
  readonly #terms: BatchTerms;
  #items = new Set<T>();
  #firstAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #isDue = false;
  #isClosed = false;
  #wake: () => void = () => {};

  constructor(terms: BatchTerms) {
    this.#terms = terms;
  }

  get isEmpty(): boolean {
    return this.#items.size === 0;
  }

  add(item: T): void {
    if (this.#isClosed) return;
    const now = performance.now();
    if (this.#items.size === 0) this.#firstAt = now;
    this.#items.add(item);
    if (this.#isDue) return;
    const { burst, mostMs } = this.#terms;
    const quietMs = burst !== undefined && this.#items.size > burst.size ? burst.quietMs : this.#terms.quietMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#due(), Math.max(0, Math.min(quietMs, this.#firstAt + mostMs - now)));
  }

  /** Ends the iteration; what waits is dropped. */
  close(): void {
    clearTimeout(this.#timer);
    this.#isClosed = true;
    this.#items.clear();
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ReadonlySet<T>> {
    while (!this.#isClosed) {
      if (!this.#isDue) {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
        continue;
      }
      const items = this.#items;
      this.#items = new Set();
      this.#isDue = false;
      yield items;
    }
  }

  #due(): void {
    this.#isDue = true;
    this.#wake();
  }
}
