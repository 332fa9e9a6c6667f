/** The terminal itself: the alternate screen, raw keys, the mouse; only what changed is written. */
import type { ReadStream, WriteStream } from 'node:tty';
import type { Frame } from './frame.ts';
import { type Input, KeyReader } from './keys.ts';
import { type Line, lineWidth, paintLine, withoutEnd } from './text.ts';

/** The alternate screen, no cursor, presses and the wheel with SGR coordinates, pastes in brackets. */
const enterSequence = '\x1b[?1049h\x1b[?25l\x1b[?1000h\x1b[?1006h\x1b[?2004h\x1b[2J';
const leaveSequence = '\x1b[?2026l\x1b[?2004l\x1b[?1006l\x1b[?1000l\x1b[0m\x1b[?25h\x1b[?1049l';
const beginUpdate = '\x1b[?2026h';
const endUpdate = '\x1b[?2026l';
/** The least time between two drawings that nobody asked for with a key. */
const frameMs = 40;

export interface FullTerminalOptions {
  readonly stdin: ReadStream;
  readonly stdout: WriteStream;
  readonly isColored: boolean;
  readonly frame: (columns: number, rows: number) => Frame;
  readonly onInput: (input: Input) => void;
  /** Nobody types any more: the terminal is gone. */
  readonly onClosed: () => void;
}

/** Given back whatever happens: on dispose, and when the process ends in any way that runs code. */
export class FullTerminal implements Disposable {
  readonly #options: FullTerminalOptions;
  readonly #onData = (chunk: Buffer | string) => this.#read(chunk);
  readonly #onResize = () => this.redraw();
  readonly #onExit = () => this.leave();
  readonly #decoder = new TextDecoder('utf-8');
  #keys = new KeyReader();
  #isInside = false;
  #painted: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #drawnAt = 0;

  constructor(options: FullTerminalOptions) {
    this.#options = options;
    process.once('exit', this.#onExit);
    options.stdout.on('resize', this.#onResize);
    options.stdin.once('end', options.onClosed);
    this.enter();
  }

  enter(): void {
    if (this.#isInside) return;
    this.#isInside = true;
    const { stdin, stdout } = this.#options;
    this.#keys = new KeyReader();
    this.#painted = [];
    stdin.ref?.();
    stdin.setRawMode(true);
    stdin.on('data', this.#onData);
    stdin.resume();
    stdout.write(enterSequence);
    this.draw();
  }

  /** Gives the terminal to somebody else for a while. */
  leave(): void {
    if (!this.#isInside) return;
    this.#isInside = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { stdin, stdout } = this.#options;
    stdin.off('data', this.#onData);
    stdin.pause();
    try {
      stdin.setRawMode(false);
      stdout.write(leaveSequence);
    } catch {
      // The terminal is gone, and with it what there was to give back.
    }
  }

  /** Takes it as if for the first time, unless somebody else has it. */
  renew(): void {
    if (!this.#isInside) return;
    this.leave();
    this.enter();
  }

  /** Draws soon: what changes meanwhile is drawn with it. */
  schedule(): void {
    if (!this.#isInside || this.#timer !== undefined) return;
    const wait = Math.max(0, frameMs - (performance.now() - this.#drawnAt));
    this.#timer = setTimeout(() => this.draw(), wait);
  }

  /** Draws everything, whatever may be there. */
  redraw(): void {
    this.#painted = [];
    this.draw('\x1b[2J');
  }

  draw(before = ''): void {
    if (!this.#isInside) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { stdout, isColored } = this.#options;
    if (stdout.writableNeedDrain) {
      stdout.once('drain', () => this.schedule());
      return;
    }
    const columns = stdout.columns || 80;
    const { lines } = this.#options.frame(columns, stdout.rows || 24);
    const painted = lines.map((line) => paintRow(line, columns, isColored));
    let changes = before;
    for (const [row, text] of painted.entries()) {
      if (text !== this.#painted[row]) changes += `\x1b[${row + 1};1H${text}`;
    }
    this.#painted = painted;
    this.#drawnAt = performance.now();
    if (changes !== '') stdout.write(beginUpdate + changes + endUpdate);
  }

  /** Asks the terminal to put a text on the clipboard (OSC 52). */
  copy(text: string): void {
    const { stdout } = this.#options;
    stdout.write(`\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`);
  }

  [Symbol.dispose](): void {
    this.leave();
    process.removeListener('exit', this.#onExit);
    this.#options.stdout.off('resize', this.#onResize);
    this.#options.stdin.off('end', this.#options.onClosed);
  }

  #read(chunk: Buffer | string): void {
    const text = typeof chunk === 'string' ? chunk : this.#decoder.decode(chunk, { stream: true });
    for (const input of this.#keys.read(text)) {
      // A shell that was just opened has the rest.
      if (!this.#isInside) return;
      this.#options.onInput(input);
    }
    this.draw();
  }
}

/** The rest of the row is erased, but not behind the last column: there the cursor still stands on it. */
function paintRow(line: Line, columns: number, isColored: boolean): string {
  const shown = withoutEnd(line);
  return paintLine(shown, isColored) + (lineWidth(shown) < columns ? '\x1b[K' : '');
}
