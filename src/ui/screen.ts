import type { Reporter } from './reporter.ts';
import type { StackEvent } from './stack.ts';

/** Where `up` shows logs, its own words and the state of the stack. */
export interface Screen extends AsyncDisposable {
  /** Progress of what is being done. */
  readonly reporter: Reporter;
  /** Lines for stdout and stderr; settles when the reader can take more. */
  write(stdout: string, stderr: string): Promise<void>;
  /** So many lines are not shown, because they came too fast to be read. */
  skip(lines: number): void;
  /** Tells what changed; drawn when there is something that shows it. */
  tell(event: StackEvent): void;
  /** Whether the state of the stack is shown, and thus worth measuring. */
  readonly showsStack: boolean;
}

/** Logs as plain lines, progress by a reporter: for pipes, files and `--progress plain`. */
export class PlainScreen implements Screen {
  readonly reporter: Reporter;
  readonly showsStack = false;
  readonly #stdout: NodeJS.WritableStream;
  readonly #stderr: NodeJS.WritableStream;
  readonly #signal: AbortSignal;

  constructor(options: {
    readonly stdout: NodeJS.WritableStream;
    readonly stderr: NodeJS.WritableStream;
    readonly reporter: Reporter;
    /** Ends the waiting for a reader that never reads. */
    readonly signal: AbortSignal;
  }) {
    this.#stdout = options.stdout;
    this.#stderr = options.stderr;
    this.reporter = options.reporter;
    this.#signal = options.signal;
  }

  async write(stdout: string, stderr: string): Promise<void> {
    const isFree = [stdout === '' || this.#stdout.write(stdout), stderr === '' || this.#stderr.write(stderr)];
    if (isFree[0] === false) await drained(this.#stdout, this.#signal);
    if (isFree[1] === false) await drained(this.#stderr, this.#signal);
  }

  skip(): void {}

  tell(): void {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reporter.close();
  }
}

/** Settles when a stream takes more, or with the signal. */
export async function drained(stream: NodeJS.WritableStream, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const settle = () => resolve();
  stream.once('drain', settle);
  signal.addEventListener('abort', settle, { once: true });
  await promise;
  stream.removeListener('drain', settle);
  signal.removeEventListener('abort', settle);
}
