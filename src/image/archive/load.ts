/** Saved images into the store. */
import { createHash } from 'node:crypto';
import { ComposeError } from '../../util/errors.ts';
import {
  type Descriptor,
  type ImageDocument,
  isIndex,
  isIndexType,
  isManifestType,
  type Manifest,
  mediaTypes,
  type Platform,
  parseImageDocument,
  parseManifest,
  sha256,
} from '../oci.ts';
import { formatPlatform, machine, selectManifest } from '../platform.ts';
import { Slots } from '../pull.ts';
import { type LayerProgress, pullLayer } from '../pull-layer.ts';
import { parseReference } from '../reference.ts';
import type { Lease } from '../store/lease.ts';
import { mismatch, type StoredImage } from '../store/resolve.ts';
import { canonicalName, type ImageStore } from '../store/store.ts';
import { mediaTypeOfLayer } from './compression.ts';
import type { ArchiveSource } from './source.ts';

export interface LoadOptions {
  readonly signal: AbortSignal;
  /** Which variant of an image for several platforms. */
  readonly platform?: Platform;
  readonly onLayer?: (progress: LayerProgress) => void;
}

export interface LoadedImage {
  readonly image: StoredImage;
  /** Whole names; none: the archive does not say any. */
  readonly names: readonly string[];
}

const maxLayersAtOnce = 4;

/**
 * Loads every image of an archive. Names change when all of their image is there; what is loaded before a failure stays.
 * Throws INVALID, LIMIT, NO_SPACE.
 */
export async function loadArchive(
  store: ImageStore,
  archive: ArchiveSource,
  options: LoadOptions,
): Promise<LoadedImage[]> {
  await using lease = await store.lease();
  const loader = new Loader(store, archive, lease, options);
  if (archive.has('index.json')) return await loader.layout();
  if (archive.has('manifest.json')) return await loader.docker();
  throw new ComposeError('INVALID', `cannot load ${archive.what}: it has neither index.json nor manifest.json`, {
    hint: 'a file system goes with: tscompose image import',
  });
}

/**
 * Loads one image of an OCI layout, and no name: the one with a digest or a tag (`latest`), or the only one there is.
 * What the image is made of is kept by `lease`. Throws IMAGE_NOT_FOUND, INVALID, LIMIT, NO_SPACE, UNSUPPORTED.
 */
export async function loadImage(
  archive: ArchiveSource,
  which: { readonly tag: string | null; readonly digest: string | null },
  {
    store,
    lease,
    ...options
  }: LoadOptions & {
    readonly store: ImageStore;
    readonly lease: Lease;
    readonly platform: Platform;
  },
): Promise<StoredImage> {
  return await new Loader(store, archive, lease, options).image(which, options.platform);
}

/** An entry of Docker's manifest.json. */
interface DockerEntry {
  readonly config: string;
  readonly tags: readonly string[];
  readonly layers: readonly string[];
}

class Loader {
  readonly #store: ImageStore;
  readonly #archive: ArchiveSource;
  readonly #lease: Lease;
  readonly #options: LoadOptions;
  readonly #slots = new Slots(maxLayersAtOnce);

  constructor(store: ImageStore, archive: ArchiveSource, lease: Lease, options: LoadOptions) {
    this.#store = store;
    this.#archive = archive;
    this.#lease = lease;
    this.#options = options;
  }

  /** One image of an OCI layout. */
  async image(
    { tag, digest }: { readonly tag: string | null; readonly digest: string | null },
    platform: Platform,
  ): Promise<StoredImage> {
    const targets = await this.#targets();
    const named = (target: Descriptor) => nameTexts(target).includes(tag ?? 'latest');
    const found =
      digest === null
        ? (targets.find(named) ?? (tag === null && targets.length === 1 ? targets[0] : undefined))
        : targets.find((target) => target.digest === digest);
    const { what } = this.#archive;
    if (found === undefined) {
      const known = targets.map((target) => nameTexts(target).at(-1) ?? target.digest).join(', ') || 'none';
      const message = `there is no image ${digest ?? tag ?? 'latest'} in ${what}`;
      throw new ComposeError('IMAGE_NOT_FOUND', message, { hint: `its images: ${known}` });
    }
    const loaded = await this.#imageOf(found);
    if (loaded !== null) return await this.#store.image(loaded.image.descriptor.digest, platform);
    throw mismatch(what, platform, []);
  }

