import { identityOf, LogFile } from './file.ts';
import { LineAssembler, type LogRecord } from './record.ts';

export interface LogSelection {
  /** Only records at or after this time. */
  readonly since?: string | undefined;
  /** Only records before or at this time. */
  readonly until?: string | undefined;
  /** Only the last so many. */
  readonly tail?: number | undefined;
  /** Only what is written from now on. */
  readonly fromEnd?: boolean | undefined;
}

const mostMet = 16;

/**
 * Reads one container's log, the rotated files (`.1` is the youngest) before the current one. After the end was reached,
 * reading again gives what has been written meanwhile, also across a rotation.
 */
export class LogReader implements AsyncDisposable {
  readonly #path: string;
  readonly #selection: LogSelection;
  readonly #assembler = new LineAssembler();
  /** Oldest first; the last is the current one. Those that were read to their end are closed, but for the last. */
  #files: LogFile[] = [];
  /** Identities of the youngest files that were queued, never to be read again. */
  #met: string[] = [];
  #tail: LogRecord[] | undefined;
  /** The files that were there at first, and how long the last of them was. */
  #opened: { readonly identities: ReadonlySet<string>; readonly lastBytes: number } | undefined;
  #linesRead = 0;

  static async open(path: string, selection: LogSelection = {}): Promise<LogReader> {
    const reader = new LogReader(path, selection);
    try {
      await reader.#openFiles();
      await reader.#noteOpened();
      return reader;
    } catch (error) {
      await reader[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(path: string, selection: LogSelection) {
    this.#path = path;
    this.#selection = selection;
    // Without an upper bound reading begins where the tail does; who would wait for the end of what is printed
    // might wait forever.
    if (selection.tail !== undefined && selection.until !== undefined) this.#tail = [];
  }

  /** Of those that were read, whether they were selected or not. */
  get linesRead(): number {
    return this.#linesRead;
  }

  /** Whether all was read that was there when the reader was opened. */
  get isPastOpening(): boolean {
    const [file] = this.#files;
    if (file === undefined || this.#opened === undefined) return true;
    const { identities, lastBytes } = this.#opened;
    return !identities.has(file.identity) || (this.#files.length === 1 && file.position >= lastBytes);
  }

  /** What is still to be read, oldest first; closed with the reader. */
  get files(): readonly LogFile[] {
    return this.#files;
  }

  /** The next records, in the order they were written; undefined when there are none yet. */
  async read(): Promise<LogRecord[] | undefined> {
    for (;;) {
      const records = await this.#readNext();
      if (records === undefined) return this.#takeTail();
      if (this.#tail !== undefined) {
        const { tail = 0 } = this.#selection;
        this.#tail = tail === 0 ? [] : [...this.#tail, ...records].slice(-tail);
      } else if (records.length > 0) {
        return records;
      }
    }
  }

  /**
   * When more than `behindBytes` are still to be read, goes on with the last `keptBytes` at most. Answers how many lines
   * that passes over.
   */
  async skip(options: { readonly behindBytes: number; readonly keptBytes: number }): Promise<number> {
    let left = 0;
    for (const file of this.#files) left += await file.left();
    if (left <= options.behindBytes) return 0;
    await this.#openNewer();
    let lines = 0;
    for (;;) {
      const file = this.#files[0];
      if (file === undefined) break;
      const isLast = this.#files.length === 1;
      lines += await file.skip(isLast ? options.keptBytes : 0);
      if (isLast) break;
      this.#files.shift();
      await file[Symbol.asyncDispose]();
    }
    // What had begun has no end any more.
    this.#assembler.flush();
    return lines;
  }

  /** The last line, when it has no newline. */
  flush(): LogRecord[] {
    return this.#assembler.flush().filter((record) => this.#isSelected(record));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const files = this.#files;
    this.#files = [];
    for (const file of files) await file[Symbol.asyncDispose]();
  }

  async #noteOpened(): Promise<void> {
    const identities = new Set(this.#files.map(({ identity }) => identity));
    this.#opened = { identities, lastBytes: (await this.#files.at(-1)?.size()) ?? 0 };
  }

  #takeTail(): LogRecord[] | undefined {
    const tail = this.#tail;
    // The limit is on what was there to begin with; what comes later is all given.
    this.#tail = undefined;
    return tail !== undefined && tail.length > 0 ? tail : undefined;
  }

  async #readNext(): Promise<LogRecord[] | undefined> {
    for (;;) {
      const file = this.#files[0];
      const fragments = await file?.read();
      if (fragments !== undefined) return this.#assemble(fragments);
      if (this.#files.length > 1) {
        await this.#files.shift()?.[Symbol.asyncDispose]();
      } else if (!(await this.#openNewer())) {
        return undefined;
      } else if (file !== undefined) {
        // It may have grown between our last read and its rotation: once more, then the next file.
        const rest = await file.read();
        if (rest !== undefined) return this.#assemble(rest);
      }
    }
  }

  #assemble(fragments: readonly Parameters<LineAssembler['push']>[0][]): LogRecord[] {
    const records: LogRecord[] = [];
    for (const fragment of fragments) {
      const record = this.#assembler.push(fragment);
      if (record === undefined) continue;
      this.#linesRead += 1;
      if (this.#isSelected(record)) records.push(record);
    }
    return records;
  }

  #isSelected({ time }: LogRecord): boolean {
    const { since, until } = this.#selection;
    return (since === undefined || time >= since) && (until === undefined || time <= until);
  }

  async #openFiles(): Promise<void> {
    for (;;) {
      const current = await this.#openOlder();
      // After a rotation meanwhile they may be out of order.
      if (current === (await identityOf(this.#path)) || this.#selection.fromEnd === true) return;
      await this[Symbol.asyncDispose]();
      this.#met = [];
    }
  }

  /**
   * The current file, and of those before it what the selection may need. Answers the identity of the current one, which is
   * not there yet in the middle of a rotation.
   */
  async #openOlder(): Promise<string | undefined> {
    const { tail, until, fromEnd } = this.#selection;
    const current = await LogFile.open(this.#path);
    if (current !== undefined) this.#queue(current);
    // With `until` the last lines of the file may not be the ones that are asked for.
    let missing = until === undefined ? tail : undefined;
    if (current !== undefined && fromEnd === true) {
      current.seek(await current.size());
      return current.identity;
    }
    if (current !== undefined && missing !== undefined) missing = await this.#seekTail(current, missing);
    for (let number = 1; missing !== 0; number++) {
      const older = await LogFile.open(this.#name(number));
      if (older === undefined && (await this.#isGap(number))) continue;
      if (older === undefined) break;
      // A rotation between two opens shows us the same file twice.
      if (this.#files.some(({ identity }) => identity === older.identity)) {
        await older[Symbol.asyncDispose]();
        continue;
      }
      this.#met.unshift(older.identity);
      if (fromEnd === true) {
        await older[Symbol.asyncDispose]();
        break;
      }
      this.#files.unshift(older);
      if (missing !== undefined) missing = await this.#seekTail(older, missing);
    }
    return current?.identity;
  }

  /** How many lines are still to be found in older files. */
  async #seekTail(file: LogFile, count: number): Promise<number> {
    const { position, found } = await file.findTail(count);
    file.seek(position);
    return count - found;
  }

  /** After a rotation: the files between the one we read and the current one. */
  async #openNewer(): Promise<boolean> {
    let before: string | undefined;
    for (;;) {
      const current = await identityOf(this.#path);
      if (current === undefined || current === this.#files.at(-1)?.identity) return false;
      const { newer, isWhole } = await this.#scan();
      const found = newer.map(({ identity }) => identity).join();
      // What was read may have been removed since, or be on its way from one name to the next: two looks must agree.
      const isCertain = isWhole || found === before;
      // After a rotation meanwhile they may be out of order.
      if (isCertain && newer.at(-1)?.identity === (await identityOf(this.#path))) {
        this.#queue(...newer);
        return newer.length > 0;
      }
      before = found;
      for (const file of newer) await file[Symbol.asyncDispose]();
    }
  }

  /** What is younger than all that was met before, oldest first; whole when that was met. */
  async #scan(): Promise<{ readonly newer: LogFile[]; readonly isWhole: boolean }> {
    const newer: LogFile[] = [];
    for (let number = 0; ; number++) {
      const file = await LogFile.open(this.#name(number));
      if (file === undefined && (await this.#isGap(number))) continue;
      if (file === undefined) return { newer, isWhole: false };
      const wasRead = this.#met.includes(file.identity);
      if (wasRead || newer.some(({ identity }) => identity === file.identity)) await file[Symbol.asyncDispose]();
      else newer.unshift(file);
      if (wasRead) return { newer, isWhole: true };
    }
  }

  /**
   * While the monitor gives each file the next number, oldest first, one number is missing; the next rotation may have begun
   * when we look at the number behind it. What moves up meanwhile was met before.
   */
  async #isGap(missing: number): Promise<boolean> {
    for (const behind of [1, 2]) if ((await identityOf(this.#name(missing + behind))) !== undefined) return true;
    return false;
  }

  #name(number: number): string {
    return number === 0 ? this.#path : `${this.#path}.${number}`;
  }

  #queue(...files: readonly LogFile[]): void {
    this.#files.push(...files);
    this.#met = [...this.#met, ...files.map(({ identity }) => identity)].slice(-mostMet);
  }
}

/** What was there when the reader was opened, without the last line if it has no newline yet; a little more may come along. */
export async function* readHistory(reader: LogReader): AsyncGenerator<LogRecord[]> {
  for (let records = await reader.read(); records !== undefined; records = await reader.read()) {
    yield records;
    // Who prints faster than anybody reads would never come to an end.
    if (reader.isPastOpening) return;
  }
}

/** A log as it is now: all that `selection` asks for, then the end. */
export async function* readLog(path: string, selection: LogSelection = {}): AsyncGenerator<LogRecord[]> {
  await using reader = await LogReader.open(path, selection);
  const { tail, until } = selection;
  const most = until === undefined ? tail : undefined;
  for await (const records of readHistory(reader)) {
    // Reading begins with the tail, so what is beyond it came later.
    const later = most === undefined ? 0 : Math.max(0, reader.linesRead - most);
    if (later < records.length) yield records.slice(0, records.length - later);
    if (later > 0) return;
  }
  if (most !== undefined && reader.linesRead >= most) return;
  const rest = reader.flush();
  if (rest.length > 0) yield rest;
}
