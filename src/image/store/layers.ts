/** Unpacked layers: each diff once, as a directory that overlayfs takes as a lower layer. */
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { native } from '../../native/binding.ts';
import { hexOf } from '../oci.ts';
import type { Catalog, LayerRecord } from './catalog.ts';
import type { StoreLayout } from './layout.ts';
import { lockPath } from './lock.ts';

export interface LayerStore {
  has(diffId: string): boolean;
  /** Where it is, or would be. */
  path(diffId: string): string;
  /**
   * Begins a layer, alone among all processes: another one that makes it is waited for. Null: it is there. What is not
   * committed is removed.
   */
  begin(diffId: string, options: { readonly signal: AbortSignal }): Promise<LayerWriter | null>;
}

export interface LayerWriter extends AsyncDisposable {
  /** The empty directory that becomes the layer's root. */
  readonly directory: string;
  /** Publishes the layer, with all that was put into the directory. */
  commit(facts: Omit<LayerRecord, 'diffId'>): Promise<void>;
}

export function openLayers(layout: StoreLayout, catalog: Catalog): LayerStore {
  const has = (diffId: string): boolean => catalog.layer(diffId) !== null && existsSync(layout.layer(diffId));
  return {
    has,
    path: layout.layer,
    async begin(diffId, { signal }) {
      if (has(diffId)) return null;
      const lock = await lockPath(layout.layerLock(diffId), signal);
      try {
        if (has(diffId)) {
          lock.release();
          return null;
        }
        const directory = join(layout.ingest, `layer-${hexOf(diffId)}`);
        // Somebody was killed while he made it, or before he wrote down that it was whole.
        await native().removeTree(layout.layer(diffId));
        await native().removeTree(directory);
        await mkdir(directory, { mode: 0o755 });
        return {
          directory,
          async commit(facts) {
            await rename(directory, layout.layer(diffId));
            catalog.saveLayer({ diffId, ...facts });
          },
          async [Symbol.asyncDispose]() {
            try {
              await native().removeTree(directory);
            } finally {
              lock.release();
            }
          },
        };
      } catch (error) {
        lock.release();
        throw error;
      }
    },
  };
}
