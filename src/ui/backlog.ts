/** Lines on their way to a terminal. What comes faster than anybody could read is left out, and how much that was is said. */

export interface BacklogOptions {
  /** So many may come at once: the start of a large stack, a stack trace. */
  readonly burstLines: number;
  readonly linesPerSecond: number;
  /** Larger than that is too much, however few lines it is. */
  readonly burstCharacters: number;
  /** How long the lines that are shown stand still while others are left out. */
  readonly calmMs: number;
}

const defaults: BacklogOptions = {
  burstLines: 10_000,
  linesPerSecond: 2000,
  burstCharacters: 4 << 20,
  calmMs: 500,
};

export class Backlog {
  readonly #options: BacklogOptions;
  #texts: string[] = [];
  #lines = 0;
  #characters = 0;
  #skipped = 0;
  /** How many lines may still be shown; refilled with time. */
  #budget: number;
  #refilledAt: number;
  /** Until then nothing is shown: what was shown last is to be read. */
  #calmUntil = 0;

  constructor(now: number, options: Partial<BacklogOptions> = {}) {
    this.#options = { ...defaults, ...options };
    this.#budget = this.#options.burstLines;
    this.#refilledAt = now;
  }

  /** Adds whole lines. */
  add(text: string): void {
    if (text === '') return;
    this.#texts.push(text);
    this.#lines += countLines(text);
    this.#characters += text.length;
  }

  /** Lines that were left out before they came here. */
  skip(lines: number): void {
    this.#skipped += lines;
  }

  /** How long to wait before taking. */
  waitMs(now: number): number {
    return Math.max(0, this.#calmUntil - now);
  }

  /** What to show now, on a screen of so many rows, and how many lines were left out before the first of it. */
  take(now: number, rows: number): { readonly skipped: number; readonly text: string } {
    const { burstLines, linesPerSecond, burstCharacters, calmMs } = this.#options;
    this.#budget = Math.min(burstLines, this.#budget + ((now - this.#refilledAt) / 1000) * linesPerSecond);
    this.#refilledAt = now;
    let text = this.#texts.join('');
    let lines = this.#lines;
    let skipped = this.#skipped;
    if (lines > this.#budget || this.#characters > burstCharacters || skipped > 0) {
      const start = startOfLast(text, rows);
      const shown = Math.min(lines, rows);
      skipped += lines - shown;
      text = text.slice(start);
      lines = shown;
      this.#calmUntil = now + calmMs;
    }
    this.#budget = Math.max(0, this.#budget - lines);
    this.#texts = [];
    this.#lines = 0;
    this.#characters = 0;
    this.#skipped = 0;
    return { skipped, text };
  }
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

/** Where the last `count` lines of a text of whole lines begin. */
function startOfLast(text: string, count: number): number {
  let at = text.length - 1;
  for (let line = 0; line < count; line++) {
    at = text.lastIndexOf('\n', at - 1);
    if (at < 0) return 0;
  }
  return at + 1;
}
