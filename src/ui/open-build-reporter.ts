import type { BuildReporter, BuildReporterOptions } from './build-reporter.ts';
import type { ReporterForm } from './reporter.ts';

/** Makes the reporter of a form; only its own code is loaded. */
export async function openBuildReporter(form: ReporterForm, options: BuildReporterOptions): Promise<BuildReporter> {
  const { stderr } = options;
  switch (form) {
    case 'quiet':
      return { report: () => {}, close: async () => {} };
    case 'json':
      return { report: (event) => void stderr.write(`${JSON.stringify(event)}\n`), close: async () => {} };
    case 'plain':
      return new (await import('./build-lines.ts')).LineReporter(options);
    case 'tty':
      return new (await import('./build-tasks.ts')).BuildTasks(options);
  }
}
