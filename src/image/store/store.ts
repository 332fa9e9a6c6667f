/** The images of a user: content-addressed, shared by all projects, safe between processes. */
import { mkdirSync } from 'node:fs';
import type { ResolvedImage } from '../../model/image.ts';
import { native } from '../../native/binding.ts';
import type { Paths } from '../../state/paths.ts';
import { hasErrno } from '../../util/errno.ts';
import { ComposeError } from '../../util/errors.ts';
import { type Descriptor, isSha256, type Platform } from '../oci.ts';
import { machine, parsePlatform } from '../platform.ts';
import { formatReference, parseReference, withDefaultTag } from '../reference.ts';
import { type BlobStore, openBlobs } from './blobs.ts';
import { type Catalog, openCatalog, type StoredReference } from './catalog.ts';
import { type LayerStore, openLayers } from './layers.ts';
import { type StoreLayout, storeLayout } from './layout.ts';
import { type Lease, takeLease } from './lease.ts';
import { makeRoom } from './reserve.ts';
import { asResolved, readImage, type StoredImage } from './resolve.ts';
import { type Disk, openDisk } from './sync.ts';

/**
 * What keeps the store whole, whoever is killed when:
 * - a blob has its name in `blobs/` only when all of it is on the disk and verified;
 * - a layer's directory counts only when the catalog has its record, which comes last;
 * - an image or a name is recorded only when everything it refers to is there;
 * - nothing is removed that a record, a living lease or a container needs (collect.ts).
 */
export interface ImageStore extends Disposable {
  readonly layout: StoreLayout;
  readonly catalog: Catalog;
  readonly blobs: BlobStore;
  readonly layers: LayerStore;
  /** What must be waited for before anything of the store counts. */
  readonly disk: Disk;
  /** Whoever adds to the store holds a lease on what it adds and relies on. */
  lease(): Promise<Lease>;
  /**
   * Records an image that is whole: its manifest, configuration and layers are here, the layers unpacked. Throws
   * IMAGE_NOT_FOUND when they are not.
   */
  addImage(manifest: Descriptor, platform?: Platform): Promise<StoredImage>;
  /** Lets a name stand for a manifest or an index that is here. */
  tag(reference: string, target: Descriptor): void;
  /** What a name, with its default tag, or an image's id or the beginning of it stands for; null: nothing. */
  find(name: string): Descriptor | null;
  /** What is recorded of a name, with its default tag. */
  reference(name: string): StoredReference | null;
  /** The image of a name for a platform, this machine's unless said otherwise. Throws IMAGE_NOT_FOUND, UNSUPPORTED. */
  image(name: string, platform?: Platform): Promise<StoredImage>;
  /** One that is listed, whatever its platform. */
  readImage(image: { readonly manifestDigest: string; readonly platform: string }): Promise<StoredImage>;
  /** The same, ready to run. Throws IMAGE_NOT_FOUND also when a layer is not unpacked. */
  resolveImage(name: string, platform?: Platform): Promise<ResolvedImage>;
}

/**
 * Opens the store, making it when missing. Throws NO_SPACE or KERNEL when the disk does not take what it writes, and
 * NO_PERMISSION for the store of somebody else.
 */
export function openImageStore(paths: Pick<Paths, 'images'>): ImageStore {
  const layout = storeLayout(paths);
  for (const directory of [layout.blobs, layout.ingest, layout.layers, layout.locks, layout.leases, layout.trash]) {
    // Set-uid programs and device nodes of images are nobody's but ours on the host.
    makeDirectory(directory);
  }
  makeRoom(layout.root, layout.reserve);
  const catalog = openCatalog(layout.catalog);
  const blobs = openBlobs(layout);
  const disk = openDisk(() => native().syncFilesystem(layout.root));
  const layers = openLayers(layout, catalog, disk);

  const find = (name: string): Descriptor | null => {
    // A whole id is no name; the beginning of one might be.
    if (/^(?:sha256:)?[0-9a-f]{64}$/.test(name)) return findById(catalog, name);
    return catalog.reference(canonicalName(name))?.target ?? findById(catalog, name);
  };
  const image = async (name: string, platform: Platform = machine()): Promise<StoredImage> => {
    const target = find(name);
    if (target === null) throw absent(name);
    return await readImage(blobs, name, target, platform);
  };
  return {
    layout,
    catalog,
    blobs,
    layers,
    disk,
    lease: () => takeLease(layout, catalog),
    async addImage(manifest, platform = machine()) {
      const stored = await readImage(blobs, manifest.digest, manifest, platform);
      requireWhole(stored, blobs, layers);
      catalog.saveImage({ manifest: stored.descriptor, id: stored.id });
      return stored;
    },
    tag(reference, target) {
      if (!blobs.has(target.digest)) throw absent(target.digest);
      catalog.saveReference(canonicalName(reference), target);
    },
    find,
    reference: (name) => catalog.reference(canonicalName(name)),
    image,
    async readImage({ manifestDigest, platform }) {
      const record = catalog.images().find(({ manifest }) => manifest.digest === manifestDigest);
      if (record === undefined) throw absent(manifestDigest);
      return await readImage(blobs, manifestDigest, record.manifest, parsePlatform(platform));
    },
    async resolveImage(name, platform) {
      const stored = await image(name, platform);
      requireUnpacked(stored, layers);
      return asResolved(layout, stored);
    },
    [Symbol.dispose]: () => catalog[Symbol.dispose](),
  };
}

/** `domain/repository:tag`, or `domain/repository@digest` where there is one: the digest says all. Throws INVALID. */
export function canonicalName(name: string): string {
  const reference = withDefaultTag(parseReference(name));
  return formatReference(reference.digest === null ? reference : { ...reference, tag: null });
}

/** An id of at least four digits, with or without its algorithm, or the digest of a manifest. */
function findById(catalog: Catalog, name: string): Descriptor | null {
  const [, hex] = /^(?:sha256:)?([0-9a-f]{4,64})$/.exec(name) ?? [];
  if (hex === undefined) return null;
  const prefix = `sha256:${hex}`;
  const found = catalog.images().filter(({ id, manifest }) => id.startsWith(prefix) || manifest.digest === prefix);
  if (new Set(found.map(({ id }) => id)).size > 1) {
    throw new ComposeError('INVALID', `${name} is the beginning of several images' ids`, { hint: 'give more digits' });
  }
  return found[0]?.manifest ?? null;
}

function requireWhole(stored: StoredImage, blobs: BlobStore, layers: LayerStore): void {
  const missing = stored.manifest.layers.find(({ digest }) => !blobs.has(digest));
  if (missing !== undefined) throw absent(missing.digest);
  requireUnpacked(stored, layers);
}

function requireUnpacked({ reference, document }: StoredImage, layers: LayerStore): void {
  const missing = document.rootfs.diff_ids.find((diffId) => !layers.has(diffId));
  if (missing === undefined) return;
  throw new ComposeError('IMAGE_NOT_FOUND', `image ${reference} is not whole: layer ${missing} is not unpacked`, {
    hint: 'pull it again',
  });
}

/** IMAGE_NOT_FOUND. */
export function absent(name: string): ComposeError {
  return new ComposeError(
    'IMAGE_NOT_FOUND',
    `image ${isSha256(name) ? name.slice(0, 19) : name} is not on this machine`,
  );
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    if (!hasErrno(error, 'EACCES') && !hasErrno(error, 'EROFS')) throw error;
    throw new ComposeError('NO_PERMISSION', `cannot use the image store: ${(error as Error).message}`, {
      hint: 'run the command as the user who owns it, or name a directory of your own: --state-dir DIR',
      cause: error,
    });
  }
}
