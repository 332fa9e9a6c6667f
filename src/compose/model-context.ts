import type { Findings } from '../util/diagnostic.ts';
import type { FileReader } from './files.ts';
import type { Locator } from './locate.ts';
import type { Lookup } from './template.ts';

/** What the parts of the loader share while they read the files of one project, or of one that it includes. */
export interface ModelContext {
  readonly reader: FileReader;
  readonly locator: Locator;
  readonly findings: Findings;
  /** undefined: variables stay as they are. */
  readonly lookup: Lookup | undefined;
  /** Absolute; relative paths in the files start there. */
  readonly directory: string;
  readonly home: string | undefined;
  readonly resolvePaths: boolean;
  /** Files that lead here by include, to find circles. */
  readonly including: readonly string[];
  /** Shared by a project and all it includes. */
  readonly counter: { includes: number };
}
