/** Which lines of the buffer are shown, and where: selection, filter, search, wrapping and the place in it all. No terminal. */
import { parseAnsi } from './ansi.ts';
import { compareLines, type LogBuffer, type LogLine } from './log-buffer.ts';
import { highlight, type SearchPattern, searchPattern } from './search.ts';
import { ownSource } from './services.ts';
import { colors, fitText, type Line, type Style, textWidth, withStyle, wrapLine } from './text.ts';

export interface LogSource {
  readonly name: string;
  readonly style: Style;
}

const ownSources: ReadonlySet<string> = new Set([ownSource]);
/** At least so much of a row is for the text. */
const leastText = 20;
const longestName = 20;

const levelStyles: Readonly<Record<LogLine['level'], Style>> = {
  error: { color: colors.bad },
  warning: { color: colors.busy },
  info: {},
  debug: { color: colors.quiet },
  none: {},
};

export class LogView {
  readonly #buffer: LogBuffer;
  #names: ReadonlyMap<string, LogSource> = new Map();
  #sources: ReadonlySet<string> | null = null;
  #shown: LogLine[] = [];
  #goneBefore = 0;
  /** The lowest line on the screen; null: the latest, whatever comes. */
  #anchor: LogLine | null = null;
  /** Of the anchor's rows, those below the edge. */
  #below = 0;
  /** What has come since the view stands still. */
  #unseen = 0;
  #found: LogLine | null = null;
  #filter: SearchPattern | null = null;
  #search: SearchPattern | null = null;
  #rows = 10;
  #columns = 80;
  wraps = false;
  showsTimes = false;
  showsLevels = true;

  constructor(buffer: LogBuffer) {
    this.#buffer = buffer;
  }

  get isFollowing(): boolean {
    return this.#anchor === null;
  }

  get unseen(): number {
    return this.#unseen;
  }

  get size(): number {
    return this.#shown.length;
  }

  get filter(): string {
    return this.#filter?.text ?? '';
  }

  get searched(): string {
    return this.#search?.text ?? '';
  }

  /** Names and colours of the sources. */
  name(names: ReadonlyMap<string, LogSource>): void {
    this.#names = names;
  }

