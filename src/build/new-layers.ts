/** Layers that a build makes: used where they were made, and the store's when the build is over, all in one go. */
import { readdirSync } from 'node:fs';
import { open, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { mediaTypes } from '../image/oci.ts';
import type { ImageStore } from '../image/store/store.ts';
import { writeLayer } from '../native/archive.ts';
import type { BuildCache, BuiltLayer, StepResult } from './cache.ts';

interface NewLayer extends BuiltLayer {
  readonly upper: string;
  readonly archive: string;
  readonly sizeBytes: number;
  readonly entries: number;
}

/**
 * To wait for the disk once serves all steps of a build, and none of them waits for it. A build that is killed has made
 * nothing; one that fails or is interrupted keeps what its steps had made until then.
 */
export class NewLayers {
  readonly #store: ImageStore;
  readonly #cache: BuildCache;
  #layers = new Map<string, NewLayer>();
  #results: (readonly [key: string, result: StepResult])[] = [];

  constructor(store: ImageStore, cache: BuildCache) {
    this.#store = store;
    this.#cache = cache;
  }

  /** Where a layer is, be it the store's or not yet. */
  readonly pathOf = (diffId: string): string => this.#layers.get(diffId)?.upper ?? this.#store.layers.path(diffId);

  /** Takes what a step has changed, `upper` in its directory; null when that is nothing. */
  async take(
    directory: string,
    options: { readonly sourceDateEpoch: number | null; readonly signal: AbortSignal },
  ): Promise<BuiltLayer | null> {
    const upper = join(directory, 'upper');
    if (readdirSync(upper).length === 0) return null;
    const archive = join(directory, 'layer.tar');
    const file = await open(archive, 'w', 0o600);
    let summary: Awaited<ReturnType<typeof writeLayer>>;
    try {
      summary = await writeLayer([upper], file.fd, { form: 'diff', compression: 'zstd', settles: true, ...options });
    } finally {
      await file.close();
    }
    if (summary.entries === 0) return null;
    const { diffId, digest, sizeBytes, entries, diffSizeBytes } = summary;
    const blob = { mediaType: mediaTypes.ociLayerZstd, digest, size: sizeBytes };
    if (!this.#layers.has(diffId)) {
      this.#layers.set(diffId, { diffId, blob, upper, archive, sizeBytes: diffSizeBytes, entries });
    }
    return { diffId, blob };
  }

  /** Remembers what a step has made, once it is in the store. */
  keep(key: string, result: StepResult): void {
    this.#results.push([key, result]);
  }

  /** Gives everything to the store, and then to the cache. */
  async commit(): Promise<void> {
    // Short, and to the end: what was made is whole.
    const { signal } = new AbortController();
    const layers = [...this.#layers.values()];
    const results = this.#results;
    this.#results = [];
    const { blobs } = this.#store;
    if (layers.length > 0) {
      // Before it is looked at what is there: that stays.
      this.#cache.pin(layers);
      await this.#store.disk.wait();
      for (const layer of layers) {
        if (!blobs.has(layer.blob.digest)) await rename(layer.archive, blobs.path(layer.blob.digest));
        await this.#publish(layer, signal);
        this.#layers.delete(layer.diffId);
      }
    }
    for (const [key, result] of results) await this.#cache.keep(key, result);
  }

  async #publish({ diffId, upper, sizeBytes, entries }: NewLayer, signal: AbortSignal): Promise<void> {
    await using layer = await this.#store.layers.begin(diffId, { signal });
    if (layer === null) return;
    await rmdir(layer.directory);
    await rename(upper, layer.directory);
    await layer.commit({ sizeBytes, entries, isOnDisk: true });
  }
}
