/** What steps have made before: a step that reads what it read then makes the same again. */
import { mkdirSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Descriptor } from '../image/oci.ts';
import type { ImageStore } from '../image/store/store.ts';
import { sha256 } from '../native/digest.ts';
import type { Paths } from '../state/paths.ts';
import { replaceFile } from '../util/files.ts';

/** Raise when equal keys may mean other results. */
const keyVersion = 2;

/** A layer that is in the store, unpacked, with its archive. */
export interface BuiltLayer {
  readonly diffId: string;
  readonly blob: Descriptor;
}

export interface StepResult {
  /** Null: the step changed no file. */
  readonly layer: BuiltLayer | null;
  readonly createdAt: string;
}

/** Digest of what a key is made of. */
export function cacheKey(parts: object): string {
  return sha256(JSON.stringify([keyVersion, parts]));
}

/** Who pins the layers of results. */
export const cacheOwner = 'build-cache';

export class BuildCache {
  readonly #directory: string;
  readonly #texts: string;
  readonly #store: ImageStore;

  constructor(paths: Paths, store: ImageStore) {
    this.#directory = join(paths.buildCache, 'steps');
    this.#store = store;
    this.#texts = join(paths.buildCache, 'texts');
    for (const each of [this.#directory, this.#texts]) mkdirSync(each, { recursive: true, mode: 0o711 });
  }

  /** What the step made, if all of it is still there. */
  find(key: string): StepResult | null {
    const path = `${this.#directory}/${key}`;
    let result: StepResult;
    try {
      result = JSON.parse(readFileSync(path, 'utf8')) as StepResult;
    } catch {
      return null;
    }
    const { layer } = result;
    if (layer !== null && !(this.#store.layers.has(layer.diffId) && this.#store.blobs.has(layer.blob.digest)))
      return null;
    const now = new Date();
    utimesSync(path, now, now);
    return result;
  }

  /** Something else that was worked out before. */
  findText(key: string): string | null {
    try {
      return readFileSync(`${this.#texts}/${key}`, 'utf8');
    } catch {
      return null;
    }
  }

  async keepText(key: string, text: string): Promise<void> {
    await replaceFile(join(this.#texts, key), text, 0o600);
  }

  /** Keeps layers in the store, as long as a result has them. */
  pin(layers: readonly BuiltLayer[]): void {
    this.#store.catalog.pin(
      cacheOwner,
      layers.flatMap(({ diffId, blob }) => [diffId, blob.digest]),
    );
  }

  async keep(key: string, result: StepResult): Promise<void> {
    await replaceFile(join(this.#directory, key), JSON.stringify(result), 0o600);
  }
}
