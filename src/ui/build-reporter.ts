/** How builds are shown: lines as BuildKit prints them, which a terminal and a log file can both have. */
import type { BuildEvent, BuildStepEvent } from '../model/build.ts';
import { monotonicMs } from '../util/elapsed.ts';

export interface BuildReporter {
  report(event: BuildEvent): void;
  close(): void;
}

export type BuildReporterForm = 'text' | 'json' | 'quiet';

export function openBuildReporter(
  form: BuildReporterForm,
  options: { readonly stderr: NodeJS.WritableStream; readonly isColored: boolean },
): BuildReporter {
  const { stderr } = options;
  switch (form) {
    case 'quiet':
      return { report: () => {}, close: () => {} };
    case 'json':
      return { report: (event) => void stderr.write(`${JSON.stringify(event)}\n`), close: () => {} };
    case 'text':
      return new LineReporter(options);
  }
}

class LineReporter implements BuildReporter {
  readonly #stderr: NodeJS.WritableStream;
  readonly #isColored: boolean;
  /** Began of each step's latest line, which has no end yet. */
  readonly #halves = new Map<number, string>();
  readonly #began = new Map<number, number>();
  /** Whose lines were last: another step's begin after an empty line. */
  #latest: number | undefined;

  constructor(options: { readonly stderr: NodeJS.WritableStream; readonly isColored: boolean }) {
    this.#stderr = options.stderr;
    this.#isColored = options.isColored;
  }

  report(event: BuildEvent): void {
    switch (event.type) {
      case 'buildWarning':
        this.#stderr.write(`warning: ${event.message}\n`);
        return;
      case 'buildOutput':
        this.#output(event.id, event.text);
        return;
      case 'buildStep':
        this.#step(event);
        return;
    }
  }

  close(): void {
    for (const id of this.#halves.keys()) this.#flush(id);
  }

  #step({ id, title, status, durationMs }: BuildStepEvent): void {
    if (status === 'started') {
      this.#began.set(id, monotonicMs());
      this.#line(id, title);
      return;
    }
    this.#flush(id);
    // It was known without beginning.
    if (!this.#began.has(id)) this.#line(id, title);
    this.#line(id, this.#paint(status, statusText(status, durationMs)));
  }

  #output(id: number, text: string): void {
    const [first = '', ...others] = text.split('\n');
    const lines = [(this.#halves.get(id) ?? '') + first, ...others];
    this.#halves.set(id, lines.pop() ?? '');
    for (const line of lines) this.#outputLine(id, line);
  }

  #flush(id: number): void {
    const half = this.#halves.get(id) ?? '';
    this.#halves.delete(id);
    if (half !== '') this.#outputLine(id, half);
  }

  #outputLine(id: number, line: string): void {
    const seconds = (monotonicMs() - (this.#began.get(id) ?? monotonicMs())) / 1000;
    this.#line(id, `${seconds.toFixed(3)} ${line.replace(/\r+$/, '').replace(/^.*\r/, '')}`);
  }

  #line(id: number, text: string): void {
    const gap = this.#latest !== undefined && this.#latest !== id ? '\n' : '';
    this.#latest = id;
    this.#stderr.write(`${gap}#${id} ${text}\n`);
  }

  #paint(status: BuildStepEvent['status'], text: string): string {
    if (!this.#isColored) return text;
    const color = status === 'failed' ? 31 : status === 'cancelled' ? 33 : 34;
    return `\x1b[${color}m${text}\x1b[0m`;
  }
}

function statusText(status: BuildStepEvent['status'], durationMs: number): string {
  switch (status) {
    case 'cached':
      return 'CACHED';
    case 'failed':
      return 'ERROR';
    case 'cancelled':
      return 'CANCELED';
    default:
      return `DONE ${(durationMs / 1000).toFixed(1)}s`;
  }
}
