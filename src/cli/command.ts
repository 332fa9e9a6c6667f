import { ComposeError } from '../util/errors.ts';
import type { Context } from './context.ts';
import { formatHelp } from './help.ts';
import {
  type CommandLineShape,
  type Example,
  type OptionTable,
  type OptionValues,
  parseCommandLine,
} from './options.ts';

/** One verb, declared: help, completion and parsing come from this. */
export interface CommandDeclaration<T extends OptionTable, Settings> {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly hidden?: boolean;
  /** What follows the options; `usage` as the help shows it, such as `[SERVICE...]`. Without it there must be none. */
  readonly operands?: { readonly usage: string; readonly min?: number; readonly max?: number };
  readonly options: T;
  /** For the help: the lines without the program's name. */
  readonly examples?: readonly Example[];
  /** `true`: everything after the first operand belongs to the command in the container. */
  readonly passesThrough?: boolean;
  /**
   * Flags become words; combinations that make no sense are refused here (USAGE). Pure: `environment` holds the
   * process's variables and the COMPOSE_ ones of `.env`.
   */
  settings(
    values: OptionValues<T>,
    operands: readonly string[],
    environment: Readonly<Record<string, string | undefined>>,
  ): Settings;
  /** Does it; the result is the exit code. */
  run(settings: Settings, context: Context): Promise<number>;
}

/** A declared command, its types hidden: what the entry point needs. */
export interface Command {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly hidden: boolean;
  readonly shape: CommandLineShape;
  /** Of a command whose first operand names another one. */
  readonly commands?: Readonly<Record<string, () => Promise<Command>>>;
  /** Parses `argv` (without the command's name) and runs, or prints the help. */
  execute(argv: readonly string[], context: Context): Promise<number>;
}

/** Makes a command of its declaration. */
export function defineCommand<const T extends OptionTable, Settings>(
  declaration: CommandDeclaration<T, Settings>,
): Command & { readonly settings: CommandDeclaration<T, Settings>['settings'] } {
  const {
    name,
    aliases = [],
    summary,
    hidden = false,
    operands,
    options,
    examples,
    passesThrough = false,
  } = declaration;
  const shape: CommandLineShape = {
    name: `tscompose ${name}`,
    summary,
    operands: operands?.usage ?? '',
    // The one global flag that may stand behind the command.
    options: { ...options, dryRun: { type: 'boolean', description: 'Show what would be done, change nothing' } },
    ...(examples === undefined ? {} : { examples }),
    stopAt: passesThrough ? 'first-operand' : 'end',
  };
  return {
    name,
    aliases,
    summary,
    hidden,
    shape,
    settings: declaration.settings,
    async execute(argv, context) {
      const line = parseCommandLine(shape, argv);
      if (line.help) {
        context.stdout.write(formatHelp(shape));
        return 0;
      }
      checkOperands(declaration, line.operands);
      const { dryRun } = line.values as { dryRun?: boolean };
      const settings = declaration.settings(line.values as OptionValues<T>, line.operands, context.environment);
      return await declaration.run(settings, dryRun ? context.withDryRun() : context);
    },
  };
}

function checkOperands(
  { name, operands }: Pick<CommandDeclaration<OptionTable, unknown>, 'name' | 'operands'>,
  given: readonly string[],
): void {
  const { min = 0, max = operands === undefined ? 0 : Number.POSITIVE_INFINITY } = operands ?? {};
  const hint = `usage: tscompose ${name} ${operands?.usage ?? ''}`.trimEnd();
  if (given.length < min) {
    throw new ComposeError('USAGE', `${name} requires at least ${count(min)}, and got ${given.length}`, { hint });
  }
  if (given.length > max) {
    const wanted = max === 0 ? 'no arguments' : `at most ${count(max)}`;
    throw new ComposeError('USAGE', `${name} takes ${wanted}, and got ${given.length}`, { hint });
  }
}

function count(arguments_: number): string {
  return arguments_ === 1 ? '1 argument' : `${arguments_} arguments`;
}

/** Refuses two flags that contradict each other. */
export function refuseTogether(
  values: Readonly<Record<string, unknown>>,
  first: string,
  ...others: readonly string[]
): void {
  if (!isGiven(values[first])) return;
  for (const other of others) {
    if (!isGiven(values[other])) continue;
    throw new ComposeError('USAGE', `${flag(first)} and ${flag(other)} are incompatible`, { hint: 'give one of them' });
  }
}

function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
}

function flag(key: string): string {
  return `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
