import { Listr, ListrLogger, ProcessOutput } from 'listr2';
import type { ProgressEvent } from '../model/events.ts';
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

interface Row {
  readonly key: string;
  readonly finished: PromiseWithResolvers<void>;
  show: ((title: string, details: string) => void) | undefined;
}

/** A list on the terminal that fills in place, one task a resource. */
export class TaskReporter implements Reporter {
  readonly #stderr: NodeJS.WritableStream;
  readonly #rows = new Map<string, Row>();
  #progress: ProgressState = initialProgress;
  /** Rows that no list shows yet. */
  #waiting: Row[] = [];
  #lists: Promise<void> | undefined;

  constructor({ stderr }: ReporterOptions) {
    this.#stderr = stderr;
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
    for (const [key, resource] of this.#progress.resources) {
      if (isShown(resource) || resource.status === 'failed') this.#show(key, resource);
    }
  }

  async close(): Promise<void> {
    // What did not come to its end stays as it is: the error says why.
    for (const row of this.#rows.values()) row.finished.resolve();
    await this.#lists;
  }

  #show(key: string, resource: ResourceProgress): void {
    let row = this.#rows.get(key);
    if (row === undefined) {
      row = { key, finished: Promise.withResolvers<void>(), show: undefined };
      row.finished.promise.catch(() => {});
      this.#rows.set(key, row);
      this.#waiting.push(row);
      this.#lists ??= this.#runLists();
    }
    row.show?.(...this.#textOf(resource));
    if (resource.status === 'done') row.finished.resolve();
    if (resource.status === 'failed') row.finished.reject(new Error(titleOf(resource)));
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

  #list(rows: readonly Row[]): Listr<unknown, 'default', 'default'> {
    const stderr = this.#stderr as NodeJS.WriteStream;
    const rendererOptions = {
      logger: new ListrLogger({
        useIcons: true,
        toStderr: [],
        processOutput: new ProcessOutput(stderr, stderr, { leaveEmptyLine: false }),
      }),
      showErrorMessage: false,
      formatOutput: 'truncate' as const,
    };
    return new Listr(
      rows.map((row) => ({
        title: this.#title(row),
        task: (_context, task) => {
          row.show = (title, details) => {
            task.title = title;
            task.output = details;
          };
          const resource = this.#progress.resources.get(row.key);
          if (resource !== undefined) row.show(...this.#textOf(resource));
          return row.finished.promise;
        },
        // The latest output alone, all lines of it.
        rendererOptions: { outputBar: 1 },
      })),
      {
        concurrent: true,
        exitOnError: false,
        // Interrupts are the entry point's; a list that has them ends the process.
        registerSignalListeners: false,
        renderer: 'default',
        // By default it looks at stdout, and ours is stderr, which was found to be a terminal.
        fallbackRenderer: 'default',
        rendererOptions,
        fallbackRendererOptions: rendererOptions,
      },
    );
  }

  #textOf(resource: ResourceProgress): [title: string, details: string] {
    const layers = [...(this.#progress.layers.get(resource.resource)?.values() ?? [])];
    const isPulled = resource.kind === 'image' && resource.status === 'working' && layers.length > 0;
    if (!isPulled) return [titleOf(resource), ''];
    return [`${titleOf(resource)}  ${layerSum(layers)}`, layerLines(layers).slice(0, maxLayerLines).join('\n')];
  }

  #title(row: Row): string {
    const resource = this.#progress.resources.get(row.key);
    return resource === undefined ? row.key : titleOf(resource);
  }
}

/** Of one image: the terminal is to hold several. */
const maxLayerLines = 8;

function titleOf(resource: ResourceProgress): string {
  const seconds = resource.status === 'done' ? `  ${(resource.durationMs / 1000).toFixed(1)}s` : '';
  return `${describeResource(resource)}  ${resource.status === 'failed' ? 'Error' : resource.text}${seconds}`;
}
