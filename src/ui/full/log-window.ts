/** The lines that can be shown at the moment: what is printed now, or a part of the past, in order of time and without a gap. */
import { compareLines, defaultLimits, type LogBuffer, type LogLine } from './log-buffer.ts';
import type { HistoryPage, HistoryRequest } from './log-history.ts';
import type { SearchPattern } from './search.ts';
import { ownSource } from './services.ts';

type End =
  /** What is printed joins it. */
  | { readonly type: 'live' }
  /** Lines of the buffer from this order on are not there. */
  | { readonly type: 'arrival'; readonly order: number }
  /** Lines later than this are not there. */
  | { readonly type: 'moment'; readonly time: string };

/** So many displaced lines may wait until they are let go of together. */
const mostGone = 10_000;

const ownSources: ReadonlySet<string> = new Set([ownSource]);
const live: End = { type: 'live' };

export class LogWindow {
  readonly #buffer: LogBuffer;
  readonly #limits: { readonly lines: number; readonly characters: number };
  #sources: ReadonlySet<string> | null = null;
  #filter: SearchPattern | null = null;
  #lines: LogLine[] = [];
  #removals = 0;
  #floor: string | null = null;
  #end: End = live;

  constructor(buffer: LogBuffer, limits: { readonly lines: number; readonly characters: number } = defaultLimits) {
    this.#buffer = buffer;
    this.#limits = limits;
  }

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  get sources(): ReadonlySet<string> | null {
    return this.#sources;
  }

  get filter(): SearchPattern | null {
    return this.#filter;
  }

  /** What is later than this is all there; what is not is in the files. Null: there is nothing before the first line. */
  get floor(): string | null {
    return this.#end.type === 'live' ? this.#buffer.floor(this.#sources) : this.#floor;
  }

  /** The first line from which on none is missing. */
  get top(): number {
    const { floor } = this;
    return floor === null ? 0 : this.#firstIndex(({ time }) => time > floor);
  }

