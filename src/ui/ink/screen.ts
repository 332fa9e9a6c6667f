/**
 * The footer below the logs of an attached `up`. Components are made with createElement and not with JSX: Node runs the
 * sources by stripping types, and with that the tests, without a bundler between.
 */
import { render, useInput, useStdout } from 'ink';
import { createElement as h, type ReactElement, useEffect, useState } from 'react';
import type { ProgressEvent } from '../../model/events.ts';
import type { Reporter } from '../reporter.ts';
import { drained, type Screen } from '../screen.ts';
import { emptyStack, reduceStack, type StackEvent, type StackState } from '../stack.ts';
import { Footer } from './footer.ts';

/** The least time between two drawings: what arrives meanwhile is drawn with the next, so output costs frames, not lines. */
const frameMs = 33;

export interface InkScreenOptions {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly signal: AbortSignal;
  /** The line below the table. */
  readonly keys: string;
  readonly onKey: (key: 'interrupt' | 'detach' | 'watch') => void;
}

export class InkScreen implements Screen {
  readonly showsStack = true;
  readonly reporter: Reporter = {
    report: (event) => this.#report(event),
    close: async () => {},
  };
  readonly #options: InkScreenOptions;
  readonly #instance: ReturnType<typeof render>;
  #stack: StackState = emptyStack;
  #draw: ((stack: StackState) => void) | undefined;
  #print: ((text: string) => void) | undefined;
  #pending: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isStale = false;
  #flushed = Promise.withResolvers<void>();

  constructor(options: InkScreenOptions) {
    this.#options = options;
    const { stdin, stdout, stderr } = options;
    this.#instance = render(
      h(View, {
        terminal: stdout,
        keys: options.keys,
        onKey: options.onKey,
        bind: (draw, print) => {
          this.#draw = draw;
          this.#print = print;
          this.#schedule();
        },
      }),
      { stdin, stdout, stderr, exitOnCtrlC: false, patchConsole: false, interactive: true },
    );
  }

  /** On a terminal both streams are one. */
  async write(stdout: string, stderr: string): Promise<void> {
    this.#pending.push(stdout, stderr);
    this.#schedule();
    await this.#flushed.promise;
    if (this.#options.stdout.writableNeedDrain) await drained(this.#options.stdout, this.#options.signal);
  }

  tell(event: StackEvent): void {
    this.#stack = reduceStack(this.#stack, event);
    this.#isStale = true;
    this.#schedule();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#flush();
    // The last state of the stack stays above the prompt only as long as it is true: it is taken away.
    this.#instance.clear();
    this.#instance.unmount();
    await this.#instance.waitUntilExit();
  }

  #report(event: ProgressEvent): void {
    if (event.type === 'warning') void this.write(`warning: ${event.message}\n`, '');
    this.tell({ type: 'progress', event });
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => this.#flush(), frameMs);
  }

  #flush(): void {
    this.#timer = undefined;
    // Mounted a moment after we were made; what comes before waits for it.
    if (this.#draw === undefined) return;
    const text = this.#pending.join('');
    this.#pending = [];
    if (this.#isStale) this.#draw(this.#stack);
    this.#isStale = false;
    if (text !== '') this.#print?.(text);
    this.#flushed.resolve();
    this.#flushed = Promise.withResolvers<void>();
  }
}

interface ViewProps {
  readonly terminal: NodeJS.WriteStream;
  readonly keys: string;
  readonly onKey: InkScreenOptions['onKey'];
  readonly bind: (draw: (stack: StackState) => void, print: (text: string) => void) => void;
}

function View({ terminal, keys, onKey, bind }: ViewProps): ReactElement {
  const [stack, draw] = useState(emptyStack);
  const { write } = useStdout();
  const [size, setSize] = useState(sizeOf(terminal));
  useEffect(() => bind(draw, write), [bind, write]);
  useEffect(() => {
    const resized = () => setSize(sizeOf(terminal));
    terminal.on('resize', resized);
    return () => {
      terminal.off('resize', resized);
    };
  }, [terminal]);
  useInput((input, key) => {
    if (key.ctrl && input === 'c') onKey('interrupt');
    else if (input === 'd') onKey('detach');
    else if (input === 'w') onKey('watch');
    else if (key.return) write('\n');
  });
  return h(Footer, { stack, keys, ...size });
}

function sizeOf({ columns, rows }: NodeJS.WriteStream): { columns: number; rows: number } {
  return { columns: columns ?? 80, rows: rows ?? 24 };
}
