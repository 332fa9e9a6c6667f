/** Images as files: the OCI layout, and Docker's archive, which is one with a few documents more. */
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ComposeError } from '../../util/errors.ts';
import {
  type Descriptor,
  describe,
  hexOf,
  type Index,
  isIndex,
  isIndexType,
  isManifestType,
  mediaTypes,
  type Platform,
  parseManifest,
} from '../oci.ts';
import { machine, suits } from '../platform.ts';
import { familiarName, parseReference } from '../reference.ts';
import type { StoredImage } from '../store/resolve.ts';
import { canonicalName, type ImageStore } from '../store/store.ts';
import { formatTarHeader, tarEnd, tarPadding } from './tar.ts';

/** `docker-archive` is readable as `oci-archive` too. */
export type ArchiveForm = 'docker-archive' | 'oci-archive' | 'oci-dir';

export interface SavedImage {
  /** This machine's variant, if it is one of several. */
  readonly image: StoredImage;
  /** Of an image for several platforms: those that are saved, and the index that has them and nothing else. */
  readonly several: {
    readonly images: readonly StoredImage[];
    readonly index: Descriptor;
    readonly bytes: Buffer;
  } | null;
  /** Whole names with a tag that it is saved under; none: it was asked for by its id. */
  readonly names: readonly string[];
}

/** A file of the layout: made up here, or a blob of the store. */
interface Part {
  readonly name: string;
  readonly size: number;
  readonly content: Buffer | { readonly path: string };
}

/**
 * The images of `names`, each once with all its names; of one for several platforms those that are named, or all that are
 * here. Throws IMAGE_NOT_FOUND, UNSUPPORTED.
 */
export async function imagesToSave(
  store: ImageStore,
  names: readonly string[],
  platforms: readonly Platform[] = [],
): Promise<SavedImage[]> {
  const found = new Map<string, SavedImage>();
  for (const name of names) {
    const images = await variantsOf(store, name, platforms);
    const image = images.find(isForThisMachine) ?? images[0] ?? (await store.image(name, platforms[0] ?? machine()));
    const several = images.length > 1 ? await severalOf(store, image.target, images) : null;
    const key = several?.index.digest ?? image.descriptor.digest;
    const isId =
      /^(?:sha256:)?[0-9a-f]{4,64}$/.test(name) && store.catalog.reference(canonicalNameOrEmpty(name)) === null;
    const own = isId || name.includes('@') ? [] : [canonicalName(name)];
    const before = found.get(key)?.names ?? [];
    found.set(key, { image, several, names: [...new Set([...before, ...own])] });
  }
  return [...found.values()];
}

/** Empty: it is for one platform. */
async function variantsOf(store: ImageStore, name: string, platforms: readonly Platform[]): Promise<StoredImage[]> {
  if (platforms.length > 0) return await Promise.all(platforms.map((platform) => store.image(name, platform)));
  const target = store.find(name);
  const index = target !== null && isIndexType(target.mediaType) ? await indexAt(store, target) : null;
  const images: StoredImage[] = [];
  for (const { platform, mediaType } of index?.manifests ?? []) {
    if (platform === undefined || platform.os === 'unknown' || !isManifestType(mediaType)) continue;
    try {
      const image = await store.image(name, platform);
      const isWhole = image.manifest.layers.every(({ digest }) => store.blobs.has(digest));
      if (isWhole && !images.some(({ id }) => id === image.id)) images.push(image);
    } catch (error) {
      if (!(error instanceof ComposeError && error.code === 'IMAGE_NOT_FOUND')) throw error;
    }
  }
  return images;
}

async function indexAt(store: ImageStore, target: Descriptor): Promise<Index | null> {
  const document = parseManifest(await store.blobs.read(target.digest), target.mediaType, target.digest);
  return isIndex(document) ? document : null;
}

/** The index as it is when all its images are saved, so that its digest stays; else one of those that are. */
async function severalOf(
  store: ImageStore,
  target: Descriptor,
  images: readonly StoredImage[],
): Promise<NonNullable<SavedImage['several']>> {
  const index = isIndexType(target.mediaType) ? await indexAt(store, target) : null;
  const saved = new Set(images.map(({ descriptor }) => descriptor.digest));
  if (index?.manifests.every(({ digest }) => saved.has(digest))) {
    return { images, index: target, bytes: await store.blobs.read(target.digest) };
  }
  const manifests = index?.manifests.filter(({ digest }) => saved.has(digest)) ?? [];
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
  return { images, index: describe(mediaTypes.ociIndex, bytes), bytes };
}

function isForThisMachine({ document }: StoredImage): boolean {
  return suits({ os: document.os || 'linux', architecture: document.architecture }, machine());
}

