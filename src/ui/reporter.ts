import type { ProgressEvent } from '../model/events.ts';

/** Shows progress while it happens. An `error` event is not shown here: it is thrown, and rendered once at the end. */
export interface Reporter {
  report(event: ProgressEvent): void;
  /** Draws what is left and gives the terminal back. */
  close(): Promise<void>;
}

export interface ReporterOptions {
  /** Or whatever stream it is that progress goes to. */
  readonly stderr: NodeJS.WritableStream;
  readonly isDryRun: boolean;
  readonly isColored: boolean;
}

export type ReporterForm = 'tty' | 'plain' | 'json' | 'quiet';
