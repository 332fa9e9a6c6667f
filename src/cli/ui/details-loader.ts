import type { FullView } from '../../ui/full/full-view.ts';
import type { DetailSources } from './details.ts';
import { problemText } from './quiet-context.ts';

/** Loads what the tab shows. One load at a time; what is asked for meanwhile is loaded after it. */
export class DetailsLoader {
  readonly #view: FullView;
  readonly #sources: () => DetailSources | undefined;
  readonly #changed: () => void;
  #isLoading = false;
  #isStale = false;

  /** `sources` answers what there is to read from now; undefined: nothing yet. */
  constructor(view: FullView, sources: () => DetailSources | undefined, changed: () => void) {
    this.#view = view;
    this.#sources = sources;
    this.#changed = changed;
  }

  load(): void {
    this.#isStale = true;
    if (this.#isLoading) return;
    this.#isLoading = true;
    void this.#loadStale().finally(() => {
      this.#isLoading = false;
    });
  }

  async #loadStale(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false;
      const { tab } = this.#view.state;
      const sources = this.#sources();
      if (tab === 'logs' || sources === undefined || sources.context.signal.aborted) return;
      // What the first frame can do without is loaded when it is needed.
      const { detailLines } = await import('./details.ts');
      const lines = await detailLines(tab, sources).catch((error: unknown) =>
        problemText(error).map((text) => [{ text: `  ${text}` }]),
      );
      this.#view.setDetails(tab, lines);
      this.#changed();
    }
  }
}