/** The archive's bytes. Deterministic: equal images give equal archives. */
export async function* saveArchive(
  store: ImageStore,
  images: readonly SavedImage[],
  form: 'docker-archive' | 'oci-archive',
): AsyncGenerator<Uint8Array> {
  const parts = await partsOf(store, images, form);
  for (const directory of ['blobs/', 'blobs/sha256/']) yield formatTarHeader(directory, 0, { isDirectory: true });
  for (const { name, size, content } of parts) {
    yield formatTarHeader(name, size);
    if (Buffer.isBuffer(content)) yield content;
    else yield* createReadStream(content.path, { highWaterMark: 1024 * 1024 });
    yield tarPadding(size);
  }
  yield tarEnd;
}

/** The same as a directory, which must be empty or absent. Throws INVALID. */
export async function saveDirectory(
  store: ImageStore,
  images: readonly SavedImage[],
  directory: string,
): Promise<void> {
  const parts = await partsOf(store, images, 'oci-dir');
  await mkdir(join(directory, 'blobs/sha256'), { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new ComposeError('INVALID', `cannot save to ${directory}: ${error.code}`, { cause: error });
  });
  if (
    (await readdir(directory)).some((name) => name !== 'blobs') ||
    (await readdir(join(directory, 'blobs/sha256'))).length > 0
  ) {
    throw new ComposeError('INVALID', `cannot save to ${directory}: it is not empty`);
  }
  // The index last: with it the layout is whole.
  const isIndex = ({ name }: Part) => name === 'index.json';
  for (const { name, content } of [...parts.filter((part) => !isIndex(part)), ...parts.filter(isIndex)]) {
    const path = join(directory, name);
    await mkdir(dirname(path), { recursive: true });
    if (Buffer.isBuffer(content)) await writeFile(path, content);
    else await copyFile(content.path, path);
  }
}

async function partsOf(store: ImageStore, images: readonly SavedImage[], form: ArchiveForm): Promise<Part[]> {
  const blobs = new Map<string, Descriptor>();
  for (const image of images.flatMap((saved) => saved.several?.images ?? [saved.image])) {
    for (const each of [image.descriptor, image.manifest.config, ...image.manifest.layers])
      blobs.set(each.digest, each);
  }
  const parts: Part[] = [...blobs.values()].map(({ digest, size }) => {
    if (store.blobs.sizeOf(digest) !== size) {
      throw new ComposeError(
        'IMAGE_NOT_FOUND',
        `cannot save the image: blob ${digest} is not whole in the image store`,
        {
          hint: 'pull or build the image again',
        },
      );
    }
    return { name: blobName(digest), size, content: { path: store.blobs.path(digest) } };
  });
  const put = (name: string, content: Buffer) => parts.push({ name, size: content.length, content });
  const add = (name: string, value: unknown) => put(name, Buffer.from(JSON.stringify(value)));
  for (const { several } of images) if (several !== null) put(blobName(several.index.digest), several.bytes);
  add('index.json', indexOf(images));
  if (form === 'docker-archive') {
    add('manifest.json', images.map(dockerEntry));
    const repositories = repositoriesOf(images);
    if (Object.keys(repositories).length > 0) add('repositories', repositories);
  }
  add('oci-layout', { imageLayoutVersion: '1.0.0' });
  return parts.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function indexOf(images: readonly SavedImage[]): object {
  const manifests = images.flatMap(({ image, several, names }) => {
    const { mediaType, digest, size } = several?.index ?? image.descriptor;
    const { os, architecture, variant } = image.document;
    const platform = { architecture, os: os || 'linux', ...(variant === undefined ? {} : { variant }) };
    const own = { mediaType: mediaType || image.manifest.mediaType, digest, size };
    const descriptor = several === null ? { ...own, platform } : own;
    if (names.length === 0) return [descriptor];
    return names.map((name) => ({
      ...descriptor,
      // containerd's key has the whole name, the specification's the tag, as Docker writes both.
      annotations: {
        'io.containerd.image.name': name,
        'org.opencontainers.image.ref.name': parseReference(name).tag ?? 'latest',
      },
    }));
  });
  return { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
}

function dockerEntry({ image, names }: SavedImage): object {
  return {
    Config: blobName(image.id),
    RepoTags: names.length === 0 ? null : names.map((name) => familiarName(parseReference(name))),
    Layers: image.manifest.layers.map(({ digest }) => blobName(digest)),
  };
}

/** Docker's oldest list: repository → tag → top layer. */
function repositoriesOf(images: readonly SavedImage[]): Record<string, Record<string, string>> {
  const repositories: Record<string, Record<string, string>> = {};
  for (const { image, names } of images) {
    const top = image.manifest.layers.at(-1)?.digest;
    if (top === undefined) continue;
    for (const name of names) {
      const reference = parseReference(name);
      const repository = familiarName({ ...reference, tag: null });
      repositories[repository] = { ...repositories[repository], [reference.tag ?? 'latest']: hexOf(top) };
    }
  }
  return repositories;
}

function blobName(digest: string): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

function canonicalNameOrEmpty(name: string): string {
  try {
    return canonicalName(name);
  } catch {
    // An id with its algorithm is no name.
    return '';
  }
}
