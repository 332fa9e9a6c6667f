/** Runs changes one after the other: two commands, or a command and a repair, never touch the world at once. */
export class ChangeQueue {
  #tail: Promise<unknown> = Promise.resolve();
  #pending = 0;

  get isBusy(): boolean {
    return this.#pending > 0;
  }

  /** Runs `action` after all earlier ones, whatever became of them. A change whose signal is aborted first never begins. */
  async run<T>(action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.#pending++;
    const turn = this.#tail.then(async () => {
      signal?.throwIfAborted();
      return await action();
    });
    this.#tail = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      this.#pending--;
    }
  }

  /** Settles when nothing is left in the queue. */
  async drain(): Promise<void> {
    while (this.#pending > 0) await this.#tail;
  }
}
