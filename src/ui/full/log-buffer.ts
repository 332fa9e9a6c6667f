/** The output of all containers, bounded: a container that prints without end displaces its own lines, not the others'. */
import { plainOf } from './ansi.ts';
import { ownSource } from './services.ts';

export type LogLevel = 'error' | 'warning' | 'info' | 'debug' | 'none';

export class LogLine {
  /** UTC, so that texts compare as times do. */
  readonly time: string;
  /** The order of arrival, for lines of one moment. */
  readonly order: number;
  /** The container's id, or a word for what we do ourselves. */
  readonly source: string;
  readonly text: string;
  /** Displaced: no view shows it any more. */
  isGone = false;
  #plain: string | undefined;
  #level: LogLevel | undefined;

  constructor(time: string, order: number, source: string, text: string) {
    this.time = time;
    this.order = order;
    this.source = source;
    this.text = text;
  }

  /** Without escape sequences. */
  get plain(): string {
    this.#plain ??= plainOf(this.text);
    return this.#plain;
  }

  get level(): LogLevel {
    this.#level ??= levelOf(this.plain);
    return this.#level;
  }
}

const levels: readonly (readonly [LogLevel, RegExp])[] = [
  ['error', /\b(?:error|err|fatal|panic|critical|crit|alert|emerg|exception|traceback|segfault)\b/i],
  ['warning', /\b(?:warn|warning|wrn)\b/i],
  ['info', /\b(?:info|inf|notice)\b/i],
  ['debug', /\b(?:debug|dbg|trace|verbose)\b/i],
];
/** Where programs write their level, not far into the line. */
const levelReach = 160;

