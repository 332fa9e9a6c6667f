import type { FullView } from '../../ui/full/full-view.ts';
import type { Context } from '../context.ts';
import { problemText } from './quiet-context.ts';

/** `watch` while the view is open: what it says is among the logs. */
export class WatchToggle {
  readonly #view: FullView;
  readonly #context: () => Context;
  readonly #changed: () => void;
  #watching: AbortController | undefined;
  #over: Promise<void> = Promise.resolve();

  constructor(view: FullView, context: () => Context, changed: () => void) {
    this.#view = view;
    this.#context = context;
    this.#changed = changed;
  }

  /** Settles when nothing is watched any more. */
  get over(): Promise<void> {
    return this.#over;
  }

  toggle(): void {
    if (this.#watching === undefined) this.#over = this.#watch();
    else this.#watching.abort();
  }

  async #watch(): Promise<void> {
    const abort = new AbortController();
    this.#watching = abort;
    this.#view.set({ isWatching: true });
    const context = this.#context();
    const signal = AbortSignal.any([context.signal, abort.signal]);
    try {
      const { watch } = await import('../commands/watch.ts');
      await watch.execute(['--no-up'], { ...context, signal });
    } catch (error) {
      if (!signal.aborted) this.#view.notify(`watch: ${problemText(error)[0] ?? ''}`, 'bad');
    }
    this.#watching = undefined;
    this.#view.set({ isWatching: false });
    this.#changed();
  }
}
