/**
 * Where somebody reads in the logs: the place, what was searched, and what is to be read from the files for that. No terminal
 * and no files.
 */
import type { LogBuffer, LogLine } from './log-buffer.ts';
import type { HistoryPage, HistoryRequest } from './log-history.ts';
import { LogReading, type ReadingGoal } from './log-reading.ts';
import { isWrapped, type LogSource, latestText, logRows } from './log-rows.ts';
import { LogWindow } from './log-window.ts';
import { type SearchPattern, searchPattern } from './search.ts';
import type { Line } from './text.ts';

export type Seeking = 'found' | 'missing' | 'reading';

export class LogView {
  readonly #buffer: LogBuffer;
  readonly #window: LogWindow;
  /** From the files. */
  readonly reading = new LogReading();
  #names: ReadonlyMap<string, LogSource> = new Map();
  /** The lowest line on the screen; null: the latest, whatever comes. */
  #anchor: LogLine | null = null;
  /** Of the anchor's rows, those below the edge. */
  #below = 0;
  /** What has come since the view stands still. */
  #unseen = 0;
  #found: LogLine | null = null;
  #search: SearchPattern | null = null;
  #rows = 10;
  #columns = 80;
  wraps = false;
  showsTimes = false;
  showsLevels = true;

  constructor(buffer: LogBuffer) {
    this.#buffer = buffer;
    this.#window = new LogWindow(buffer);
  }

  get isFollowing(): boolean {
    return this.#anchor === null;
  }

  get unseen(): number {
    return this.#unseen;
  }

  /** What was printed faster than anybody reads: the files have it. */
  get passedOver(): number {
    return this.#buffer.passedOver;
  }

  get size(): number {
    return this.#window.lines.length;
  }

  get filter(): string {
    return this.#window.filter?.text ?? '';
  }

  get searched(): string {
    return this.#search?.text ?? '';
  }

  /** When the lowest line on the screen was printed. */
  get time(): string | undefined {
    return this.#anchor?.time;
  }

  /** The files have lines before those that can be shown at once. */
  get hasEarlier(): boolean {
    return this.#window.floor !== null;
  }

  name(names: ReadonlyMap<string, LogSource>): void {
    // Who is gone has lines yet, where somebody reads them.
    this.#names = new Map([...this.#names, ...names]);
  }

