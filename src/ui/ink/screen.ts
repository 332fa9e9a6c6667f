/**
 * The footer below the logs of an attached `up`. Components are made with createElement and not with JSX: Node runs the
 * sources by stripping types, and with that the tests, without a bundler between.
 */
import { EventEmitter } from 'node:events';
import type { ReadStream, WriteStream } from 'node:tty';
import { render, useInput } from 'ink';
import { createElement as h, type ReactElement } from 'react';
import type { ProgressEvent } from '../../model/events.ts';
import { collectGarbage } from '../../util/garbage.ts';
import { Backlog } from '../backlog.ts';
import { BottomFrame } from '../bottom-frame.ts';
import type { Reporter } from '../reporter.ts';
import type { Screen } from '../screen.ts';
import { emptyStack, reduceStack, type StackEvent, type StackState } from '../stack.ts';
import { Footer, type FooterKey, type FooterProps } from './footer.ts';

/** The least time between two drawings: what arrives meanwhile is drawn with the next, so output costs frames, not lines. */
const frameMs = 33;
/** In a flood of output memory is given back as often. */
const collectMs = 4000;

/** What a person asks for; digits pick from what is offered. */
export type ScreenKey = 'interrupt' | 'detach' | 'open' | 'watch' | 'enter' | 'escape' | number;

export interface InkScreenOptions {
  readonly stdin: ReadStream;
  readonly stdout: WriteStream;
  readonly keys: readonly FooterKey[];
  readonly onKey: (key: ScreenKey) => void;
  /** How a container is called there, as before its lines. */
  readonly label: (name: string) => string;
  /** What is said in place of so many lines. */
  readonly skippedText: (lines: number) => string;
}

/**
 * Ink lays the footer out and reads keys; the rows are written by `BottomFrame`, each update in one piece, the lines above
 * with it: Ink's own way erases and draws in several writes, and does not know what a resize does to rows that are there.
 */
export class InkScreen implements Screen {
  readonly showsStack = true;
  readonly reporter: Reporter = {
    report: (event) => this.#report(event),
    close: async () => {},
  };
  readonly #options: InkScreenOptions;
  readonly #frame = new BottomFrame();
  readonly #sheet: Sheet;
  readonly #instance: ReturnType<typeof render>;
  readonly #backlog = new Backlog(performance.now());
  readonly #onResize = () => this.#redraw();
  readonly #onContinue = () => this.#resume();
  readonly #onExit = () => this.#restore();
  #stack: StackState = emptyStack;
  #isHelp = false;
  #timer: NodeJS.Timeout | undefined;
  #isStale = true;
  #drawnAt = 0;
  #collectedAt = 0;
  #flushed = Promise.withResolvers<void>();

