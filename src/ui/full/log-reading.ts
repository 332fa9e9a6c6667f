import type { LogLine } from './log-buffer.ts';
import type { HistoryRequest } from './log-history.ts';
import type { LogWindow } from './log-window.ts';

/** Where the place in the logs goes when what was asked for is there. */
export type ReadingGoal =
  | { readonly type: 'scroll'; readonly rows: number }
  /** With the first line at the top. */
  | { readonly type: 'first' }
  /** With this line at the bottom. */
  | { readonly type: 'place'; readonly line: LogLine }
  /** `missing`: what to say when there is no such line. */
  | { readonly type: 'line'; readonly missing: string };

export interface Reading {
  readonly request: HistoryRequest;
  readonly goal: ReadingGoal;
  /** How many lines were looked at, and up to when. */
  readonly count: number;
  readonly time: string | undefined;
}

/** Of one reading: some screens. */
const pageLines = 2000;

/** The one thing that is being read from the log files, if any: what is asked for next replaces it. */
export class LogReading {
  #current: Reading | null = null;
  #abort = new AbortController();
  #isTaken = true;

  get current(): Reading | null {
    return this.#current;
  }

  begin(
    { sources, isChosen: isShown }: LogWindow,
    { direction, from }: Pick<HistoryRequest, 'direction' | 'from'>,
    goal: ReadingGoal,
    isWanted: ((line: LogLine) => boolean) | null = null,
  ): void {
    this.cancel();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const request = { direction, from, sources, isShown, isWanted, lines: pageLines, signal };
    this.#current = { request, goal, count: 0, time: undefined };
    this.#isTaken = false;
  }

  /** Whether it scrolls back already: then it goes so many rows farther. */
  goesFarther(rows: number): boolean {
    if (this.#current?.goal.type !== 'scroll' || this.#current.request.direction !== 'back') return false;
    this.#current = { ...this.#current, goal: { type: 'scroll', rows: this.#current.goal.rows - rows } };
    return true;
  }

  cancel(): void {
    this.#abort.abort();
    this.#current = null;
    this.#isTaken = true;
  }

  /** What is to be read, once. */
  take(): HistoryRequest | null {
    if (this.#isTaken) return null;
    this.#isTaken = true;
    return this.#current?.request ?? null;
  }

  /** How far it has come. */
  progress(request: HistoryRequest, count: number, time: string | undefined): void {
    if (this.#current?.request === request) this.#current = { ...this.#current, count, time };
  }

  /** It is read: answers for what, unless nobody wants it any more. */
  finish(request: HistoryRequest): ReadingGoal | null {
    if (this.#current?.request !== request) return null;
    const { goal } = this.#current;
    this.#current = null;
    return goal;
  }
}
