/** Unpacked layers: each diff once, as a directory that overlayfs takes as a lower layer. */
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type LayerFacts, type LayerReading, nativeArchive } from '../../native/archive.ts';
import { native } from '../../native/binding.ts';
import { randomHex } from '../../native/digest.ts';
import { ComposeError, type ErrorCode } from '../../util/errors.ts';
import { hexOf } from '../oci.ts';
import type { Catalog, LayerRecord } from './catalog.ts';
import type { StoreLayout } from './layout.ts';
import { lockPath } from './lock.ts';
import type { Disk } from './sync.ts';

export interface LayerStore {
  has(diffId: string): boolean;
  /** Where it is, or would be. */
  path(diffId: string): string;
  /**
   * Begins a layer, alone among all processes: another one that makes it is waited for. Null: it is there. What is not
   * committed is removed.
   */
  begin(diffId: string, options: { readonly signal: AbortSignal }): Promise<LayerWriter | null>;
  /** Unpacks a blob that is in the store; already there is success. Throws INVALID, LIMIT, NO_SPACE. */
  unpack(
    diffId: string,
    blob: { readonly path: string; readonly sizeBytes: number },
    options: { readonly signal: AbortSignal },
  ): Promise<void>;
}

export interface LayerWriter extends AsyncDisposable {
  /** The empty directory that becomes the layer's root. */
  readonly directory: string;
  /** Publishes the layer, with all that was put into the directory. */
  commit(
    facts: Omit<LayerRecord, 'diffId'> & {
      /** The caller has waited for the disk. */
      readonly isOnDisk?: boolean;
    },
  ): Promise<void>;
}

/** More is no layer but an attack on the disk's inodes. */
const maxEntries = 1_000_000;
/** What unpacking leaves free. */
const reserveBytes = 256 * 1024 * 1024;

export function openLayers(layout: StoreLayout, catalog: Catalog, disk: Disk): LayerStore {
  const has = (diffId: string): boolean => catalog.layer(diffId) !== null && existsSync(layout.layer(diffId));
  const begin: LayerStore['begin'] = async (diffId, { signal }) => {
    if (has(diffId)) return null;
    const lock = await lockPath(layout.layerLock(diffId), signal);
    try {
      if (has(diffId)) {
        lock.release();
        return null;
      }
      // Somebody was killed while he made it, or before he wrote down that it was whole.
      if (existsSync(layout.layer(diffId))) await native().removeTree(layout.layer(diffId));
      for (const name of readdirSync(layout.ingest)) {
        if (name.startsWith(`layer-${hexOf(diffId)}`)) await native().removeTree(join(layout.ingest, name));
      }
      // Layers apart from one another, and from where they were before: ext4 places such a directory by its name, and gives
      // out no inode that was freed in the last minutes, but looks at each (recently_deleted, fs/ext4/ialloc.c).
      native().makeTopDirectory(layout.ingest, 0o700);
      const directory = join(layout.ingest, `layer-${hexOf(diffId)}.${randomHex(4)}`);
      mkdirSync(directory, { mode: 0o755 });
      return {
        directory,
        async commit({ sizeBytes, entries, isOnDisk = false }) {
          if (!isOnDisk) await disk.wait();
          renameSync(directory, layout.layer(diffId));
          catalog.saveLayer({ diffId, sizeBytes, entries });
        },
        async [Symbol.asyncDispose]() {
          try {
            if (existsSync(directory)) await native().removeTree(directory);
          } finally {
            lock.release();
          }
        },
      };
    } catch (error) {
      lock.release();
      throw error;
    }
  };
  return {
    has,
    path: layout.layer,
    begin,
    async unpack(diffId, { path, sizeBytes }, { signal }) {
      await using writer = await begin(diffId, { signal });
      if (writer === null) return;
      const reading = readLayer({ path, sizeBytes, availableBytes: sizeBytes, directory: writer.directory });
      const facts = await layerFacts(reading, signal);
      if (facts.diffId !== diffId) throw unexpectedDiff(diffId, facts);
      await writer.commit({ sizeBytes: facts.fileBytes, entries: facts.entries });
    },
  };
}

/** Starts to unpack a blob, which may still be growing, into an empty directory; null: only to compute its digests. */
export function readLayer(options: {
  readonly path: string;
  readonly sizeBytes: number;
  readonly availableBytes: number;
  readonly directory: string | null;
}): LayerReading {
  const { directory, ...blob } = options;
  // In a user namespace root is nobody to the machine, but can do what a layer needs save devices.
  const target = { isPrivileged: process.getuid?.() === 0, maxEntries, reserveBytes };
  return nativeArchive().readLayer({ ...blob, target: directory === null ? null : { directory, ...target } });
}

/** What was read, once it is; the signal ends it, and what goes wrong has a code of ours. */
export async function layerFacts(reading: LayerReading, signal: AbortSignal): Promise<LayerFacts> {
  const cancel = (): void => reading.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  try {
    const facts = await reading.result;
    if (facts !== null) return facts;
    throw signal.reason;
  } catch (error) {
    throw asComposeError(error);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/** INVALID: the image's own documents contradict one another. */
export function unexpectedDiff(diffId: string, facts: LayerFacts): ComposeError {
  return new ComposeError('INVALID', `layer ${diffId} is not what the image says: it unpacks to ${facts.diffId}`);
}

const codes: readonly string[] = ['INVALID', 'LIMIT', 'NO_SPACE'] satisfies ErrorCode[];

function asComposeError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ComposeError) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  if (codes.includes(code)) {
    const hint = code === 'NO_SPACE' ? 'tscompose image prune removes images that nothing uses' : undefined;
    return new ComposeError(code as ErrorCode, error.message, { cause: error, hint });
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new ComposeError('NO_SPACE', `no space is left to unpack a layer: ${error.message}`, { cause: error });
  }
  // Names that are too long, owners that a file system cannot hold: the archive asks for what cannot be.
  if ('syscall' in error)
    return new ComposeError('INVALID', `a layer cannot be unpacked: ${error.message}`, { cause: error });
  return error;
}
