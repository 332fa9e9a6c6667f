import type { WatchEvent } from '../../model/watch.ts';

export interface WatchSwitchOptions {
  /** Watches until the signal is aborted (watchProject). */
  readonly watch: (signal: AbortSignal, tell: (event: WatchEvent) => void) => Promise<void>;
  readonly tell: (event: WatchEvent) => void;
  /** It is over; null: because it was turned off. */
  readonly ended: (error: unknown) => void;
}

/** A watch that is turned on and off while something else goes on. */
export class WatchSwitch {
  readonly #options: WatchSwitchOptions;
  #running: { readonly off: AbortController; readonly done: Promise<void> } | undefined;
  #work = 0;

  constructor(options: WatchSwitchOptions) {
    this.#options = options;
  }

  get isOn(): boolean {
    return this.#running !== undefined;
  }

  /** Whether containers end because of a change: nobody has to do anything about it. */
  get isWorking(): boolean {
    return this.#work > 0;
  }

  toggle(): void {
    if (this.#running === undefined) this.#turnOn();
    else this.#running.off.abort();
  }

  /** Turns it off, and waits until what it was about is over. */
  async stop(): Promise<void> {
    const running = this.#running;
    running?.off.abort();
    await running?.done;
  }

  #turnOn(): void {
    const off = new AbortController();
    const over = (error: unknown): void => {
      this.#running = undefined;
      this.#work = 0;
      this.#options.ended(error);
    };
    const done = this.#options
      .watch(off.signal, (event) => {
        this.#note(event);
        this.#options.tell(event);
      })
      .then(() => over(null), over);
    this.#running = { off, done };
  }

  #note(event: WatchEvent): void {
    if (event.type === 'restarting' || event.type === 'rebuilding' || event.type === 'reloading') this.#work++;
    const isEnd = event.type === 'restarted' || event.type === 'rebuilt' || event.type === 'reloaded';
    const isFailure = event.type === 'failed' && /^(?:restart|rebuild|reload)$/.test(event.doing);
    if (isEnd || isFailure) this.#work = Math.max(0, this.#work - 1);
  }
}