  /** Shows these sources, or all. */
  select(sources: ReadonlySet<string> | null): void {
    if (sameSet(this.#sources, sources)) return;
    this.#sources = sources;
    this.#rebuild();
  }

  /** Takes what the buffer has just taken. A view that stands still stays as it is and counts. */
  add(lines: readonly LogLine[]): void {
    const chosen = lines.filter((line) => this.#isChosen(line));
    if (chosen.length === 0) return;
    if (this.#anchor !== null) {
      this.#unseen += chosen.length;
      return;
    }
    const last = this.#shown.at(-1);
    const first = chosen[0]!;
    const inOrder = last === undefined || compareLines(last, first) < 0;
    for (const line of chosen) this.#shown.push(line);
    if (inOrder) return;
    // One container's output may arrive a little later than another's.
    const from = this.#indexOf(first, this.#shown.length - chosen.length);
    const tail = this.#shown.splice(from).sort(compareLines);
    for (const line of tail) this.#shown.push(line);
  }

  /** Shows only lines that match; an empty text shows all. Answers what is wrong with the pattern. */
  setFilter(text: string): string | null {
    const parsed = searchPattern(text, 'expression');
    if (parsed.error !== null) return parsed.error;
    this.#filter = parsed.pattern;
    this.#rebuild();
    return null;
  }

  /** Highlights what matches and goes to the latest match. */
  setSearch(text: string): void {
    this.#search = searchPattern(text, 'text').pattern;
    this.#found = null;
  }

  follow(): void {
    this.#anchor = null;
    this.#below = 0;
    this.#found = null;
    this.#rebuild();
  }

  pause(): void {
    this.#freeze(this.#shown.length - 1);
  }

  /** Goes up (negative) or down by rows; at the end the view follows again. */
  scroll(rows: number): void {
    if (rows === 0 || this.#shown.length === 0) return;
    this.#compact();
    let index = this.#anchorIndex();
    let below = this.#below;
    if (rows < 0) {
      const lowest = this.#firstFull();
      for (let step = 0; step < -rows; step++) {
        if (index < lowest || (index === lowest && below >= this.#rowsOf(index) - 1)) break;
        if (below < this.#rowsOf(index) - 1) below += 1;
        else {
          if (index === lowest) break;
          index -= 1;
          below = 0;
        }
      }
      if (index !== this.#anchorIndex() || below !== this.#below) this.#freeze(index, below);
      return;
    }
    if (this.#anchor === null) return;
    for (let step = 0; step < rows; step++) {
      if (below > 0) below -= 1;
      else if (index < this.#shown.length - 1) {
        index += 1;
        below = this.#rowsOf(index) - 1;
      }
    }
    if (index >= this.#shown.length - 1 && below === 0) this.follow();
    else this.#freeze(index, below);
  }

  toTop(): void {
    this.#compact();
    if (this.#shown.length > 0) this.#freeze(this.#firstFull());
  }

  /** Goes to the next line before (−1) or behind (1) where the reader is that matches the search. */
  nextMatch(direction: -1 | 1): boolean {
    const search = this.#search;
    return search !== null && this.#seek(direction, (line) => search.matches(line.plain));
  }

  nextError(direction: -1 | 1): boolean {
    return this.#seek(direction, (line) => line.level === 'error');
  }

  /** Lines in the size of the pane, the lowest last. */
  render(columns: number, rows: number): Line[] {
    this.#columns = columns;
    this.#rows = rows;
    this.#compact();
    const drawn: Line[] = [];
    let index = this.#anchorIndex();
    let below = this.#below;
    for (; index >= 0 && drawn.length < rows; index--) {
      const line = this.#shown[index]!;
      const parts = this.#draw(line);
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
    const chosen = this.#shown.slice(first, extent === 'all' ? undefined : end);
    const texts: string[] = [];
    let size = 0;
    for (const line of chosen.reverse()) {
      size += line.plain.length + 1;
      if (size > limit) break;
      texts.push(line.plain);
    }
    return { text: texts.reverse().join('\n'), lines: texts.length };
  }

  #isChosen(line: LogLine): boolean {
    if (this.#sources !== null && line.source !== ownSource && !this.#sources.has(line.source)) return false;
    return this.#filter === null || this.#filter.matches(line.plain);
  }

  #rebuild(): void {
    this.#shown = this.#buffer.lines(this.#sources?.union(ownSources) ?? null).filter((line) => this.#isChosen(line));
    this.#goneBefore = this.#buffer.displaced;
    this.#unseen = 0;
    if (this.#shown.length === 0) this.#anchor = null;
    this.#below = 0;
  }

  /** Lets go of what was displaced, unless somebody reads it. */
  #compact(): void {
    if (this.#anchor !== null || this.#goneBefore === this.#buffer.displaced) return;
    this.#goneBefore = this.#buffer.displaced;
    this.#shown = this.#shown.filter(({ isGone }) => !isGone);
  }

  #freeze(index: number, below = 0): void {
    const line = this.#shown[Math.max(0, index)];
    if (line === undefined) return;
    if (this.#anchor === null) this.#unseen = 0;
    this.#anchor = line;
    this.#below = below;
  }

  #anchorIndex(): number {
    if (this.#anchor === null) return this.#shown.length - 1;
    return Math.min(this.#indexOf(this.#anchor), this.#shown.length - 1);
  }

  /** Where a line stands, or would. */
  #indexOf(line: LogLine, last = this.#shown.length): number {
    let low = 0;
    let high = last;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareLines(this.#shown[middle]!, line) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The lowest line when the first one is at the top. */
  #firstFull(): number {
    let rows = 0;
    for (let index = 0; index < this.#shown.length; index++) {
      rows += this.#rowsOf(index);
      if (rows >= this.#rows) return index;
    }
    return this.#shown.length - 1;
  }

  #rowsOf(index: number): number {
    if (!this.wraps) return 1;
    const line = this.#shown[index];
    return line === undefined ? 1 : this.#draw(line).length;
  }

  #seek(direction: -1 | 1, isWanted: (line: LogLine) => boolean): boolean {
    this.#compact();
    const from = this.#found === null ? this.#anchorIndex() + (direction < 0 ? 1 : 0) : this.#indexOf(this.#found);
    for (let index = from + direction; index >= 0 && index < this.#shown.length; index += direction) {
      const line = this.#shown[index]!;
      if (!isWanted(line)) continue;
      this.#found = line;
      // In the middle, so that what led to it can be seen.
      const lowest = Math.min(this.#shown.length - 1, index + Math.floor(this.#rows / 2));
      this.#freeze(Math.max(lowest, Math.min(this.#firstFull(), this.#shown.length - 1)));
      return true;
    }
    return false;
  }

  #draw(line: LogLine): Line[] {
    const prefix = this.#prefix(line);
    const width = Math.max(leastText, this.#columns - prefix.reduce((sum, { text }) => sum + textWidth(text), 0));
    const style = this.showsLevels ? levelStyles[line.level] : {};
    let text = withStyle(parseAnsi(line.text), style);
    if (this.#search !== null) text = highlight(text, this.#search);
    if (line === this.#found) text = withStyle(text, { bold: true, underline: true });
    if (!this.wraps) return [[...prefix, ...text]];
    const blank: Line = [{ text: ' '.repeat(prefix.reduce((sum, each) => sum + textWidth(each.text), 0)) }];
    return wrapLine(text, width).map((row, index) => [...(index === 0 ? prefix : blank), ...row]);
  }

  #prefix(line: LogLine): Line {
    const source = this.#names.get(line.source);
    const time: Line = this.showsTimes ? [{ text: `${clockTime(line.time)} `, style: { color: colors.quiet } }] : [];
    if (this.#sources?.size === 1) {
      return line.source === ownSource
        ? [...time, { text: `${source?.name ?? ''} `, style: source?.style ?? {} }]
        : time;
    }
    const widest = Math.max(0, ...[...this.#names.values()].map(({ name }) => textWidth(name)));
    const width = Math.min(longestName, widest, Math.max(6, Math.floor(this.#columns / 5)));
    return [...time, { text: `${fitText(source?.name ?? line.source, width)} │ `, style: source?.style ?? {} }];
  }
}

/** `12:34:56.789` where we are, of a time in UTC. */
function clockTime(time: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  const two = (value: number) => String(value).padStart(2, '0');
  const seconds = `${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
  return `${two(date.getHours())}:${two(date.getMinutes())}:${seconds}`;
}

function sameSet(a: ReadonlySet<string> | null, b: ReadonlySet<string> | null): boolean {
  if (a === null || b === null) return a === b;
  return a.size === b.size && [...a].every((each) => b.has(each));
}