  /** Shows these sources, or all. Answers whether they are others than before. */
  select(sources: ReadonlySet<string> | null): boolean {
    if (isSameSet(this.#sources, sources)) return false;
    this.#sources = sources;
    this.reset();
    return true;
  }

  setFilter(filter: SearchPattern | null): void {
    this.#filter = filter;
    this.reset();
  }

  /** Shows what the buffer has, and what comes. */
  reset(): void {
    this.#lines = this.#ofBuffer(() => true);
    this.#removals = this.#buffer.removals;
    this.#end = live;
  }

  /** Takes what the buffer has just taken, if it is to be seen now. Answers how many lines are of those that are chosen. */
  add(lines: readonly LogLine[]): number {
    const chosen = lines.filter(this.isChosen);
    if (this.#end.type === 'live') this.#append(chosen);
    // Nothing is drawn while a shell has the terminal.
    if (this.#buffer.removals - this.#removals > mostGone) this.compact();
    return chosen.length;
  }

  /** Lets go of what was displaced, unless the window stands still. */
  compact(): void {
    if (this.#end.type !== 'live' || this.#removals === this.#buffer.removals) return;
    this.#removals = this.#buffer.removals;
    this.#lines = this.#lines.filter(({ isGone }) => !isGone);
  }

  /** Nothing comes and goes any more. */
  freeze(): void {
    if (this.#end.type !== 'live') return;
    this.compact();
    this.#floor = this.#buffer.floor(this.#sources);
    this.#end = { type: 'arrival', order: this.#buffer.nextOrder };
  }

  /** Goes on with what the buffer has; false when there is something between that is in the files alone. */
  joinBuffer(): boolean {
    const end = this.#end;
    if (end.type === 'live') return true;
    if (end.type === 'arrival' ? this.#buffer.misses(end.order, this.#sources) : this.#isBelowBuffer(end.time)) {
      return false;
    }
    this.#takeBuffer();
    return true;
  }

  /** From where on to read what is before the window, or behind it. */
  edge(direction: HistoryRequest['direction']): string | null {
    if (direction === 'back') return this.floor;
    if (this.#end.type === 'moment') return this.#end.time;
    // More of its last moment may have come since.
    const last = this.#lines.at(-1)?.time;
    return this.#lines.findLast(({ time }) => time !== last)?.time ?? null;
  }

  /** Takes a page that was asked for with an `edge`. */
  extend({ direction, from }: HistoryRequest, page: HistoryPage): void {
    if (direction === 'back') {
      const kept = this.#lines.filter(({ time }) => from === null || time > from);
      this.#floor = page.floor;
      this.#lines = this.#withOwn([...page.lines, ...kept]);
      this.#trimEnd();
      return;
    }
    const kept = this.#lines.filter(({ time }) => from !== null && time <= from);
    this.#end = { type: 'moment', time: page.ceiling };
    this.#lines = this.#withOwn([...kept, ...page.lines]);
    // A log that nobody can read, or that has gone, keeps nobody from what is printed now.
    if (page.isLast && page.lines.length === 0) this.#takeBuffer();
    this.#trimTop();
  }

  /** Shows the page alone. */
  replace(page: HistoryPage): void {
    this.#floor = page.floor;
    this.#end = { type: 'moment', time: page.ceiling };
    this.#lines = this.#withOwn(page.lines);
  }

  /** Where a line stands, or would. */
  indexOf(line: LogLine): number {
    return this.#firstIndex((each) => compareLines(each, line) >= 0);
  }

  /** The line itself, or the same one read anew. */
  counterpart(line: LogLine): LogLine | undefined {
    const { time, source, text } = line;
    if (this.#lines[this.indexOf(line)] === line) return line;
    const from = this.#firstIndex((each) => each.time >= time);
    for (let index = from; this.#lines[index]?.time === time; index++) {
      const each = this.#lines[index]!;
      if (each.source === source && each.text === text) return each;
    }
    return this.#lines[Math.min(from, this.#lines.length - 1)];
  }

  readonly isChosen = (line: LogLine): boolean => {
    if (this.#sources !== null && line.source !== ownSource && !this.#sources.has(line.source)) return false;
    return this.#filter === null || this.#filter.matches(line.plain);
  };

  #isBelowBuffer(time: string): boolean {
    const floor = this.#buffer.floor(this.#sources);
    return floor !== null && floor > time;
  }

  #takeBuffer(): void {
    const end = this.#end;
    if (end.type === 'live') return;
    this.#append(this.#ofBuffer((line) => (end.type === 'arrival' ? line.order >= end.order : line.time > end.time)));
    this.#end = { type: 'arrival', order: this.#buffer.nextOrder };
    this.#trimTop();
  }

  #ofBuffer(isWanted: (line: LogLine) => boolean): LogLine[] {
    const sources = this.#sources?.union(ownSources) ?? null;
    return this.#buffer.lines(sources).filter((line) => isWanted(line) && this.isChosen(line));
  }

  /** One container's output may arrive a little later than another's. */
  #append(lines: readonly LogLine[]): void {
    const [first] = lines;
    const last = this.#lines.at(-1);
    if (first === undefined) return;
    const from = last !== undefined && compareLines(last, first) > 0 ? this.indexOf(first) : this.#lines.length;
    const late = this.#lines.splice(from);
    for (const line of late.length === 0 ? lines : [...late, ...lines].sort(compareLines)) this.#lines.push(line);
  }

  /** What we said ourselves is in no file. */
  #withOwn(lines: readonly LogLine[]): LogLine[] {
    const own = this.#buffer.lines(ownSources).filter((line) => this.isChosen(line) && this.#reaches(line));
    const others = lines.filter(({ source }) => source !== ownSource);
    return own.length === 0 ? others : [...others, ...own].sort(compareLines);
  }

  #reaches({ time, order }: LogLine): boolean {
    const end = this.#end;
    if (this.#floor !== null && time <= this.#floor) return false;
    return end.type === 'live' || (end.type === 'arrival' ? order < end.order : time <= end.time);
  }

  #trimTop(): void {
    const excess = this.#excess(this.#lines.toReversed());
    if (excess === 0) return;
    this.#floor = this.#lines[excess - 1]?.time ?? null;
    this.#lines = this.#lines.slice(excess);
  }

  /** Ends between two moments, so that what is behind it can be read. */
  #trimEnd(): void {
    const first = this.#lines.length - this.#excess(this.#lines);
    const time = this.#lines[first]?.time;
    if (time === undefined) return;
    const index = this.#firstIndex((line) => line.time >= time);
    if (index === 0) return;
    this.#lines = this.#lines.slice(0, index);
    this.#end = { type: 'moment', time: this.#lines.at(-1)?.time ?? '' };
  }

  /** How many lines at the end are too many. */
  #excess(lines: readonly LogLine[]): number {
    let characters = 0;
    const kept = lines.findIndex(({ text }, index) => {
      characters += text.length;
      return index >= this.#limits.lines || characters > this.#limits.characters;
    });
    return kept < 0 ? 0 : lines.length - kept;
  }

  #firstIndex(isReached: (line: LogLine) => boolean): number {
    let low = 0;
    let high = this.#lines.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isReached(this.#lines[middle]!)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function isSameSet(a: ReadonlySet<string> | null, b: ReadonlySet<string> | null): boolean {
  if (a === null || b === null) return a === b;
  return a.size === b.size && [...a].every((each) => b.has(each));
}
