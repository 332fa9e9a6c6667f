/** Images as files: the OCI layout, and Docker's archive, which is one with a few documents more. */
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ComposeError } from '../../util/errors.ts';
import { type Descriptor, hexOf, mediaTypes, type Platform } from '../oci.ts';
import { machine } from '../platform.ts';
import { familiarName, parseReference } from '../reference.ts';
import type { StoredImage } from '../store/resolve.ts';
import { canonicalName, type ImageStore } from '../store/store.ts';
import { formatTarHeader, tarEnd, tarPadding } from './tar.ts';

/** `docker-archive` is readable as `oci-archive` too. */
export type ArchiveForm = 'docker-archive' | 'oci-archive' | 'oci-dir';

export interface SavedImage {
  readonly image: StoredImage;
  /** Whole names with a tag that it is saved under; none: it was asked for by its id. */
  readonly names: readonly string[];
}

/** A file of the layout: made up here, or a blob of the store. */
interface Part {
  readonly name: string;
  readonly size: number;
  readonly content: Buffer | { readonly path: string };
}

/** The images of `names`, each once with all its names. Throws IMAGE_NOT_FOUND, UNSUPPORTED. */
export async function imagesToSave(
  store: ImageStore,
  names: readonly string[],
  platform: Platform = machine(),
): Promise<SavedImage[]> {
  const found = new Map<string, SavedImage>();
  for (const name of names) {
    const image = await store.image(name, platform);
    const isId =
      /^(?:sha256:)?[0-9a-f]{4,64}$/.test(name) && store.catalog.reference(canonicalNameOrEmpty(name)) === null;
    const own = isId || name.includes('@') ? [] : [canonicalName(name)];
    const before = found.get(image.descriptor.digest)?.names ?? [];
    found.set(image.descriptor.digest, { image, names: [...new Set([...before, ...own])] });
  }
  return [...found.values()];
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
  for (const { image } of images) {
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
  const add = (name: string, value: unknown): void => {
    const content = Buffer.from(JSON.stringify(value));
    parts.push({ name, size: content.length, content });
  };
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
  const manifests = images.flatMap(({ image, names }) => {
    const { mediaType, digest, size } = image.descriptor;
    const { os, architecture, variant } = image.document;
    const platform = { architecture, os: os || 'linux', ...(variant === undefined ? {} : { variant }) };
    const descriptor = { mediaType: mediaType || image.manifest.mediaType, digest, size, platform };
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
