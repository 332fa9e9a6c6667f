import type { ProgressEvent } from '../model/events.ts';
import { monotonicMs } from '../util/elapsed.ts';
import { layerLines, layerSum } from './layers.ts';
import {
  describeResource,
  initialProgress,
  isShown,
  keyOf,
  type ProgressState,
  type ResourceProgress,
  reduceProgress,
} from './progress.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';
import { type LineState, type ShowLine, taskList } from './task-list.ts';

interface Row {
  readonly key: string;
  readonly finished: PromiseWithResolvers<void>;
  /** When what it is at now began. */
  began: number;
  show: ShowLine | undefined;
}

/** A list on the terminal that fills in place, one task a resource. */
export class TaskReporter implements Reporter {
  readonly #stderr: NodeJS.WritableStream;
  readonly #isColored: boolean;
  readonly #rows = new Map<string, Row>();
  #progress: ProgressState = initialProgress;
  #nameWidth = 0;
  readonly #onResize = () => this.#refit();
  readonly #clock = setInterval(() => this.#tick(), tickMs).unref();
  /** Rows that no list shows yet. */
  #waiting: Row[] = [];
  #lists: Promise<void> | undefined;

  constructor({ stderr, isColored }: ReporterOptions) {
    this.#stderr = stderr;
    this.#isColored = isColored;
    stderr.on('resize', this.#onResize);
  }

  report(event: ProgressEvent): void {
    this.#progress = reduceProgress(this.#progress, event);
    if (event.type === 'layer') {
      const key = keyOf({ kind: 'image', resource: event.resource });
      const resource = this.#progress.resources.get(key);
      if (resource !== undefined) this.#show(key, resource);
      return;
    }
    if (event.type === 'warning') this.#stderr.write(`warning: ${event.message}\n`);
    this.#fitNames();
    for (const [key, resource] of this.#progress.resources) {
      if (isShown(resource) || resource.status === 'failed') this.#show(key, resource);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#clock);
    this.#stderr.off('resize', this.#onResize);
    for (const row of this.#rows.values()) {
      // What did not come to its end is shown so: the error says why.
      if (this.#progress.outcome === 'done') row.show?.(...this.#textOf(row), undefined);
      else if (this.#stateOf(row) === 'working') this.#refresh(row, 'left');
      row.finished.resolve();
    }
    await this.#lists;
  }

  #fitNames(): void {
    const names = [...this.#progress.resources.values()].filter(isShown).map(describeResource);
    const widest = Math.max(0, ...names.map((name) => name.length));
    this.#nameWidth = Math.min(widest, Math.max(minNameWidth, this.#columns - besideName));
  }

  get #columns(): number {
    return (this.#stderr as NodeJS.WriteStream).columns || 80;
  }

  #refit(): void {
    this.#fitNames();
    for (const row of this.#rows.values()) this.#refresh(row);
  }

  #tick(): void {
    for (const row of this.#rows.values()) {
      if (this.#stateOf(row) === 'working') this.#refresh(row);
    }
  }

  #stateOf({ key }: Row): LineState | undefined {
    const status = this.#progress.resources.get(key)?.status;
    return status === 'planned' || status === 'waiting' ? 'waiting' : status === 'working' ? 'working' : undefined;
  }

  #show(key: string, resource: ResourceProgress): void {
    let row = this.#rows.get(key);
    if (row === undefined) {
      row = { key, finished: Promise.withResolvers<void>(), began: monotonicMs(), show: undefined };
      row.finished.promise.catch(() => {});
      this.#rows.set(key, row);
      this.#waiting.push(row);
      this.#lists ??= this.#runLists();
    }
    if (this.#stateOf(row) === 'waiting') row.began = monotonicMs();
    this.#refresh(row);
    if (resource.status === 'done') row.finished.resolve();
    if (resource.status === 'failed') row.finished.reject(new Error(row.key));
  }

  /** A list runs the tasks it began with, so what is reported while it runs gets a list of its own after it. */
  async #runLists(): Promise<void> {
    while (this.#waiting.length > 0) {
      // All events that have arrived are reported before the next turn: one list for them.
      await new Promise((resolve) => setImmediate(resolve));
      const rows = this.#waiting;
      this.#waiting = [];
      await this.#list(rows).run();
    }
    this.#lists = undefined;
  }

  #list(rows: readonly Row[]) {
    return taskList(
      rows.map((row) => ({
        title: this.#textOf(row)[0],
        run: (show) => {
          row.show = show;
          this.#refresh(row);
          return row.finished.promise;
        },
      })),
      { stderr: this.#stderr as NodeJS.WriteStream, isColored: this.#isColored },
    );
  }

  #refresh(row: Row, state: LineState | undefined = this.#stateOf(row)): void {
    row.show?.(...this.#textOf(row), state);
  }

  #textOf(row: Row): [title: string, details: string] {
    const resource = this.#progress.resources.get(row.key);
    if (resource === undefined) return [row.key, ''];
    const title = this.#titleOf(resource, row);
    const layers = [...(this.#progress.layers.get(resource.resource)?.values() ?? [])];
    const isPulled = resource.kind === 'image' && resource.status === 'working' && layers.length > 0;
    if (!isPulled) return [title, ''];
    return [`${title}  ${layerSum(layers)}`, layerLines(layers, this.#columns, maxLayerLines).join('\n')];
  }

  /** Names, words and times one below the other. */
  #titleOf(resource: ResourceProgress, row: Row): string {
    const text = resource.status === 'failed' ? 'Error' : resource.text;
    const name = describeResource(resource);
    const cut = name.length > this.#nameWidth ? `${name.slice(0, this.#nameWidth - 1)}…` : name;
    const title = `${cut.padEnd(this.#nameWidth)}  ${text.padEnd(textWidth)}`;
    const ms = resource.durationMs + (resource.status === 'working' ? monotonicMs() - row.began : 0);
    const isTimed = resource.status === 'done' || (resource.status === 'working' && ms >= tickMs);
    return isTimed ? `${title} ${`${(ms / 1000).toFixed(1)}s`.padStart(timeWidth)}` : title.trimEnd();
  }
}

/** What goes on for long says for how long. */
const tickMs = 1000;
/** `Recreated`. */
const textWidth = 9;
const timeWidth = 6;
/** Mark, gaps, word and time, and what listr2 leaves free. */
const besideName = 2 + 2 + textWidth + 1 + timeWidth + 2;
const minNameWidth = 12;

/** Of one image: the terminal is to hold several. */
const maxLayerLines = 8;
