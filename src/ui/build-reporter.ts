/** How builds are shown: on a terminal what is at work, elsewhere lines as BuildKit prints them. */
import type { BuildEvent, BuildStepEvent } from '../model/build.ts';

export interface BuildReporter {
  report(event: BuildEvent): void;
  /** Gives the terminal back. */
  close(): Promise<void>;
}

export interface BuildReporterOptions {
  /** Or whatever stream it is that progress goes to. */
  readonly stderr: NodeJS.WritableStream;
  readonly isColored: boolean;
}

/** What became of a step. */
export function statusText(status: BuildStepEvent['status'], durationMs: number): string {
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
