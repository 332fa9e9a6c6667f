/** The blobs of the store: whole and verified, or on their way in. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  fsync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writev,
} from 'node:fs';
import type { FileLock } from '../../native/binding.ts';
import { hasErrno } from '../../util/errno.ts';
import { ComposeError } from '../../util/errors.ts';
import { type Descriptor, maxDocumentBytes, sha256 } from '../oci.ts';
import type { StoreLayout } from './layout.ts';
import { lockPath } from './lock.ts';

export interface BlobStore {
  has(digest: string): boolean;
  /** Where it is, or would be. */
  path(digest: string): string;
  sizeOf(digest: string): number | null;
  /** A small blob, verified. Throws IMAGE_NOT_FOUND when it is not here and INVALID when it is damaged or too large. */
  read(digest: string): Promise<Buffer>;
  /** Keeps `bytes`; already there is success. `isOnDisk`: whether the caller waits for the disk himself, later. */
  put(mediaType: string, bytes: Uint8Array, options?: { readonly isOnDisk?: boolean }): Promise<Descriptor>;
  /**
   * Begins or goes on writing a blob, alone among all processes: another one that writes it is waited for. Null: it is
   * there. What is not committed stays and is gone on with the next time.
   */
  begin(
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    options: { readonly signal: AbortSignal; readonly hash?: 'here' | 'elsewhere' },
  ): Promise<BlobWriter | null>;
}

export interface BlobWriter extends AsyncDisposable {
  /** How much is there already: writing goes on from here. */
  readonly offset: number;
  readonly path: string;
  /** In order. Throws INVALID when it is more than was announced, NO_SPACE when the disk is full. */
  write(...chunks: readonly Uint8Array[]): Promise<void>;
  /** Begins anew: the other side cannot go on from `offset`. */
  restart(): Promise<void>;
  /**
   * Verifies size and digest and publishes. Throws REGISTRY, and forgets what was written, when it is not what was
   * announced.
   */
  commit(known?: {
    /** What was computed elsewhere. */
    readonly digest?: string;
    /** The caller has waited for the disk. */
    readonly isOnDisk?: boolean;
  }): Promise<void>;
  /** Forgets what was written, because it is wrong. */
  discard(): Promise<void>;
}

export function openBlobs(layout: StoreLayout): BlobStore {
  const has = (digest: string): boolean => existsSync(layout.blob(digest));
  // A power cut may leave a file that was named before its content was on the disk: it is empty, or too short.
  const isWhole = ({ digest, size }: Pick<Descriptor, 'digest' | 'size'>): boolean =>
    statSync(layout.blob(digest), { throwIfNoEntry: false })?.size === size;
  return {
    has,
    path: layout.blob,
    sizeOf: (digest) => statSync(layout.blob(digest), { throwIfNoEntry: false })?.size ?? null,
    async read(digest) {
      const size = statSync(layout.blob(digest), { throwIfNoEntry: false })?.size;
      if (size === undefined) throw new ComposeError('IMAGE_NOT_FOUND', `blob ${digest} is not in the image store`);
      if (size > maxDocumentBytes) throw new ComposeError('INVALID', `blob ${digest} is too large for a document`);
      // It is small, and to load the other way takes longer than to read it.
      const bytes = readFileSync(layout.blob(digest));
      if (sha256(bytes) === digest) return bytes;
      throw new ComposeError('INVALID', `blob ${digest} in the image store is damaged`, {
        hint: 'tscompose image verify tells what else is, and pulling again replaces it',
      });
    },
    async put(mediaType, bytes, { isOnDisk = false } = {}) {
      const descriptor = { mediaType, digest: sha256(bytes), size: bytes.length };
      if (isWhole(descriptor)) return descriptor;
      await using writer = await Writer.open(layout, descriptor, 'elsewhere', new AbortController().signal);
      if (writer === null) return descriptor;
      await writer.restart();
      await writer.write(bytes);
      await writer.commit({ digest: descriptor.digest, isOnDisk });
      return descriptor;
    },
    async begin(descriptor, { signal, hash = 'here' }) {
      return isWhole(descriptor) ? null : await Writer.open(layout, descriptor, hash, signal);
    },
  };
}

/*
 * What makes or names a file, or asks for one, takes the kernel some microseconds, and a thread of the pool ten times that to be
 * asked for it; of small images there are hundreds. Only content and the disk are for the pool.
 */
function writePieces(fd: number, pieces: readonly Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    writev(fd, pieces, position, (error, bytesWritten) => (error ? reject(error) : resolve(bytesWritten)));
  });
}

function syncFile(fd: number): Promise<void> {
  return new Promise((resolve, reject) => fsync(fd, (error) => (error ? reject(error) : resolve())));
}