  /** An OCI layout, which a newer Docker archive is too: then that tells the names. */
  async layout(): Promise<LoadedImage[]> {
    const tags = await this.#dockerTags();
    const loaded = new Map<string, LoadedImage>();
    for (const target of await this.#targets()) {
      const found = await this.#imageOf(target);
      if (found === null) continue;
      const { image, documents } = found;
      const names = [...namesOf(target), ...(tags.get(image.id) ?? [])];
      for (const name of names) this.#store.tag(name, documents);
      const before = loaded.get(image.id)?.names ?? [];
      loaded.set(image.id, { image, names: [...new Set([...before, ...names])] });
    }
    if (loaded.size === 0) {
      throw this.#invalid(`there is no image for ${formatPlatform(this.#options.platform ?? machine())} in it`);
    }
    return [...loaded.values()];
  }

  /** What the index of a layout lists; attestations and alike are no images. */
  async #targets(): Promise<Descriptor[]> {
    const { what } = this.#archive;
    const index = parseManifest(await this.#archive.document('index.json'), mediaTypes.ociIndex, `${what}: index.json`);
    if (!isIndex(index)) throw this.#invalid('index.json is no index');
    return index.manifests.filter(({ mediaType }) => isManifestType(mediaType) || isIndexType(mediaType));
  }

  /** Docker's own archive. */
  async docker(): Promise<LoadedImage[]> {
    const loaded: LoadedImage[] = [];
    for (const entry of await this.#dockerEntries()) {
      const bytes = await this.#archive.document(entry.config);
      const document = parseImageDocument(bytes, `${this.#archive.what}: ${entry.config}`);
      const diffIds = document.rootfs.diff_ids;
      if (diffIds.length !== entry.layers.length)
        throw this.#invalid('an image has another number of layers than it says');
      const layers: Descriptor[] = [];
      for (const [index, name] of entry.layers.entries()) layers.push(await this.#describe(name, diffIds[index] ?? ''));
      const config = { mediaType: mediaTypes.ociConfig, digest: sha256(bytes), size: bytes.length };
      const body = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers };
      const manifestBytes = Buffer.from(JSON.stringify(body));
      const manifest: Manifest = { ...body, annotations: {} };
      const files = new Map(layers.map(({ digest }, index) => [digest, entry.layers[index] ?? '']));
      const target = { mediaType: mediaTypes.ociManifest, digest: sha256(manifestBytes), size: manifestBytes.length };
      const image = await this.#add({ target, bytes: manifestBytes, manifest, config: bytes, document }, files);
      const names = entry.tags.map(canonicalName);
      for (const name of names) this.#store.tag(name, image.descriptor);
      loaded.push({ image, names });
    }
    return loaded;
  }

