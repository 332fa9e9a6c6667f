import { type FileHandle, open, stat } from 'node:fs/promises';
import { identify, identityOfPacked, packedSuffix, unpack } from './packed.ts';
import { type LogFragment, parseLogLine } from './record.ts';

const chunkBytes = 256 * 1024;
const newline = 0x0a;

/**
 * One file of a log, held open: it can be read to its end even after it was rotated away. One that the monitor has
 * compressed is unpacked when it is first read, and is known as the file that it was.
 */
export class LogFile implements AsyncDisposable {
  readonly identity: string;
  #handle: FileHandle;
  #isPacked: boolean;
  #memory: Buffer | undefined;
  #carry: Buffer[] = [];
  #position: number;

  /** Undefined when there is no such file, compressed or not. */
  static async open(path: string, position = 0): Promise<LogFile | undefined> {
    const plain = await openIfThere(path);
    if (plain !== undefined) {
      return new LogFile(plain, identify(await plain.stat({ bigint: true })), position, false);
    }
    const packed = await openIfThere(path + packedSuffix);
    if (packed === undefined) return undefined;
    return new LogFile(packed, await identityOfPacked(packed), position, true);
  }

  private constructor(handle: FileHandle, identity: string, position: number, isPacked: boolean) {
    this.#handle = handle;
    this.identity = identity;
    this.#position = position;
    this.#isPacked = isPacked;
  }

  /** Many files are opened and never read. */
  get #buffer(): Buffer {
    this.#memory ??= Buffer.allocUnsafe(chunkBytes);
    return this.#memory;
  }

  async size(): Promise<number> {
    await this.#unpack();
    return (await this.#handle.stat()).size;
  }

  /** As far as it was read. */
  get position(): number {
    return this.#position;
  }

  /** Goes to `position`, which must be the beginning of a line. */
  seek(position: number): void {
    this.#position = position;
    this.#carry = [];
  }

  /** How many bytes are still to be read. */
  async left(): Promise<number> {
    return (await this.size()) - this.#position;
  }

  /** What is written at `position`, at most `length` bytes. Reading goes on where it was. */
  async readAt(position: number, length: number): Promise<Buffer> {
    await this.#unpack();
    const buffer = Buffer.allocUnsafe(length);
    let used = 0;
    while (used < length) {
      const { bytesRead } = await this.#handle.read(buffer, used, length - used, position + used);
      if (bytesRead === 0) break;
      used += bytesRead;
    }
    return buffer.subarray(0, used);
  }

  /** Goes on with the first line among the last `keptBytes`. Answers how many lines that passes over. */
  async skip(keptBytes: number): Promise<number> {
    const end = (await this.size()) - keptBytes;
    let lines = 0;
    let start = this.#position;
    while (start < end) {
      const { bytesRead } = await this.#handle.read(this.#buffer, 0, chunkBytes, start);
      if (bytesRead === 0) break;
      const chunk = this.#buffer.subarray(0, bytesRead);
      for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) {
        lines++;
        this.seek(start + at + 1);
        if (this.#position >= end) return lines;
      }
      start += bytesRead;
    }
    return lines;
  }

  /** The next lines; undefined at the end of what was written so far. */
  async read(): Promise<LogFragment[] | undefined> {
    await this.#unpack();
    for (;;) {
      const { bytesRead } = await this.#handle.read(this.#buffer, 0, chunkBytes, this.#position);
      if (bytesRead === 0) {
        // A log of one file only is emptied when it is full.
        if (this.#position === 0 || (await this.size()) >= this.#position) return undefined;
        this.seek(0);
        continue;
      }
      this.#position += bytesRead;
      const chunk = this.#buffer.subarray(0, bytesRead);
      const end = chunk.lastIndexOf(newline);
      if (end < 0) {
        this.#carry.push(Buffer.from(chunk));
        continue;
      }
      const lines = Buffer.concat([...this.#carry, chunk.subarray(0, end)])
        .toString('utf8')
        .split('\n');
      this.#carry = end + 1 < bytesRead ? [Buffer.from(chunk.subarray(end + 1))] : [];
      return lines.map(parseLogLine).filter((fragment) => fragment !== undefined);
    }
  }

  /**
   * Where the last `count` complete lines begin, or 0 with how many there are. Reads backwards, so it costs what the
   * tail is long and not what the file is.
   */
  async findTail(count: number): Promise<{ position: number; found: number }> {
    let position = await this.size();
    let found = 0;
    let after = Buffer.alloc(0);
    while (position > 0) {
      const length = Math.min(chunkBytes, position);
      const { bytesRead } = await this.#handle.read(this.#buffer, 0, length, position - length);
      if (bytesRead < length) break;
      position -= length;
      // `after` is the beginning of a line whose head is in this chunk.
      const window = Buffer.concat([this.#buffer.subarray(0, length), after]);
      let end = window.length;
      for (;;) {
        const start = end <= 1 ? -1 : window.lastIndexOf(newline, end - 2);
        if (start < 0) break;
        if (isCompleteLine(window.subarray(start + 1, end)) && found++ === count) {
          return { position: position + end, found: count };
        }
        end = start + 1;
      }
      after = Buffer.from(window.subarray(0, end));
    }
    if (isCompleteLine(after) && found++ === count) return { position: after.length, found: count };
    return { position: 0, found };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  async #unpack(): Promise<void> {
    if (!this.#isPacked) return;
    this.#isPacked = false;
    const packed = this.#handle;
    this.#handle = await unpack(packed);
    await packed.close();
  }
}

/** Whether the line of the file ends a line of the container; the text of a part has no newline at its end. */
export function isCompleteLine(line: Buffer): boolean {
  return line.includes('\\n","stream"');
}

/** Of the file that a path names now, compressed or not; undefined when there is none. */
export async function identityOf(path: string): Promise<string | undefined> {
  try {
    return identify(await stat(path, { bigint: true }));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  await using packed = await openIfThere(path + packedSuffix);
  return packed === undefined ? undefined : await identityOfPacked(packed);
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
