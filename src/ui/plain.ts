import type { LayerEvent, ProgressEvent } from '../model/events.ts';
import { layerTexts, shortDigest } from './layers.ts';
import { describeResource, isShown, keyOf } from './progress.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';

/** One line for every change of a resource, as Compose prints without a terminal: ` Container shop-web-1  Started`. */
export class PlainReporter implements Reporter {
  readonly #stderr: NodeJS.WritableStream;
  readonly #prefix: string;
  readonly #latest = new Map<string, string>();

  constructor({ stderr, isDryRun }: ReporterOptions) {
    this.#stderr = stderr;
    this.#prefix = isDryRun ? ' DRY-RUN MODE - ' : '';
  }

  report(event: ProgressEvent): void {
    const line = this.#line(event);
    if (line !== undefined) this.#stderr.write(`${this.#prefix}${line}\n`);
  }

  async close(): Promise<void> {}

  #line(event: ProgressEvent): string | undefined {
    if (event.type === 'warning') return `warning: ${event.message}`;
    if (event.type === 'layer') return this.#layerLine(event);
    if (event.type !== 'step' || (!isShown(event) && event.status !== 'failed')) return undefined;
    const text = event.status === 'failed' ? 'Error' : event.text;
    const key = keyOf(event);
    if (this.#latest.get(key) === text) return undefined;
    this.#latest.set(key, text);
    return ` ${describeResource(event)}  ${text}`;
  }

  #layerLine({ resource, digest, status }: LayerEvent): string | undefined {
    const key = `layer ${resource} ${digest}`;
    if (this.#latest.get(key) === status) return undefined;
    this.#latest.set(key, status);
    return ` ${shortDigest(digest)} ${layerTexts[status]}`;
  }
}
