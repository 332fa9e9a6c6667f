import { type FileHandle, open, stat } from 'node:fs/promises';
import { type LogFragment, parseLogLine } from './record.ts';

const chunkBytes = 256 * 1024;
const newline = 0x0a;

/** One file of a log, held open: it can be read to its end even after it was rotated away. */
export class LogFile implements AsyncDisposable {
  readonly inode: bigint;
  readonly #handle: FileHandle;
  readonly #buffer = Buffer.allocUnsafe(chunkBytes);
  #carry: Buffer[] = [];
  #position: number;

  /** Undefined when there is no such file. */
  static async open(path: string, position = 0): Promise<LogFile | undefined> {
    try {
      const handle = await open(path, 'r');
      const { ino } = await handle.stat({ bigint: true });
      return new LogFile(handle, ino, position);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  private constructor(handle: FileHandle, inode: bigint, position: number) {
    this.#handle = handle;
    this.inode = inode;
    this.#position = position;
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  /** Goes to `position`, which must be the beginning of a line. */
  seek(position: number): void {
    this.#position = position;
    this.#carry = [];
  }

  /** The next lines; undefined at the end of what was written so far. */
  async read(): Promise<LogFragment[] | undefined> {
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
}

/** Whether the line of the file ends a line of the container; the text of a part has no newline at its end. */
function isCompleteLine(line: Buffer): boolean {
  return line.includes('\\n","stream"');
}

/** Number of the file that a path names now; undefined when there is none. */
export async function inodeOf(path: string): Promise<bigint | undefined> {
  try {
    return (await stat(path, { bigint: true })).ino;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
