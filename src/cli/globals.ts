import type { Manner } from '../model/settings.ts';
import { ComposeError } from '../util/errors.ts';
import { isTruthy } from './environment.ts';
import type { CommandLineShape, OptionTable, OptionValues } from './options.ts';

export type ProgressMode = 'auto' | 'tty' | 'plain' | 'json' | 'quiet';
export type AnsiMode = 'auto' | 'always' | 'never';

/** The flags before the command. */
export interface GlobalSettings {
  /** `-f`; empty: COMPOSE_FILE, then the search from the working directory upwards. */
  readonly files: readonly string[];
  /** `-p` or COMPOSE_PROJECT_NAME. */
  readonly projectName: string | undefined;
  /** The name was given by `-p`: commands that can do without a model then read no file. */
  readonly isNamedByFlag: boolean;
  /** `--profile`; empty: COMPOSE_PROFILES. */
  readonly profiles: readonly string[];
  /** `--env-file`; empty: COMPOSE_ENV_FILES, then `.env`. */
  readonly envFiles: readonly string[];
  readonly projectDirectory: string | undefined;
  readonly stateDirectory: string | undefined;
  readonly progress: ProgressMode;
  readonly ansi: AnsiMode;
  /** Most operations at once; undefined: no limit. */
  readonly parallel: number | undefined;
  readonly compatibility: boolean;
  readonly allResources: boolean;
  readonly dryRun: boolean;
}

export const globalOptions = {
  file: { type: 'strings', short: 'f', value: 'FILE', description: 'Compose file; repeat to merge several' },
  projectName: { type: 'string', short: 'p', value: 'NAME', description: 'Project name; prefixes every resource' },
  profile: { type: 'strings', value: 'NAME', description: 'Enable a profile; repeat for several, "*" for all' },
  envFile: { type: 'strings', value: 'FILE', description: 'Variables for interpolation, instead of .env' },
  projectDirectory: {
    type: 'string',
    value: 'DIR',
    aliases: ['workdir'],
    description: 'Base of relative paths (default: directory of the first Compose file)',
  },
  stateDir: { type: 'string', value: 'DIR', description: 'Keep all state under this directory' },
  progress: {
    type: 'string',
    value: 'MODE',
    words: ['auto', 'tty', 'plain', 'json', 'quiet'],
    description: 'Progress output: auto, tty, plain, json, quiet',
  },
  ansi: {
    type: 'string',
    value: 'WHEN',
    default: 'auto',
    words: ['auto', 'always', 'never'],
    description: 'Control codes: never, always, auto',
  },
  parallel: { type: 'integer', value: 'N', default: -1, description: 'Most operations at once; -1: no limit' },
  compatibility: { type: 'boolean', description: 'Names with underscores, as Compose v1' },
  allResources: { type: 'boolean', description: 'Keep resources that no service uses' },
  dryRun: { type: 'boolean', description: 'Show what would be done, change nothing' },
  version: { type: 'boolean', short: 'v', description: 'Show the version' },
  insecureRegistry: {
    type: 'strings',
    value: 'HOST',
    hidden: true,
    description: 'Accepted, without effect: no Compose file comes from a registry',
  },
  noAnsi: { type: 'boolean', hidden: true, description: 'Old form of --ansi never' },
  verbose: { type: 'boolean', hidden: true, description: 'Accepted, without effect' },
} as const satisfies OptionTable;

export const rootShape: CommandLineShape = {
  name: 'tscompose',
  summary: 'Run Compose files on Linux, without Docker',
  operands: 'COMMAND',
  options: globalOptions,
  stopAt: 'first-operand',
};

const progressModes: Readonly<Record<string, ProgressMode>> = {
  auto: 'auto',
  tty: 'tty',
  plain: 'plain',
  json: 'json',
  quiet: 'quiet',
  none: 'quiet',
};
const ansiModes: Readonly<Record<string, AnsiMode>> = { auto: 'auto', always: 'always', never: 'never' };

/** What the reconciler needs to know of them. */
export function mannerOf({ parallel, compatibility }: GlobalSettings): Manner {
  return { parallel: parallel ?? null, nameSeparator: compatibility ? '_' : '-' };
}

/** Global flags, and the COMPOSE_ variables that stand for them. */
export function globalSettings(
  values: OptionValues<typeof globalOptions>,
  environment: Readonly<Record<string, string | undefined>>,
): GlobalSettings {
  const noColor = (environment.NO_COLOR ?? '') !== '' ? 'never' : undefined;
  return {
    files: values.file,
    projectName: values.projectName || environment.COMPOSE_PROJECT_NAME || undefined,
    isNamedByFlag: (values.projectName ?? '') !== '',
    profiles: values.profile,
    envFiles: values.envFile,
    projectDirectory: values.projectDirectory,
    stateDirectory: values.stateDir,
    progress: choose('--progress', progressModes, values.progress || environment.COMPOSE_PROGRESS || 'auto'),
    ansi: values.noAnsi
      ? 'never'
      : choose('--ansi', ansiModes, values.ansi ?? noColor ?? (environment.COMPOSE_ANSI || 'auto')),
    parallel: parallelLimit(values.parallel, environment.COMPOSE_PARALLEL_LIMIT),
    compatibility: values.compatibility ?? isTruthy(environment.COMPOSE_COMPATIBILITY),
    allResources: values.allResources ?? false,
    dryRun: values.dryRun ?? false,
  };
}

function choose<T>(flag: string, table: Readonly<Record<string, T>>, text: string): T {
  const value = Object.hasOwn(table, text) ? table[text] : undefined;
  if (value !== undefined) return value;
  throw new ComposeError('USAGE', `unsupported ${flag} value ${JSON.stringify(text)}`, {
    hint: `it is one of ${Object.keys(table).join(', ')}`,
  });
}

function parallelLimit(flag: number | undefined, variable: string | undefined): number | undefined {
  const text = variable ?? '';
  if (flag === undefined && text !== '' && !/^-?\d{1,9}$/.test(text)) {
    throw new ComposeError('USAGE', `COMPOSE_PARALLEL_LIMIT must be a whole number, and is ${JSON.stringify(text)}`);
  }
  const limit = flag ?? (text === '' ? -1 : Number(text));
  return limit > 0 ? limit : undefined;
}