/** How bad a line is, by the words that programs use; a level that is named as such wins over other words. */
export function levelOf(plain: string): LogLevel {
  const head = plain.slice(0, levelReach);
  const [, named] = /\b(?:level|severity|lvl)["']?\s*[=:]\s*["']?(\w+)/i.exec(head) ?? [];
  const text = named ?? head;
  for (const [level, pattern] of levels) {
    // `0 errors` and `error=null` are good news.
    if (
      pattern.test(text) &&
      !(level === 'error' && /\b(?:no|0) err|\berr(?:or)?["']?[=:]\s*(?:null|nil|none|false|0)\b/i.test(text))
    )
      return level;
  }
  return 'none';
}

export interface IncomingLine {
  readonly time: string;
  readonly source: string;
  readonly text: string;
}

interface Queue {
  lines: LogLine[];
  /** Those before it are gone. */
  head: number;
  /** How many it was given. */
  taken: number;
  /** The latest line that is not there, as far as is known: when it was printed and in which order it came. */
  missing: { readonly time: string; readonly order: number } | undefined;
}

export interface LogBufferLimits {
  readonly lines: number;
  readonly characters: number;
  /** What a source gives first are its latest lines, at most so many: there may be earlier ones. */
  readonly history?: number;
}

export const defaultLimits = { lines: 40_000, characters: 16 * 1024 * 1024, history: 1000 } as const;

const longestText = 16 * 1024;

/** As much of a text as anybody reads in a row. */
export function keptText(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText)}…` : text;
}

export class LogBuffer {
  readonly #limits: LogBufferLimits;
  readonly #queues = new Map<string, Queue>();
  #order = 0;
  #count = 0;
  #characters = 0;
  #removals = 0;
  #passedOver = 0;

  constructor(limits: LogBufferLimits = defaultLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#count;
  }

  /** Changes whenever lines have gone. */
  get removals(): number {
    return this.#removals;
  }

  /** What the next line will have: lines that are there have a lower one. */
  get nextOrder(): number {
    return this.#order;
  }

  /** All that these sources, or all, have printed later than this is here; null: all that they ever printed. */
  floor(sources: ReadonlySet<string> | null): string | null {
    let floor: string | null = null;
    for (const [, { lines, head, taken, missing }] of this.#chosen(sources)) {
      const isCut = taken >= (this.#limits.history ?? Number.POSITIVE_INFINITY);
      const time = missing?.time ?? (isCut ? lines[head]?.time : undefined);
      if (time !== undefined && (floor === null || time > floor)) floor = time;
    }
    return floor;
  }

  /** Whether a line of that order or a higher one is not there any more, or was never. */
  misses(order: number, sources: ReadonlySet<string> | null): boolean {
    return this.#chosen(sources).some(([, { missing }]) => missing !== undefined && missing.order >= order);
  }

  /** So many lines that nobody could have read were never given; `next`: when the one behind them was printed. */
  passOver(source: string, lines: number, next: string): void {
    const queue = this.#queue(source);
    queue.missing = { time: next, order: this.#order };
    this.#passedOver += lines;
  }

  /** How many lines were never given. */
  get passedOver(): number {
    return this.#passedOver;
  }

  /** Takes lines in order of time; gives back those that are still there. */
  push(incoming: readonly IncomingLine[]): LogLine[] {
    const added = incoming.map(({ time, source, text }) => {
      const kept = keptText(text);
      const line = new LogLine(time, this.#order++, source, kept);
      const queue = this.#queue(source);
      queue.lines.push(line);
      queue.taken += 1;
      this.#count += 1;
      this.#characters += kept.length;
      return line;
    });
    this.#displace();
    return added.filter(({ isGone }) => !isGone);
  }

  /** All lines of the sources, or of all, in order of time. */
  lines(sources: ReadonlySet<string> | null): LogLine[] {
    const queues = [...this.#queues].filter(([source]) => sources === null || sources.has(source));
    return queues.flatMap(([, { lines, head }]) => lines.slice(head)).sort(compareLines);
  }

  /** Forgets what sources that no longer exist have printed. */
  retain(isKept: (source: string) => boolean): void {
    for (const [source, queue] of this.#queues) {
      if (isKept(source)) continue;
      while (queue.head < queue.lines.length) this.#drop(queue);
      this.#queues.delete(source);
    }
  }

  #queue(source: string): Queue {
    const queue = this.#queues.get(source) ?? { lines: [], head: 0, taken: 0, missing: undefined };
    this.#queues.set(source, queue);
    return queue;
  }

  /** What we say ourselves is in no file. */
  #chosen(sources: ReadonlySet<string> | null): (readonly [string, Queue])[] {
    return [...this.#queues].filter(([source]) => source !== ownSource && (sources === null || sources.has(source)));
  }

  #displace(): void {
    while (this.#count > this.#limits.lines || this.#characters > this.#limits.characters) {
      // Those that have most give first.
      let largest: Queue | undefined;
      for (const queue of this.#queues.values()) {
        if (largest === undefined || sizeOf(queue) > sizeOf(largest)) largest = queue;
      }
      if (largest === undefined || sizeOf(largest) === 0) return;
      const batch = Math.max(1, Math.min(256, this.#count - this.#limits.lines));
      for (let number = 0; number < batch && sizeOf(largest) > 0; number++) {
        const line = largest.lines[largest.head];
        if (line !== undefined && (largest.missing === undefined || largest.missing.time <= line.time)) {
          largest.missing = { time: line.time, order: Math.max(line.order, largest.missing?.order ?? 0) };
        }
        this.#drop(largest);
      }
    }
  }

  #drop(queue: Queue): void {
    const line = queue.lines[queue.head++];
    if (line === undefined) return;
    line.isGone = true;
    this.#removals += 1;
    this.#count -= 1;
    this.#characters -= line.text.length;
    if (queue.head < 1024 || queue.head * 2 < queue.lines.length) return;
    queue.lines = queue.lines.slice(queue.head);
    queue.head = 0;
  }
}

function sizeOf({ lines, head }: Queue): number {
  return lines.length - head;
}

/** In order of time, then of arrival. */
export function compareLines(a: LogLine, b: LogLine): number {
  if (a.time !== b.time) return a.time < b.time ? -1 : 1;
  return a.order - b.order;
}
