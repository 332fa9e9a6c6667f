import type { BuildEvent, BuildStepEvent } from '../model/build.ts';
import { monotonicMs } from '../util/elapsed.ts';
import { type BuildReporter, type BuildReporterOptions, statusText } from './build-reporter.ts';

/** Builds in lines as BuildKit prints them, for pipes and log files. */
export class LineReporter implements BuildReporter {
  readonly #stderr: NodeJS.WritableStream;
  readonly #isColored: boolean;
  /** Began of each step's latest line, which has no end yet. */
  readonly #halves = new Map<number, string>();
  readonly #began = new Map<number, number>();
  /** Whose lines were last: another step's begin after an empty line. */
  #latest: number | undefined;

  constructor(options: BuildReporterOptions) {
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
      case 'built':
        this.#stderr.write(` Image ${event.image}  Built\n`);
        return;
      case 'layer':
        // The step says that it is pulled, and when.
        return;
    }
  }

  async close(): Promise<void> {
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
