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
}

export interface LayerOptions {
  /** `diff`: an overlay's upper directory, whose whiteouts become `.wh.` files; `tree`: a file system as it is. */
  readonly form: 'diff' | 'tree';
  readonly compression: 'none' | 'gzip' | 'zstd';
  /** Seconds: no time in the archive is later. */
  readonly sourceDateEpoch: number | null;
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
  options: LayerOptions & { readonly signal: AbortSignal },
): Promise<LayerSummary> {
  const { signal, ...rest } = options;
  signal.throwIfAborted();
  const operation = nativeArchive().writeLayer(layers, output, rest);
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