  /** The image of a descriptor, in the variant that is wanted; null when it is not in the archive. */
  async #imageOf(target: Descriptor): Promise<{ image: StoredImage; documents: Descriptor } | null> {
    if (!this.#archive.has(blobName(target.digest))) return null;
    const { what } = this.#archive;
    const bytes = await this.#verified(target);
    const document = parseManifest(bytes, target.mediaType, `${what}: ${target.digest}`);
    if (isIndex(document)) {
      const selected = selectManifest(document, this.#options.platform ?? machine());
      const found = selected === null || isIndexType(selected.mediaType) ? null : await this.#imageOf(selected);
      if (found === null) return null;
      this.#lease.protect(target.digest);
      for (const other of this.#options.platform === undefined ? document.manifests : []) {
        // Its other variants too, as far as they are here.
        if (other !== selected && isManifestType(other.mediaType)) await this.#imageOf(other);
      }
      return { image: found.image, documents: await this.#store.blobs.put(document.mediaType, bytes) };
    }
    const config = await this.#verified(document.config);
    const image = await this.#add(
      {
        target: { mediaType: document.mediaType, digest: target.digest, size: bytes.length },
        bytes,
        manifest: document,
        config,
        document: parseImageDocument(config, `${what}: ${document.config.digest}`),
      },
      new Map(document.layers.map(({ digest }) => [digest, blobName(digest)])),
    );
    return { image, documents: image.descriptor };
  }

  /** Puts an image into the store; `files`: where in the archive each of its layers is. */
  async #add(
    image: {
      readonly target: Descriptor;
      readonly bytes: Buffer;
      readonly manifest: Manifest;
      readonly config: Buffer;
      readonly document: ImageDocument;
    },
    files: ReadonlyMap<string, string>,
  ): Promise<StoredImage> {
    const { target, bytes, manifest, config, document } = image;
    const diffIds = document.rootfs.diff_ids;
    if (diffIds.length !== manifest.layers.length)
      throw this.#invalid('an image has another number of layers than it says');
    const layers = new Map(
      manifest.layers.map((descriptor, index) => [descriptor.digest, { descriptor, diffId: diffIds[index] ?? '' }]),
    );
    this.#lease.protect(target.digest, manifest.config.digest, ...layers.keys(), ...diffIds);
    await this.#store.blobs.put(manifest.config.mediaType, config);
    await this.#eachLayer([...layers.values()], files);
    const stored = await this.#store.blobs.put(target.mediaType, bytes);
    // Also an image for another machine may be kept here.
    const { os, architecture, variant } = document;
    return await this.#store.addImage(stored, {
      os: os || 'linux',
      architecture,
      ...(variant === undefined ? {} : { variant }),
    });
  }

  /** Side by side; the first failure ends the others, which are waited for. */
  async #eachLayer(
    layers: readonly { readonly descriptor: Descriptor; readonly diffId: string }[],
    files: ReadonlyMap<string, string>,
  ): Promise<void> {
    const failed = new AbortController();
    const signal = AbortSignal.any([this.#options.signal, failed.signal]);
    const work = layers.map(({ descriptor, diffId }) =>
      this.#slots.run(signal, () =>
        pullLayer(this.#store, {
          descriptor,
          diffId,
          fetch: (offset) => this.#archive.read(files.get(descriptor.digest) ?? '', offset),
          signal,
          report: (progress) => this.#options.onLayer?.(progress),
        }),
      ),
    );
    for (const each of work) each.catch((error: unknown) => failed.abort(error));
    await Promise.allSettled(work);
    signal.throwIfAborted();
  }

  /** A layer of a Docker archive, whose name says nothing. What is not compressed has the digest of its content. */
  async #describe(name: string, diffId: string): Promise<Descriptor> {
    const size = this.#archive.sizeOf(name);
    const mediaType = await mediaTypeOfLayer(this.#archive.read(name));
    if (mediaType === mediaTypes.ociLayer) return { mediaType, digest: diffId, size };
    return { mediaType, digest: await digestOf(this.#archive.read(name), this.#options.signal), size };
  }

  async #verified({ digest }: Descriptor): Promise<Buffer> {
    const bytes = await this.#archive.document(blobName(digest));
    if (sha256(bytes) !== digest) throw this.#invalid(`${digest} is not what it should be`);
    return bytes;
  }

  /** Whole names by image id. */
  async #dockerTags(): Promise<ReadonlyMap<string, readonly string[]>> {
    if (!this.#archive.has('manifest.json')) return new Map();
    const tags = new Map<string, string[]>();
    for (const { config, tags: own } of await this.#dockerEntries()) {
      const [, hex] = /([0-9a-f]{64})(?:\.json)?$/.exec(config) ?? [];
      const id = `sha256:${hex ?? ''}`;
      tags.set(id, [...(tags.get(id) ?? []), ...own.map(canonicalName)]);
    }
    return tags;
  }

  async #dockerEntries(): Promise<DockerEntry[]> {
    let list: unknown;
    try {
      list = JSON.parse((await this.#archive.document('manifest.json')).toString('utf8'));
    } catch (error) {
      if (error instanceof ComposeError) throw error;
      throw this.#invalid('manifest.json is not JSON');
    }
    if (!Array.isArray(list)) throw this.#invalid('manifest.json is no list');
    return list.map((entry: Readonly<Record<string, unknown>> | null) => {
      const { Config: config, RepoTags: tags, Layers: layers } = entry ?? {};
      if (typeof config !== 'string' || !isTexts(layers ?? []) || !isTexts(tags ?? [])) {
        throw this.#invalid('manifest.json cannot be understood');
      }
      return { config, tags: (tags ?? []) as string[], layers: (layers ?? []) as string[] };
    });
  }

  #invalid(reason: string): ComposeError {
    return new ComposeError('INVALID', `cannot load ${this.#archive.what}: ${reason}`);
  }
}

/** What an index calls an image: containerd's name is whole, the specification's may be a tag alone. */
function nameTexts({ annotations = {} }: Descriptor): string[] {
  return [annotations['io.containerd.image.name'], annotations['org.opencontainers.image.ref.name']].flatMap(
    (name) => name ?? [],
  );
}

/** Its names that are whole. */
function namesOf(target: Descriptor): string[] {
  const name = nameTexts(target).find((text) => /[:/]/.test(text));
  if (name === undefined) return [];
  try {
    const reference = parseReference(name);
    return reference.digest === null ? [canonicalName(name)] : [];
  } catch {
    // Any text may stand there.
    return [];
  }
}

async function digestOf(bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) {
    signal.throwIfAborted();
    hash.update(chunk);
  }
  return `sha256:${hash.digest('hex')}`;
}

function blobName(digest: string): string {
  return `blobs/sha256/${digest.slice('sha256:'.length)}`;
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