class Writer implements BlobWriter {
  static async open(
    layout: StoreLayout,
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    hash: 'here' | 'elsewhere',
    signal: AbortSignal,
  ): Promise<Writer | null> {
    const path = layout.partialBlob(descriptor.digest);
    const target = layout.blob(descriptor.digest);
    const lock = await lockPath(path, signal);
    try {
      // Whoever held the lock has finished it; its file was renamed and the lock made an empty one.
      if (statSync(target, { throwIfNoEntry: false })?.size === descriptor.size) {
        unlinkSync(path);
        lock.release();
        return null;
      }
      const fd = openSync(path, 'r+');
      try {
        const writer = new Writer(lock, fd, path, target, descriptor, hash);
        await writer.#resume();
        return writer;
      } catch (error) {
        closeSync(fd);
        throw error;
      }
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  readonly path: string;
  readonly #lock: FileLock;
  readonly #fd: number;
  readonly #target: string;
  readonly #descriptor: Pick<Descriptor, 'digest' | 'size'>;
  #hash: ReturnType<typeof createHash> | null;
  #offset = 0;
  #state: 'open' | 'committed' | 'discarded' | 'closed' = 'open';

  private constructor(
    lock: FileLock,
    fd: number,
    path: string,
    target: string,
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    hash: 'here' | 'elsewhere',
  ) {
    this.#lock = lock;
    this.#fd = fd;
    this.path = path;
    this.#target = target;
    this.#descriptor = descriptor;
    this.#hash = hash === 'here' ? createHash('sha256') : null;
  }

  get offset(): number {
    return this.#offset;
  }

  async write(...chunks: readonly Uint8Array[]): Promise<void> {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (this.#offset + length > this.#descriptor.size) {
      await this.discard();
      throw new WrongContent(this.#descriptor.digest, `it is longer than the ${this.#descriptor.size} bytes announced`);
    }
    for (let rest = chunks.filter(({ length }) => length > 0); rest.length > 0; ) {
      const bytesWritten = await writePieces(this.#fd, rest, this.#offset).catch((error: unknown) => {
        throw this.#asSpaceError(error);
      });
      this.#offset += bytesWritten;
      rest = remainder(rest, bytesWritten);
    }
    for (const chunk of chunks) this.#hash?.update(chunk);
  }

  async restart(): Promise<void> {
    ftruncateSync(this.#fd, 0);
    this.#offset = 0;
    if (this.#hash !== null) this.#hash = createHash('sha256');
  }

  async commit({ digest: computed, isOnDisk = false }: Parameters<BlobWriter['commit']>[0] = {}): Promise<void> {
    const { digest: wanted, size } = this.#descriptor;
    if (this.#offset !== size) {
      throw new ComposeError('REGISTRY', `blob ${wanted} is incomplete: ${this.#offset} of ${size} bytes came`);
    }
    const digest = computed ?? `sha256:${this.#hash?.digest('hex') ?? ''}`;
    if (digest !== wanted) {
      await this.discard();
      throw new WrongContent(wanted, `its digest is ${digest}`);
    }
    if (!isOnDisk) {
      await syncFile(this.#fd).catch((error: unknown) => {
        throw this.#asSpaceError(error);
      });
    }
    renameSync(this.path, this.#target);
    this.#state = 'committed';
  }

  async discard(): Promise<void> {
    if (this.#state === 'open') {
      unlinkSync(this.path);
      this.#state = 'discarded';
    }
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'closed') return;
    // Nothing came that could be gone on with.
    if (this.#state === 'open' && this.#offset === 0) rmSync(this.path, { force: true });
    this.#state = 'closed';
    try {
      closeSync(this.#fd);
    } finally {
      this.#lock.release();
    }
  }

  async #resume(): Promise<void> {
    const { size } = fstatSync(this.#fd);
    if (size > this.#descriptor.size) return await this.restart();
    if (this.#hash !== null && size > 0) {
      for await (const chunk of createReadStream(this.path)) this.#hash.update(chunk as Buffer);
    }
    this.#offset = size;
  }

  #asSpaceError(error: unknown): unknown {
    if (!hasErrno(error, 'ENOSPC') && !hasErrno(error, 'EDQUOT')) return error;
    return new ComposeError('NO_SPACE', `no space is left for blob ${this.#descriptor.digest}`, {
      cause: error,
      hint: 'tscompose image prune removes images that nothing uses; what was downloaded is kept and gone on with',
    });
  }
}

/** What is left of `chunks` after so many bytes of them. */
function remainder(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skipped = bytes;
  return chunks.flatMap((chunk) => {
    const part = chunk.subarray(Math.min(skipped, chunk.length));
    skipped -= chunk.length - part.length;
    return part.length === 0 ? [] : [part];
  });
}

/** REGISTRY: a blob is not what its digest and size say. */
export class WrongContent extends ComposeError {
  constructor(digest: string, reason: string) {
    super('REGISTRY', `blob ${digest} is not what it should be: ${reason}`);
  }
}