  constructor(options: InkScreenOptions) {
    this.#options = options;
    const { stdin, stdout } = options;
    this.#sheet = new Sheet(stdout);
    const terminal = this.#sheet as unknown as WriteStream;
    this.#instance = render(this.#view(), {
      stdin,
      stdout: terminal,
      stderr: terminal,
      exitOnCtrlC: false,
      patchConsole: false,
      interactive: true,
      // Every drawing comes whole and at once.
      debug: true,
    });
    stdout.on('resize', this.#onResize);
    process.on('SIGCONT', this.#onContinue);
    process.once('exit', this.#onExit);
    this.#flush();
  }

  /** On a terminal both streams are one. What is written moves no cursor (`printableLine`). */
  async write(stdout: string, stderr: string): Promise<void> {
    this.#backlog.add(stdout);
    this.#backlog.add(stderr);
    this.#schedule();
    await this.#flushed.promise;
  }

  skip(lines: number): void {
    this.#backlog.skip(lines);
    this.#schedule();
  }

  tell(event: StackEvent): void {
    this.#stack = reduceStack(this.#stack, event);
    this.#isStale = true;
    this.#schedule();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What was left standing for somebody to read gives way to the last lines.
    this.#flush(true);
    clearTimeout(this.#timer);
    const { stdout } = this.#options;
    stdout.off('resize', this.#onResize);
    process.removeListener('SIGCONT', this.#onContinue);
    process.removeListener('exit', this.#onExit);
    this.#instance.unmount();
    // The last state of the stack stays above the prompt only as long as it is true: it is taken away.
    this.#restore();
    await this.#instance.waitUntilExit();
  }

  #report(event: ProgressEvent): void {
    if (event.type === 'warning') void this.write(`warning: ${event.message}\n`, '');
    this.tell({ type: 'progress', event });
  }

  /** At once after a pause, and never sooner than a frame after the last one. */
  #schedule(): void {
    const wait = Math.max(0, frameMs - (performance.now() - this.#drawnAt));
    this.#timer ??= setTimeout(() => this.#flush(), wait);
  }

  #flush(isLast = false): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const now = performance.now();
    this.#drawnAt = now;
    const { stdout, skippedText } = this.#options;
    const wait = isLast ? 0 : this.#backlog.waitMs(now);
    const lines = this.#lines();
    // As many as fit with the word about the others above them.
    const room = Math.max(1, this.#sheet.rows - lines.length - 1);
    const above = wait > 0 ? { skipped: 0, text: '' } : this.#backlog.take(now, room);
    const head = above.skipped > 0 ? `${skippedText(above.skipped)}\n` : '';
    const change = this.#frame.update(lines, head + above.text);
    if (change !== '') stdout.write(change);
    if (above.skipped > 0 && now - this.#collectedAt > collectMs) {
      this.#collectedAt = now;
      collectGarbage();
    }
    if (wait > 0) {
      // The table goes on; who writes waits until there is room.
      this.#timer = setTimeout(() => this.#flush(), Math.min(wait, 100));
      return;
    }
    this.#flushed.resolve();
    this.#flushed = Promise.withResolvers<void>();
  }

  #redraw(): void {
    this.#isStale = true;
    this.#options.stdout.write(this.#frame.redraw(this.#lines()));
  }

  #lines(): readonly string[] {
    if (this.#isStale) this.#instance.rerender(this.#view());
    this.#isStale = false;
    return this.#sheet.lines;
  }

  #view(): ReactElement {
    const { keys, label } = this.#options;
    const { columns, rows } = this.#sheet;
    const footer = { stack: this.#stack, keys, label, isHelp: this.#isHelp, columns, rows };
    return h(View, { ...footer, onInput: (input, isControl) => this.#input(input, isControl) });
  }

  #input(input: string, isControl: boolean): void {
    const { onKey } = this.#options;
    if (isControl) {
      // What happens then is to be seen.
      if (input === 'c') {
        this.#isHelp = false;
        this.tell({ type: 'hint', text: null });
        onKey('interrupt');
      }
      if (input === 'z') this.#suspend();
      return;
    }
    for (const letter of input) {
      this.#isHelp = letter === '?' && !this.#isHelp;
      this.tell({ type: 'hint', text: null });
      const key = keyOf(letter);
      if (key !== undefined) onKey(key);
    }
  }

  /** As the shell expects it: the terminal is as it was, then the whole job stops. */
  #suspend(): void {
    this.#options.stdout.write(this.#frame.close());
    this.#options.stdin.setRawMode(false);
    process.kill(0, 'SIGTSTP');
  }

  #resume(): void {
    const { stdin } = this.#options;
    // The shell has set its own mode; what is set already is not set again unless it was given back.
    stdin.setRawMode(false);
    stdin.setRawMode(true);
    this.#redraw();
  }

  #restore(): void {
    try {
      this.#options.stdout.write(this.#frame.close());
    } catch {
      // The terminal is gone, and with it what there was to give back.
    }
  }
}

const letterKeys: Readonly<Record<string, ScreenKey>> = {
  d: 'detach',
  o: 'open',
  w: 'watch',
  '\r': 'enter',
  '\n': 'enter',
  '\x1b': 'escape',
};

function keyOf(letter: string): ScreenKey | undefined {
  return /^[1-9]$/.test(letter) ? Number(letter) : letterKeys[letter];
}

interface ViewProps extends FooterProps {
  readonly onInput: (input: string, isControl: boolean) => void;
}

function View({ onInput, ...footer }: ViewProps): ReactElement {
  useInput((input, key) => {
    // Of the others only these mean something.
    if (key.escape) onInput('\x1b', false);
    else if (key.return) onInput('\r', false);
    else if (!key.meta) onInput(input, key.ctrl);
  });
  return h(Footer, footer);
}

/** What Ink takes for the terminal: it has its size, and keeps the latest drawing. */
class Sheet extends EventEmitter {
  readonly isTTY = true;
  readonly writable = true;
  readonly #terminal: WriteStream;
  #lines: readonly string[] = [];

  constructor(terminal: WriteStream) {
    super();
    this.#terminal = terminal;
  }

  get columns(): number {
    return this.#terminal.columns || 80;
  }

  get rows(): number {
    return this.#terminal.rows || 24;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  write(text: string, done?: () => void): boolean {
    if (text !== '' && done === undefined) this.#lines = text.split('\n');
    done?.();
    return true;
  }
}
