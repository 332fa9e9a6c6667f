/** One layer on its way from a registry: downloaded, verified and unpacked in one go. */
import { unlink } from 'node:fs/promises';
import type { LayerReading } from '../native/archive.ts';
import { ComposeError } from '../util/errors.ts';
import type { Descriptor } from './oci.ts';
import { type BlobWriter, WrongContent } from './store/blobs.ts';
import { type LayerWriter, layerFacts, readLayer, unexpectedDiff } from './store/layers.ts';
import type { ImageStore } from './store/store.ts';

export interface LayerProgress {
  readonly digest: string;
  readonly status: 'waiting' | 'downloading' | 'unpacking' | 'done' | 'present';
  readonly currentBytes: number;
  readonly totalBytes: number;
}

export interface LayerRequest {
  readonly descriptor: Descriptor;
  readonly diffId: string;
  /** The blob's bytes from an offset on. */
  fetch(offset: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
  report(progress: LayerProgress): void;
  /** Only the disk is waited for from now on, which layers do together. */
  readonly onUnpacked?: () => void;
}

/**
 * Makes sure that a layer is in the store, packed and unpacked. What is damaged here is fetched again; what comes wrong is
 * refused, and nothing of it kept. Throws REGISTRY, INVALID, LIMIT, NO_SPACE.
 */
export async function pullLayer(store: ImageStore, request: LayerRequest): Promise<void> {
  const { descriptor, diffId, signal } = request;
  const { blobs, layers } = store;
  const tell = (status: LayerProgress['status'], currentBytes: number): void =>
    request.report({ digest: descriptor.digest, status, currentBytes, totalBytes: descriptor.size });

  if (blobs.has(descriptor.digest) && layers.has(diffId)) return tell('present', descriptor.size);
  tell('waiting', 0);
  for (;;) {
    // First the layer, then the blob: everybody takes the locks in this order.
    await using layer = await layers.begin(diffId, { signal });
    await using blob = await blobs.begin(descriptor, { signal, hash: layer === null ? 'here' : 'elsewhere' });
    if (layer === null) {
      if (blob !== null) await download(request, blob, (offset) => tell('downloading', offset));
      await blob?.commit();
    } else if (!(await fetchAndUnpack(store, request, layer, blob, tell))) {
      continue;
    }
    return tell('done', descriptor.size);
  }
}

/** False: the blob that was here is damaged, and has been removed. */
async function fetchAndUnpack(
  store: ImageStore,
  request: LayerRequest,
  layer: LayerWriter,
  blob: BlobWriter | null,
  tell: (status: LayerProgress['status'], currentBytes: number) => void,
): Promise<boolean> {
  const { descriptor, diffId } = request;
  const { digest, size: sizeBytes } = descriptor;
  // Not before it has its locks: whoever has them may wait for all that are at work.
  using work = store.disk.begin();
  const path = blob?.path ?? store.blobs.path(digest);
  const availableBytes = blob?.offset ?? sizeBytes;
  const failed = new AbortController();
  const signal = AbortSignal.any([request.signal, failed.signal]);
  const reading = readLayer({ path, sizeBytes, availableBytes, directory: layer.directory });
  const unpacking = layerFacts(reading, signal);
  // A layer that cannot be unpacked need not be downloaded to its end.
  unpacking.catch((error: unknown) => failed.abort(error));
  try {
    if (blob !== null) await download({ ...request, signal }, blob, follow(reading, tell));
    tell('unpacking', sizeBytes);
    const facts = await unpacking;
    if (facts.blobDigest !== digest) {
      throw new WrongContent(digest, `its digest is ${facts.blobDigest}`);
    }
    if (facts.diffId !== diffId) throw unexpectedDiff(diffId, facts);
    request.onUnpacked?.();
    await work.settle(sizeBytes + facts.fileBytes);
    await blob?.commit({ digest, isOnDisk: true });
    await layer.commit({ sizeBytes: facts.fileBytes, entries: facts.entries, isOnDisk: true });
    return true;
  } catch (error) {
    failed.abort(error);
    // It must have ended before its directory is removed.
    await unpacking.catch(() => {});
    request.signal.throwIfAborted();
    // What is wrong would only be gone on with.
    if (isWrong(error) && blob === null) {
      await unlink(path);
      return false;
    }
    if (isWrong(error)) await blob?.discard();
    throw naming(error, digest);
  }
}

function follow(reading: LayerReading, tell: (status: LayerProgress['status'], bytes: number) => void) {
  return (offset: number): void => {
    reading.advance(offset);
    tell('downloading', offset);
  };
}

/** While one write goes on the next pieces gather: fewer and larger writes. */
async function download(
  { descriptor, fetch, signal }: Pick<LayerRequest, 'descriptor' | 'fetch' | 'signal'>,
  blob: BlobWriter,
  advanced: (offset: number) => void,
): Promise<void> {
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  let writing: Promise<void> | null = null;
  let failure: unknown = null;
  const flush = async (): Promise<void> => {
    while (gathered.length > 0 && failure === null) {
      const chunks = gathered;
      gathered = [];
      gatheredBytes = 0;
      await blob.write(...chunks);
      advanced(blob.offset);
    }
  };
  const begin = (): void => {
    writing ??= flush()
      .catch((error: unknown) => {
        failure = error ?? new Error('write failed');
      })
      .finally(() => {
        writing = null;
      });
  };
  try {
    if (blob.offset < descriptor.size) {
      for await (const chunk of fetch(blob.offset, signal)) {
        if (failure !== null) throw failure;
        gathered.push(chunk);
        gatheredBytes += chunk.length;
        if (gatheredBytes >= minWriteBytes) begin();
        // The disk is slower than the registry.
        if (gatheredBytes > maxGatheredBytes) await writing;
      }
    }
  } finally {
    // What has come is kept also when the rest does not.
    if (failure === null) begin();
    while (writing !== null) await writing;
  }
  if (failure !== null) throw failure;
  signal.throwIfAborted();
}

/** A write is asked of another thread: not for every packet. */
const minWriteBytes = 256 * 1024;
const maxGatheredBytes = 4 * 1024 * 1024;

function isWrong(error: unknown): boolean {
  const isRefused = error instanceof ComposeError && (error.code === 'INVALID' || error.code === 'LIMIT');
  return isRefused || error instanceof WrongContent;
}

function naming(error: unknown, digest: string): unknown {
  if (!(error instanceof ComposeError) || error.message.includes(digest)) return error;
  const { code, message, hint } = error;
  return new ComposeError(code, `layer ${digest}: ${message}`, { hint, cause: error });
}
