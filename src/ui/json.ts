import type { ProgressEvent, StepEvent } from '../model/events.ts';
import { describeResource, isShown } from './progress.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';

/** One JSON object a line, with the keys of Compose's `--progress json`. */
export class JsonReporter implements Reporter {
  readonly #stderr: NodeJS.WritableStream;
  readonly #isDryRun: boolean;

  constructor({ stderr, isDryRun }: ReporterOptions) {
    this.#stderr = stderr;
    this.#isDryRun = isDryRun;
  }

  report(event: ProgressEvent): void {
    const object = toObject(event);
    if (object === undefined) return;
    const line = this.#isDryRun ? { 'dry-run': true, ...object } : object;
    this.#stderr.write(`${JSON.stringify(line)}\n`);
  }

  async close(): Promise<void> {}
}

const statuses: Readonly<Record<StepEvent['status'], string>> = {
  started: 'Working',
  done: 'Done',
  failed: 'Error',
  skipped: 'Warning',
};

function toObject(event: ProgressEvent): Readonly<Record<string, unknown>> | undefined {
  if (event.type === 'warning') return { level: 'warning', msg: event.message };
  if (event.type !== 'step' || !isShown(event)) return undefined;
  return {
    id: describeResource(event),
    status: statuses[event.status],
    text: event.text,
    ...(event.error !== null && { details: event.error.message }),
  };
}
