import { stripVTControlCharacters } from 'node:util';
import type { BuildEvent, BuildStepEvent } from '../model/build.ts';
import type { LayerEvent } from '../model/events.ts';
import { monotonicMs } from '../util/elapsed.ts';
import { type BuildReporter, type BuildReporterOptions, statusText } from './build-reporter.ts';
import { layerLines } from './layers.ts';
import { taskList } from './task-list.ts';

interface ActiveStep {
  readonly title: string;
  readonly began: number;
  /** The latest that it has said. */
  lines: readonly string[];
  half: string;
  readonly layers: Map<string, LayerEvent>;
}

/** What goes on for long says for how long. */
const tickMs = 1000;
const linesOver = 4;
const linesOfStep = 3;
const layersOfStep = 6;
/** The rest of the screen is for what was there before. */
const screenRows = 16;

/**
 * Builds on a terminal: the steps at work with the last lines of each, below what was over last. When the build has ended its
 * steps stay there, a line each; what a failed one has said is with the error.
 */
export class BuildTasks implements BuildReporter {
  readonly #stderr: NodeJS.WriteStream;
  readonly #isColored: boolean;
  readonly #active = new Map<number, ActiveStep>();
  readonly #over = Promise.withResolvers<void>();
  #clock: NodeJS.Timeout | undefined;
  #done = 0;
  #hasFailed = false;
  #draw: (() => void) | undefined;
  #list: Promise<unknown> | undefined;
  /** What is over, a line each: all of it stays on the screen when the build has ended. */
  readonly #lines: string[] = [];

  constructor({ stderr, isColored }: BuildReporterOptions) {
    this.#stderr = stderr as NodeJS.WriteStream;
    this.#isColored = isColored;
  }

  report(event: BuildEvent): void {
    switch (event.type) {
      case 'buildStep':
        this.#step(event);
        break;
      case 'buildOutput':
        this.#said(event.id, event.text);
        break;
      case 'layer':
        for (const step of this.#active.values()) {
          if (step.title === `pull ${event.resource}`) step.layers.set(event.digest, event);
        }
        break;
      case 'buildWarning':
        this.#lines.push(`warning: ${event.message}`);
        break;
      case 'built':
        this.#lines.push(` Image ${event.image}  Built`);
        break;
    }
    this.#draw?.();
  }

  async close(): Promise<void> {
    clearInterval(this.#clock);
    this.#active.clear();
    this.#draw?.();
    this.#over.resolve();
    await this.#list;
    for (const line of this.#lines.splice(0)) this.#stderr.write(`${line}\n`);
  }

  #step({ id, title, status, durationMs }: BuildStepEvent): void {
    if (status === 'started') {
      this.#active.set(id, { title, began: monotonicMs(), lines: [], half: '', layers: new Map() });
      this.#list ??= this.#open().run();
      this.#clock ??= setInterval(() => this.#draw?.(), tickMs).unref();
      return;
    }
    this.#active.delete(id);
    this.#done += 1;
    this.#hasFailed ||= status === 'failed' || status === 'cancelled';
    const color = status === 'failed' ? 31 : status === 'cancelled' ? 33 : status === 'cached' ? 90 : 32;
    const mark = status === 'failed' ? '✖' : status === 'cancelled' ? '⚠' : '✔';
    const painted = this.#isColored ? `\x1b[${color}m${mark}\x1b[0m` : mark;
    this.#lines.push(`${painted} ${this.#cut(title)}  ${statusText(status, durationMs).replace(/^DONE /, '')}`);
  }

  #said(id: number, text: string): void {
    const step = this.#active.get(id);
    if (step === undefined) return;
    const [first = '', ...others] = text.split('\n');
    const whole = [step.half + first, ...others].map(stripVTControlCharacters);
    step.half = whole.pop() ?? '';
    const printable = whole.map((line) => line.replace(/\r+$/, '').replace(/^.*\r/, '')).filter((line) => line !== '');
    step.lines = [...step.lines, ...printable].slice(-linesOfStep);
  }

  get #columns(): number {
    return this.#stderr.columns || 80;
  }

  #cut(title: string): string {
    const width = Math.max(20, this.#columns - 14);
    return title.length <= width ? title : `${title.slice(0, width - 1)}…`;
  }

  #shown(): string {
    const lines = this.#lines.slice(-linesOver);
    for (const { title, began, lines: said, layers } of this.#active.values()) {
      const below = layers.size > 0 ? layerLines(layers.values(), this.#columns, layersOfStep) : said;
      const ms = monotonicMs() - began;
      lines.push(
        this.#cut(title) + (ms < tickMs ? '' : `  ${(ms / 1000).toFixed(1)}s`),
        ...below.map((line) => `    ${line}`),
      );
    }
    return lines.slice(0, screenRows).join('\n');
  }

  #open() {
    return taskList(
      [
        {
          title: 'Building',
          run: async (show) => {
            this.#draw = () => {
              const { size } = this.#active;
              const title = size === 0 ? 'Building' : `Building  ${this.#done} done, ${size} at work`;
              show(title, this.#shown(), 'working');
            };
            this.#draw();
            await this.#over.promise;
            this.#draw = undefined;
            const title = `${this.#done} steps`;
            show(title, '', 'working');
            if (this.#hasFailed) throw new Error(title);
          },
        },
      ],
      { stderr: this.#stderr, isColored: this.#isColored },
    );
  }
}