  /** Shows these sources, or all. */
  select(sources: ReadonlySet<string> | null): void {
    if (this.#window.select(sources)) this.#keepPlace();
  }

  /** Takes what the buffer has just taken. A view that stands still stays as it is and counts. */
  add(lines: readonly LogLine[]): void {
    const count = this.#window.add(lines);
    if (this.#anchor !== null) this.#unseen += count;
  }

  /** Shows only lines that match; an empty text shows all. Answers what is wrong with the pattern. */
  setFilter(text: string): string | null {
    const parsed = searchPattern(text, 'expression');
    if (parsed.error !== null) return parsed.error;
    this.#window.setFilter(parsed.pattern);
    this.#keepPlace();
    return null;
  }

  /** Highlights what matches. */
  setSearch(text: string): void {
    this.reading.cancel();
    this.#search = searchPattern(text, 'text').pattern;
    this.#found = null;
  }

  follow(): void {
    this.reading.cancel();
    this.#anchor = null;
    this.#below = 0;
    this.#unseen = 0;
    this.#found = null;
    this.#window.reset();
  }

  pause(): void {
    this.#freeze(this.size - 1);
    this.#fill();
  }

  /** Goes up (negative) or down by rows; at the end the view follows again. */
  scroll(rows: number): void {
    if (rows < 0) this.#scrollUp(-rows);
    else if (rows > 0 && this.#anchor !== null) this.#scrollDown(rows);
  }

  toTop(): void {
    if (this.hasEarlier) this.reading.begin(this.#window, { direction: 'forth', from: null }, { type: 'first' });
    else if (this.size > 0) this.#freeze(this.#lowestAt(0));
  }

  /** Goes to the next line before or behind where the reader is that matches the search, be it in the files. */
  nextMatch(direction: -1 | 1, missing: string): Seeking {
    const search = this.#search;
    return search === null ? 'missing' : this.#seek(direction, (line) => search.matches(line.plain), missing);
  }

  nextError(direction: -1 | 1, missing: string): Seeking {
    return this.#seek(direction, ({ level }) => level === 'error', missing);
  }

  /** Takes what was asked for. Answers what there is to say of it. */
  takePage(request: HistoryRequest, page: HistoryPage): string | null {
    const goal = this.reading.finish(request);
    if (goal === null) return null;
    if (goal.type === 'line') {
      if (page.found === null) return goal.missing;
      // What lies between stays, unless it is too much.
      if (page.isAdjacent) this.#window.extend(request, page);
      else this.#window.replace(page);
      this.#goTo(page.found);
      return null;
    }
    if (goal.type !== 'scroll') {
      if (goal.type === 'place' && page.lines.length === 0) {
        this.reading.begin(this.#window, { direction: 'forth', from: request.from }, { type: 'first' });
        return null;
      }
      this.#window.replace(page);
      const place = goal.type === 'place' ? this.#window.counterpart(goal.line) : undefined;
      this.#freeze(place === undefined ? this.#lowestAt(0) : Math.max(this.#lowestAt(0), this.#window.indexOf(place)));
      return null;
    }
    this.#window.freeze();
    this.#window.extend(request, page);
    const place = this.#anchor ?? this.#window.lines.at(-1);
    this.#anchor = (place && this.#window.counterpart(place)) ?? null;
    this.scroll(goal.rows);
    return null;
  }

  /** Lines in the size of the pane, the lowest last. */
  render(columns: number, rows: number): Line[] {
    this.#columns = columns;
    this.#rows = rows;
    this.#window.compact();
    const { lines } = this.#window;
    const drawn: Line[] = [];
    let below = this.#below;
    for (let index = this.#anchorIndex(); index >= 0 && drawn.length < rows; index--) {
      const parts = this.#draw(lines[index]!);
      const visible = below > 0 ? parts.slice(0, Math.max(1, parts.length - below)) : parts;
      below = 0;
      for (let part = visible.length - 1; part >= 0 && drawn.length < rows; part--) drawn.push(visible[part]!);
    }
    return drawn.reverse();
  }

  /** The text of what is on the screen, or of all that is shown; at most `limit` characters, the latest ones. */
  text(extent: 'screen' | 'all', limit: number): { readonly text: string; readonly lines: number } {
    const end = this.#anchorIndex() + 1;
    const first = extent === 'all' ? 0 : Math.max(0, end - this.#rows);
    const chosen = this.#window.lines.slice(first, extent === 'all' ? undefined : end);
    return latestText(chosen, limit);
  }

  #scrollUp(rows: number): void {
    if (this.reading.goesFarther(rows)) return;
    this.reading.cancel();
    this.#window.compact();
    const { top } = this.#window;
    const lowest = this.#lowestAt(top);
    let index = this.#anchorIndex();
    let below = this.#below;
    let left = rows;
    for (; left > 0 && index >= lowest; left--) {
      if (below < this.#rowsOf(index) - 1) below += 1;
      else if (index === lowest) break;
      else {
        index -= 1;
        below = 0;
      }
    }
    if (left < rows) this.#freeze(index, below);
    if (left > 0 && this.hasEarlier) this.#read('back', { type: 'scroll', rows: -left });
  }

  #scrollDown(rows: number): void {
    this.reading.cancel();
    let index = this.#anchorIndex();
    let below = this.#below;
    for (let left = rows; left > 0; ) {
      if (below > 0) below -= 1;
      else if (index < this.size - 1) {
        index += 1;
        below = this.#rowsOf(index) - 1;
      } else {
        this.#freeze(index);
        if (!this.#goOn()) {
          this.#read('forth', { type: 'scroll', rows: left });
          return;
        }
        index = this.#anchorIndex();
        if (index < this.size - 1) continue;
        this.follow();
        return;
      }
      left -= 1;
    }
    this.#freeze(index, below);
    if (index === this.size - 1 && below === 0 && this.#unseen === 0 && this.#goOn() && index === this.size - 1) {
      this.follow();
    }
  }

  /** Takes what has come since; false when the files are to be read first. */
  #goOn(): boolean {
    if (!this.#window.joinBuffer()) return false;
    this.#unseen = 0;
    return true;
  }

  #seek(direction: -1 | 1, isWanted: (line: LogLine) => boolean, missing: string): Seeking {
    this.reading.cancel();
    this.#window.compact();
    const { top } = this.#window;
    let index =
      this.#found === null ? this.#anchorIndex() + (direction < 0 ? 1 : 0) : this.#window.indexOf(this.#found);
    for (index += direction; ; index += direction) {
      if (direction > 0) index = Math.max(index, top);
      // What the files have comes after what is here, in either direction.
      if (direction < 0 ? index < top : index >= this.size && (!this.#window.joinBuffer() || index >= this.size)) break;
      const line = this.#window.lines[index]!;
      if (!isWanted(line)) continue;
      this.#goTo(line);
      return 'found';
    }
    if (direction < 0 ? !this.hasEarlier : this.#window.joinBuffer()) return 'missing';
    this.#read(direction < 0 ? 'back' : 'forth', { type: 'line', missing }, isWanted);
    return 'reading';
  }

  /** What is before the window, or behind it. */
  #read(direction: HistoryRequest['direction'], goal: ReadingGoal, isWanted?: (line: LogLine) => boolean): void {
    this.reading.begin(this.#window, { direction, from: this.#window.edge(direction) }, goal, isWanted);
  }

  /** In the middle, so that what led to it can be seen. */
  #goTo(line: LogLine): void {
    this.#found = line;
    const index = this.#window.indexOf(line) + Math.floor(this.#rows / 2);
    this.#freeze(Math.max(this.#lowestAt(0), Math.min(this.size - 1, index)));
    this.#fill();
  }

  /** What was passed over or displaced between lines that are on the screen is read, now that somebody looks. */
  #fill(): void {
    const { top } = this.#window;
    let rows = 0;
    for (let index = this.#anchorIndex(); index >= top && rows < this.#rows; index--) rows += this.#rowsOf(index);
    if (rows < this.#rows && this.hasEarlier) this.#read('back', { type: 'scroll', rows: 0 });
  }

  #freeze(index: number, below = 0): void {
    const line = this.#window.lines[Math.max(0, index)];
    if (line === undefined) return;
    if (this.#anchor === null) this.#unseen = 0;
    this.#window.freeze();
    this.#anchor = line;
    this.#below = below;
  }

  /** After other lines were chosen: they are the latest ones. */
  #keepPlace(): void {
    this.reading.cancel();
    const place = this.#anchor;
    this.#unseen = 0;
    this.#below = 0;
    if (place === null) return;
    this.#anchor = null;
    this.#freeze(Math.min(this.#window.indexOf(place), this.size - 1));
    const { floor } = this.#window;
    if (floor !== null && place.time <= floor) {
      this.reading.begin(this.#window, { direction: 'back', from: place.time }, { type: 'place', line: place });
    } else this.#fill();
  }

  #anchorIndex(): number {
    const last = this.size - 1;
    return this.#anchor === null ? last : Math.min(this.#window.indexOf(this.#anchor), last);
  }

  /** The lowest line when this one is at the top. */
  #lowestAt(top: number): number {
    let rows = 0;
    for (let index = top; index < this.size; index++) {
      rows += this.#rowsOf(index);
      if (rows >= this.#rows) return index;
    }
    return this.size - 1;
  }

  #rowsOf(index: number): number {
    const line = this.#window.lines[index];
    return line === undefined || !isWrapped(line, this.wraps) ? 1 : this.#draw(line).length;
  }

  #draw(line: LogLine): Line[] {
    return logRows(line, {
      columns: this.#columns,
      names: this.#names,
      isAlone: this.#window.sources?.size === 1,
      wraps: this.wraps,
      showsTimes: this.showsTimes,
      showsLevels: this.showsLevels,
      search: this.#search,
      found: this.#found,
    });
  }
}
