import type { Reporter, ReporterForm, ReporterOptions } from './reporter.ts';

/** Makes the reporter of a form; only its own code is loaded. */
export async function openReporter(form: ReporterForm, options: ReporterOptions): Promise<Reporter> {
  switch (form) {
    case 'tty':
      return new (await import('./tasks.ts')).TaskReporter(options);
    case 'plain':
      return new (await import('./plain.ts')).PlainReporter(options);
    case 'json':
      return new (await import('./json.ts')).JsonReporter(options);
    case 'quiet':
      return { report: () => {}, close: async () => {} };
  }
}
