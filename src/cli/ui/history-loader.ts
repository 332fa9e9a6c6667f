import { setImmediate as breathe } from 'node:timers/promises';
import { readBack, readForth } from '../../logs/history.ts';
import { mergeByTime } from '../../logs/merge.ts';
import type { Paths } from '../../state/paths.ts';
import type { FullView } from '../../ui/full/full-view.ts';
import { type HistoryPage, HistoryPageBuilder, type HistoryRequest } from '../../ui/full/log-history.ts';
import { problemText } from './quiet-context.ts';

/** Reads from the log files what the view wants to show and has no more. */
export class HistoryLoader {
  readonly #view: FullView;
  readonly #paths: Paths;
  readonly #changed: () => void;
  #over: Promise<void> = Promise.resolve();

  constructor(view: FullView, paths: Paths, changed: () => void) {
    this.#view = view;
    this.#paths = paths;
    this.#changed = changed;
  }

  /** Settles when nothing is read any more. */
  get over(): Promise<void> {
    return this.#over;
  }

  /** Begins to read if something is asked for; whatever is being read then is not wanted any more. */
  load(): void {
    const request = this.#view.logs.reading.take();
    if (request === null) return;
    this.#over = Promise.all([this.#over, this.#read(request)]).then(() => {});
  }

  async #read(request: HistoryRequest): Promise<void> {
    try {
      this.#view.takePage(request, await this.#page(request));
    } catch (error) {
      if (request.signal.aborted) return;
      this.#view.logs.reading.cancel();
      this.#view.notify(`the log files cannot be read: ${problemText(error)[0] ?? ''}`, 'bad');
    }
    this.#changed();
    // The place that was wanted may be farther away still.
    this.load();
  }

  async #page(request: HistoryRequest): Promise<HistoryPage> {
    const { direction, from, sources, signal } = request;
    const isBack = direction === 'back';
    const ids = this.#view.state.services.flatMap(({ containerId }) => containerId ?? []);
    const logs = ids
      .filter((id) => sources === null || sources.has(id))
      .map((id) => {
        const path = this.#paths.container(id).log;
        return { source: id, records: isBack ? readBack(path, from) : readForth(path, from) };
      });
    const page = new HistoryPageBuilder(request);
    for await (const batch of mergeByTime(logs, isBack ? 'latest-first' : 'oldest-first')) {
      const lines = batch.map(({ source, record }) => ({ time: record.time, source, text: record.text }));
      if (page.take(lines)) break;
      this.#view.logs.reading.progress(request, page.count, page.time);
      this.#changed();
      // Keys are read between two batches.
      await breathe();
      signal.throwIfAborted();
    }
    return page.finish();
  }
}
