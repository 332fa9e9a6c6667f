/** What is read of the log files, where the buffer has it no more: a page of lines without a gap. Pure. */
import { type IncomingLine, keptText, LogLine } from './log-buffer.ts';

export interface HistoryRequest {
  /** Back: lines at `from` and before it; forth: lines after it. Without `from` all of them. */
  readonly direction: 'back' | 'forth';
  readonly from: string | null;
  /** Of these sources, or of all. */
  readonly sources: ReadonlySet<string> | null;
  readonly isShown: (line: LogLine) => boolean;
  /** The page is to be around the first line that passes; null: it begins where the request does. */
  readonly isWanted: ((line: LogLine) => boolean) | null;
  /** About how many. */
  readonly lines: number;
  readonly signal: AbortSignal;
}

export interface HistoryPage {
  /** The earliest first. */
  readonly lines: readonly LogLine[];
  /** All lines later than this and up to `ceiling` are there; null: from the beginning of the logs on. */
  readonly floor: string | null;
  readonly ceiling: string;
  readonly found: LogLine | null;
  /** It begins right where the request does. */
  readonly isAdjacent: boolean;
  /** The logs have no more in that direction. */
  readonly isLast: boolean;
}

/** As much text as a page may have. */
const mostCharacters = 4 * 1024 * 1024;

/**
 * Takes records in the direction of the request until the page is full. A page ends between two moments: the monitor gives
 * all that it reads at once the same time.
 */
export class HistoryPageBuilder {
  readonly #request: HistoryRequest;
  #lines: LogLine[] = [];
  #characters = 0;
  #found: LogLine | null = null;
  #foundAt = 0;
  #order = 0;
  #first: string | undefined;
  #latest: string | undefined;
  /** The first moment that is not in the page. */
  #next: string | undefined;
  /** The latest moment that was passed over on the way to what is wanted. */
  #passed: string | undefined;
  #count = 0;

  constructor(request: HistoryRequest) {
    this.#request = request;
  }

  /** How many records were read. */
  get count(): number {
    return this.#count;
  }

  /** How far. */
  get time(): string | undefined {
    return this.#latest;
  }

  /** Answers whether the page is full. */
  take(records: readonly IncomingLine[]): boolean {
    const { direction, isShown, isWanted } = this.#request;
    for (const { time, source, text } of records) {
      if (time !== this.#latest && this.#isFull()) {
        this.#next = time;
        return true;
      }
      this.#first ??= time;
      this.#latest = time;
      this.#count += 1;
      this.#order += direction === 'back' ? -1 : 1;
      const line = new LogLine(time, this.#order, source, keptText(text));
      if (!isShown(line)) continue;
      this.#lines.push(line);
      this.#characters += line.text.length;
      if (this.#found === null && isWanted !== null) {
        if (isWanted(line)) {
          this.#found = line;
          this.#foundAt = this.#lines.length;
        } else this.#passOver();
      }
    }
    return false;
  }

  finish(): HistoryPage {
    const { direction, from } = this.#request;
    const passed = this.#passed;
    const isBack = direction === 'back';
    const isWhole = ({ time }: LogLine) => passed === undefined || (isBack ? time < passed : time > passed);
    const whole = this.#lines.filter(isWhole);
    // A moment that is longer than what is kept cannot be left out.
    const lines = this.#found !== null && !whole.includes(this.#found) ? this.#lines : whole;
    if (isBack) lines.reverse();
    const isLast = this.#next === undefined;
    const base = { lines, found: this.#found, isAdjacent: passed === undefined, isLast };
    if (isBack) {
      const ceiling = passed === undefined ? (from ?? this.#first) : lines.at(-1)?.time;
      return { ...base, floor: this.#next ?? null, ceiling: ceiling ?? '' };
    }
    return { ...base, floor: passed ?? from, ceiling: this.#latest ?? from ?? '' };
  }

  #isFull(): boolean {
    const { isWanted, lines } = this.#request;
    if (isWanted === null) return this.#lines.length >= lines || this.#characters >= mostCharacters;
    return this.#found !== null && this.#lines.length - this.#foundAt >= lines / 2;
  }

  /** Of what led here the nearest part is kept. */
  #passOver(): void {
    const { lines } = this.#request;
    if (this.#lines.length < 2 * lines && this.#characters < mostCharacters) return;
    const gone = this.#lines.splice(0, Math.max(1, Math.floor(this.#lines.length / 2)));
    for (const { text } of gone) this.#characters -= text.length;
    this.#passed = gone.at(-1)?.time;
  }
}
