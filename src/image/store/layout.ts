import { join } from 'node:path';
import type { Paths } from '../../state/paths.ts';
import { hexOf } from '../oci.ts';

/** Where the parts of the image store are; all on one file system, so that a rename is enough to publish. */
export interface StoreLayout {
  readonly root: string;
  readonly catalog: string;
  /** Whole, verified blobs, read-only. */
  readonly blobs: string;
  /** What is being written: partial blobs, which are resumed, and layers, which are not. */
  readonly ingest: string;
  /** Unpacked layers, each a root directory for an overlay. */
  readonly layers: string;
  readonly locks: string;
  readonly leases: string;
  /** What nobody needs, on its way out. */
  readonly trash: string;
  /** Space that is given up when there is no other (reserve.ts). */
  readonly reserve: string;
  blob(digest: string): string;
  partialBlob(digest: string): string;
  layer(diffId: string): string;
  layerLock(diffId: string): string;
}

/** The layout below the data directory of a user. */
export function storeLayout({ images: root }: Pick<Paths, 'images'>): StoreLayout {
  const blobs = join(root, 'blobs/sha256');
  const ingest = join(root, 'ingest');
  const layers = join(root, 'layers');
  const locks = join(root, 'locks');
  return {
    root,
    catalog: join(root, 'catalog.db'),
    blobs,
    ingest,
    layers,
    locks,
    leases: join(root, 'leases'),
    trash: join(root, 'trash'),
    reserve: join(root, 'reserve'),
    // Not by join(), which looks at each letter: a build asks for hundreds.
    blob: (digest) => `${blobs}/${hexOf(digest)}`,
    partialBlob: (digest) => `${ingest}/${hexOf(digest)}`,
    layer: (diffId) => `${layers}/${hexOf(diffId)}`,
    layerLock: (diffId) => `${locks}/${hexOf(diffId)}`,
  };
}
