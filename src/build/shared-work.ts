/** What builds of one command have in common: steps that several of them have are taken once. */
import type { ImageStore } from '../image/store/store.ts';
import type { BuildCache, StepResult } from './cache.ts';
import { NewLayers } from './new-layers.ts';

/**
 * New layers are moved into the store when no build is using them where they are: at the end of the last of those that
 * are at work. So whoever has come to its end waits for the others before its image is recorded.
 */
export class SharedWork {
  readonly layers: NewLayers;
  /** By key: what is being made, or was. */
  readonly results = new Map<string, Promise<StepResult>>();
  #active = 0;
  #round = Promise.withResolvers<void>();
  #commit: Promise<void> | null = null;

  constructor(store: ImageStore, cache: BuildCache) {
    this.layers = new NewLayers(store, cache);
  }

  /** Begins the work of a build. */
  async join(): Promise<void> {
    while (this.#commit !== null) await this.#commit;
    this.#active += 1;
  }

  /** Ends it. The promise settles when its layers are in the store; whoever has failed need not wait. */
  leave(): Promise<void> {
    this.#active -= 1;
    const { promise, resolve, reject } = this.#round;
    promise.catch(() => {});
    if (this.#active > 0) return promise;
    this.#round = Promise.withResolvers<void>();
    this.#commit = this.layers
      .commit()
      .then(resolve, reject)
      .finally(() => {
        this.#commit = null;
      });
    return promise;
  }

  /** Waits for what is on its way into the store. */
  async settle(): Promise<void> {
    await this.#commit;
  }
}
