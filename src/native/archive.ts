/**
 * The second addon, typed: tar archives by libarchive, which would make every command that needs none start later. As with
 * the first, a failed system call rejects with `code`, `errno`, `syscall` and `step`.
 */
import { loadFrom } from './load.ts';

export interface ArchiveBinding {
  /**
   * Writes the file system made of `layers` (top first) as a tar archive to the file descriptor `output`, which the caller
   * owns. Equal trees give equal bytes: addon/core/archive_writer.h says what is kept.
   */
  writeLayer(layers: readonly string[], output: number, options: LayerOptions): NativeOperation<LayerSummary>;
  /** Reads a layer's blob, which may still be growing, on threads of its own, and unpacks it where `target` says. */
  readLayer(options: ReadLayerOptions): LayerReading;
  /** The first path at which two trees differ in anything that an image says of files; null when at none. */
  compareTrees(left: string, right: string): NativeOperation<string | null>;
}

export interface LayerOptions {
  /** `diff`: an overlay's upper directory, whose whiteouts become `.wh.` files; `tree`: a file system as it is. */
  readonly form: 'diff' | 'tree';
  readonly compression: 'none' | 'gzip' | 'zstd';
  /** Seconds: no time in the archive is later. */
  readonly sourceDateEpoch: number | null;
  /** The first layer is an overlay's upper directory, and this its work directory, which nobody else uses now. */
  readonly work: string | null;
  /** The one layer itself becomes what the archive unpacks to; it is nobody's upper directory any more. */
  readonly settles: boolean;
}

export interface LayerSummary {
  /** Digest of the tar archive, and its size. */
  readonly diffId: string;
  readonly diffSizeBytes: number;
  /** Of what was written: the archive, compressed. */
  readonly digest: string;
  readonly sizeBytes: number;
  readonly entries: number;
}

export interface ReadLayerOptions {
  readonly path: string;
  /** Its size when it is whole, and what is there by now. */
  readonly sizeBytes: number;
  readonly availableBytes: number;
  /** Null: only its digests are wanted. */
  readonly target: {
    /** Empty; what is in it after a failure is for the caller to remove. */
    readonly directory: string;
    /** Else owners, devices and attributes that we may not set are left out, and overlay's attributes are `user.` ones. */
    readonly isPrivileged: boolean;
    readonly maxEntries: number;
    /** Free space that must remain. */
    readonly reserveBytes: number;
  } | null;
}

export interface LayerReading {
  /** Null when it was cancelled. Rejects with INVALID, LIMIT or NO_SPACE, or what a system call says. */
  readonly result: Promise<LayerFacts | null>;
  /** That much of the file is there now. */
  advance(availableBytes: number): void;
  cancel(): void;
}

export interface LayerFacts {
  readonly blobDigest: string;
  readonly diffId: string;
  /** Of the archive, without compression. */
  readonly archiveBytes: number;
  readonly entries: number;
  /** Of the files in it. */
  readonly fileBytes: number;
}

/** Something on a worker thread: cancelled, its result rejects with ECANCELED soon after. */
export interface NativeOperation<T> {
  readonly result: Promise<T>;
  cancel(): void;
}

let loaded: ArchiveBinding | undefined;

/** Loads the addon on first use. Throws when it was not built. */
export function nativeArchive(): ArchiveBinding {
  loaded ??= loadFrom<ArchiveBinding>('tscompose-archive');
  return loaded;
}

/** `nativeArchive().writeLayer` as a promise that `signal` ends; the reason of the signal is what it rejects with. */
export async function writeLayer(
  layers: readonly string[],
  output: number,
  options: Omit<LayerOptions, 'work' | 'settles'> & {
    readonly work?: string | null;
    readonly settles?: boolean;
    readonly signal: AbortSignal;
  },
): Promise<LayerSummary> {
  const { signal, work = null, settles = false, ...rest } = options;
  signal.throwIfAborted();
  const operation = nativeArchive().writeLayer(layers, output, { ...rest, work, settles });
  const cancel = () => operation.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await operation.result;
  } catch (error) {
    // Whatever it broke off with.
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
