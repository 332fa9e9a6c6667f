import type { FullView } from '../../ui/full/full-view.ts';
import type { DetailSources } from './details.ts';
import { FileChanges } from './file-changes.ts';
import { problemText } from './quiet-context.ts';

/**
 * Loads what the tab shows, and again when the files change that it was read from. One load at a time; what is asked for
 * meanwhile is loaded after it.
 */
export class DetailsLoader implements Disposable {
  readonly #view: FullView;
  readonly #sources: () => Omit<DetailSources, 'onFiles'> | undefined;
  readonly #changed: () => void;
  readonly #files = new FileChanges(() => this.load());
  #isLoading = false;
  #isStale = false;

  /** `sources` answers what there is to read from now; undefined: nothing yet. */
  constructor(view: FullView, sources: () => Omit<DetailSources, 'onFiles'> | undefined, changed: () => void) {
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

  [Symbol.dispose](): void {
    this.#files[Symbol.dispose]();
  }

  async #loadStale(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false;
      const { tab } = this.#view.state;
      const sources = this.#sources();
      if (tab !== 'plan') this.#files.follow([]);
      if (tab === 'logs' || sources === undefined || sources.context.signal.aborted) return;
      // What the first frame can do without is loaded when it is needed.
      const { detailLines } = await import('./details.ts');
      const lines = await detailLines(tab, {
        ...sources,
        onFiles: (files) => this.#files.follow(files),
      }).catch((error: unknown) => problemText(error).map((text) => [{ text: `  ${text}` }]));
      this.#view.setDetails(tab, lines);
      this.#changed();
    }
  }
}
