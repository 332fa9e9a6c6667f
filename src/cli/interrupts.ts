/** The reason of an abort by Ctrl-C or SIGTERM: it passes through everything untouched and is never printed. */
export class Interruption extends Error {
  readonly signalName: NodeJS.Signals;

  constructor(signalName: NodeJS.Signals) {
    super(`interrupted by ${signalName}`);
    this.name = 'AbortError';
    this.signalName = signalName;
  }
}

/** Whether an error means that the user interrupted us, whatever it was wrapped in on its way. */
export function isInterruption(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof Interruption) return true;
  }
  return false;
}

export type InterruptHandler = (signalName: NodeJS.Signals) => void;

/**
 * SIGINT and SIGTERM as values. Normally the first aborts `signal` and a second one ends the process; a command that means
 * something else by them takes them over for a while.
 */
export class Interrupts implements Disposable {
  readonly #controller = new AbortController();
  readonly #handlers: InterruptHandler[] = [];
  readonly #listener = (signalName: NodeJS.Signals) => this.#receive(signalName);

  constructor() {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, this.#listener);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Until it is disposed, `handler` gets the signals and `signal` stays as it is. */
  take(handler: InterruptHandler): Disposable {
    this.#handlers.push(handler);
    return {
      [Symbol.dispose]: () => {
        const index = this.#handlers.lastIndexOf(handler);
        if (index >= 0) this.#handlers.splice(index, 1);
      },
    };
  }

  [Symbol.dispose](): void {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.removeListener(name, this.#listener);
  }

  #receive(signalName: NodeJS.Signals): void {
    const handler = this.#handlers.at(-1);
    if (handler !== undefined) handler(signalName);
    else if (this.#controller.signal.aborted) process.exit(130);
    else this.#controller.abort(new Interruption(signalName));
  }
}
