/** A log from any moment on, back or forth, as it is now. What lies between that moment and its ends is not read. */
import { isCompleteLine, type LogFile } from './file.ts';
import { LogReader } from './reader.ts';
import { LineAssembler, type LogRecord, parseLogLine } from './record.ts';

/** Of each log so much first, because a screen needs no more; then twice as much, until it is a chunk. */
const firstBytes = 32 * 1024;
const chunkBytes = 256 * 1024;
/** A line that the log's format has cut may be longer than a chunk; one that is longer than this is given in pieces. */
const longestChunk = 16 * 1024 * 1024;
const lineBytes = 16 * 1024;
const newline = 0x0a;

/** The records at `from` and before it, the latest first, batch after batch; null: all of them. */
export async function* readBack(path: string, from: string | null): AsyncGenerator<LogRecord[]> {
  await using reader = await LogReader.open(path);
  let length = firstBytes;
  for (const file of reader.files.toReversed()) {
    let end = from === null ? await file.size() : await positionAfter(file, from);
    while (end > 0) {
      const { start, bytes } = await linesBefore(file, end, length);
      end = start;
      length = Math.min(chunkBytes, 2 * length);
      const records = parseLines(bytes).filter(({ time }) => from === null || time <= from);
      if (records.length > 0) yield records.reverse();
    }
  }
}

/** The records after `from`, the oldest first, batch after batch; null: all of them. */
export async function* readForth(path: string, from: string | null): AsyncGenerator<LogRecord[]> {
  await using reader = await LogReader.open(path);
  const files = [...reader.files];
  if (from !== null) {
    // The youngest file that has something before that moment; those before it have nothing after it.
    let first = files.length - 1;
    while (first > 0 && (await positionAfter(files[first]!, from)) === 0) first -= 1;
    files.splice(0, first);
    files[0]?.seek(await positionAfter(files[0], from));
  }
  const assembler = new LineAssembler();
  for (const file of files) {
    for (let fragments = await file.read(); fragments !== undefined; fragments = await file.read()) {
      const records = fragments
        .flatMap((fragment) => assembler.push(fragment) ?? [])
        .filter(({ time }) => from === null || time > from);
      if (records.length > 0) yield records;
    }
  }
}

/** Where the first line begins that is later than `time`, or where the file ends: found by halving. */
async function positionAfter(file: LogFile, time: string): Promise<number> {
  let low = 0;
  let high = await file.size();
  while (high - low > lineBytes) {
    const middle = await lineAt(file, Math.floor((low + high) / 2), high);
    if (middle === undefined) break;
    if (timeOf(middle.line) > time) high = middle.start;
    else low = middle.next;
  }
  const bytes = await file.readAt(low, high - low);
  let start = 0;
  for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
    if (timeOf(bytes.subarray(start, end)) > time) break;
    start = end + 1;
  }
  return low + start;
}

/** The first whole line that begins behind `position` and ends before `end`. */
async function lineAt(
  file: LogFile,
  position: number,
  end: number,
): Promise<{ readonly start: number; readonly next: number; readonly line: Buffer } | undefined> {
  for (let length = lineBytes; ; length *= 4) {
    const bytes = await file.readAt(position, Math.min(length, end - position));
    const start = bytes.indexOf(newline) + 1;
    const next = start === 0 ? 0 : bytes.indexOf(newline, start) + 1;
    if (next > 0) return { start: position + start, next: position + next, line: bytes.subarray(start, next - 1) };
    if (length >= end - position) return undefined;
  }
}

/** What is no record is passed over like an early one. */
function timeOf(line: Buffer): string {
  return parseLogLine(line.toString('utf8'))?.time ?? '';
}

/** Whole lines that end where `end` is, and where they begin. */
async function linesBefore(
  file: LogFile,
  end: number,
  leastBytes: number,
): Promise<{ readonly start: number; readonly bytes: Buffer }> {
  for (let length = leastBytes; ; length *= 4) {
    const from = Math.max(0, end - length);
    const bytes = await file.readAt(from, end - from);
    if (from === 0) return { start: 0, bytes };
    const first =
      firstLine(bytes, isCompleteLine) ?? (length < longestChunk ? undefined : firstLine(bytes, () => true));
    if (first !== undefined) return { start: from + first, bytes: bytes.subarray(first) };
    if (length >= longestChunk) return { start: from, bytes };
  }
}

/** Where a line begins before which one has ended that passes. */
function firstLine(bytes: Buffer, isEnd: (line: Buffer) => boolean): number | undefined {
  let start = 0;
  for (let at = bytes.indexOf(newline); at >= 0 && at + 1 < bytes.length; at = bytes.indexOf(newline, start)) {
    if (isEnd(bytes.subarray(start, at))) return at + 1;
    start = at + 1;
  }
  return undefined;
}

function parseLines(bytes: Buffer): LogRecord[] {
  const assembler = new LineAssembler();
  const records: LogRecord[] = [];
  // What follows the last newline is being written.
  for (const line of bytes.toString('utf8', 0, bytes.lastIndexOf(newline) + 1).split('\n')) {
    const fragment = line === '' ? undefined : parseLogLine(line);
    const record = fragment === undefined ? undefined : assembler.push(fragment);
    if (record !== undefined) records.push(record);
  }
  return [...records, ...assembler.flush()];
}
