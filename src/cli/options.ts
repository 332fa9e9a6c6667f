import { CommanderError, InvalidArgumentError, Option, Command as Parser } from 'commander';
import { ComposeError } from '../util/errors.ts';

interface Common {
  /** One letter. */
  readonly short?: string;
  readonly description: string;
  readonly hidden?: boolean;
  /** Other long names that mean the same: deprecated or spelled otherwise. */
  readonly aliases?: readonly string[];
  /** What holds when it is not given, where that is not false, zero or nothing. Only told: the command sees undefined. */
  readonly default?: string | number | boolean;
  /** Words that completion offers; others may be right, too. */
  readonly words?: readonly string[];
}

export type OptionSpec =
  | (Common & { readonly type: 'boolean' })
  | (Common & { readonly type: 'string'; readonly value: string; readonly choices?: readonly string[] })
  | (Common & { readonly type: 'strings'; readonly value: string })
  | (Common & { readonly type: 'integer'; readonly value: string });

/** Keys are the long names without dashes, in camelCase: `noDeps` is `--no-deps`. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** What was given on the command line: an option that was not is undefined, a repeatable one an empty list. */
export type OptionValues<T extends OptionTable> = {
  readonly [K in keyof T]: T[K] extends { type: 'boolean' }
    ? boolean | undefined
    : T[K] extends { type: 'integer' }
      ? number | undefined
      : T[K] extends { type: 'strings' }
        ? readonly string[]
        : string | undefined;
};

export interface CommandLineShape {
  /** The whole name, for the help: `tscompose up`. */
  readonly name: string;
  readonly summary: string;
  /** As the help shows it: `[SERVICE...]`. */
  readonly operands: string;
  readonly options: OptionTable;
  /** Command lines without the program's name, and what they do. */
  readonly examples?: readonly Example[];
  /** `first-operand`: what follows the first operand belongs to somebody else (`exec`, `run`, and the root). */
  readonly stopAt: 'end' | 'first-operand';
}

export type Example = readonly [line: string, purpose: string];

export type ParsedCommandLine =
  | { readonly help: true }
  | { readonly help: false; readonly values: OptionValues<OptionTable>; readonly operands: readonly string[] };

/** Reads `argv` as the shape says. Throws ComposeError COMMAND_LINE for a flag that is unknown or misses its value. */
export function parseCommandLine(shape: CommandLineShape, argv: readonly string[]): ParsedCommandLine {
  const { rest, assigned } = takeAssignedBooleans(shape, argv);
  const parser = parse(shape, rest);
  const given: Record<string, unknown> = { ...parser.opts(), ...assigned };
  if (given.help === true) return { help: true };
  const values: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(shape.options)) {
    values[key] = given[key] ?? (spec.type === 'strings' ? [] : undefined);
  }
  return { help: false, values: values as OptionValues<OptionTable>, operands: parser.args };
}

/** To make an option takes longer than to read a line, so the parser knows those that are in it; all, to say what is wrong. */
function parse(shape: CommandLineShape, argv: readonly string[]): Parser {
  try {
    const flags = argv.filter((token) => token.startsWith('-'));
    return buildParser(shape, (option) => flags.some((flag) => mayName(flag, option))).parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
  }
  try {
    return buildParser(shape, () => true).parse(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) throw commandLineError(error, shape.name);
    throw error;
  }
}

/** `-qt` may be `-q`, `-t`, or both. */
function mayName(
  flag: string,
  { short, long }: { readonly short: string | undefined; readonly long: string },
): boolean {
  if (flag.startsWith('--')) return flag === long || flag.startsWith(`${long}=`);
  return short !== undefined && flag.includes(short);
}

/** `noDeps` → `--no-deps`. */
export function longName(key: string): string {
  return `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** An option whose value is stored under our key: commander reads `--no-x` as the opposite of `--x`, Compose does not. */
class KeyedOption extends Option {
  readonly key: string;

  constructor(key: string, flags: string, description: string) {
    super(flags, description);
    this.key = key;
    this.negate = false;
  }

  override attributeName(): string {
    return this.key;
  }
}

type OptionName = Parameters<typeof mayName>[1];

function buildParser(shape: CommandLineShape, isWanted: (name: OptionName) => boolean): Parser {
  const parser = new Parser(shape.name)
    .helpOption(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: () => {} })
    .argument('[operands...]')
    .action(() => {});
  if (shape.stopAt === 'first-operand') parser.passThroughOptions();
  for (const [key, spec] of Object.entries(shape.options)) {
    for (const [index, long] of [longName(key), ...(spec.aliases ?? []).map((alias) => `--${alias}`)].entries()) {
      const name = { short: index === 0 ? spec.short : undefined, long };
      if (isWanted(name)) parser.addOption(commanderOption(key, spec, name));
    }
  }
  const help = { short: 'h', long: '--help' };
  return isWanted(help) ? parser.addOption(new KeyedOption('help', '-h, --help', '')) : parser;
}

function commanderOption(key: string, spec: OptionSpec, { short, long }: OptionName): Option {
  const value = spec.type === 'boolean' ? '' : ` <${spec.value}>`;
  const option = new KeyedOption(key, `${short === undefined ? '' : `-${short}, `}${long}${value}`, '');
  if (spec.type === 'strings') option.argParser((text: string, before?: string[]) => [...(before ?? []), text]);
  if (spec.type === 'integer') option.argParser(parseInteger);
  if (spec.type === 'string' && spec.choices !== undefined) option.choices(spec.choices);
  return option;
}

function parseInteger(text: string): number {
  if (!/^-?\d{1,15}$/.test(text)) throw new InvalidArgumentError('it must be a whole number.');
  return Number(text);
}

/** `--menu=false`, `-t=5`: forms that Compose's flags have and commander's have not. */
function takeAssignedBooleans(
  shape: CommandLineShape,
  argv: readonly string[],
): { rest: string[]; assigned: Record<string, boolean> } {
  const specs = new Map<string, { key: string; spec: OptionSpec }>();
  for (const [key, spec] of Object.entries(shape.options)) {
    for (const name of [longName(key), ...(spec.aliases ?? []).map((alias) => `--${alias}`)]) {
      specs.set(name, { key, spec });
    }
    if (spec.short !== undefined) specs.set(`-${spec.short}`, { key, spec });
  }
  const rest: string[] = [];
  const assigned: Record<string, boolean> = {};
  for (let index = 0; index < argv.length; index++) {
    const token = argv[index] ?? '';
    if (token === '--' || (!token.startsWith('-') && shape.stopAt === 'first-operand')) {
      return { rest: [...rest, ...argv.slice(index)], assigned };
    }
    const equals = token.indexOf('=');
    const found = specs.get(equals < 0 ? token : token.slice(0, equals));
    if (found === undefined) {
      rest.push(token);
    } else if (found.spec.type === 'boolean') {
      delete assigned[found.key];
      if (equals < 0) rest.push(token);
      else assigned[found.key] = parseBoolean(token.slice(0, equals), token.slice(equals + 1));
    } else if (equals >= 0) {
      // Commander knows `--name=value` and `-nvalue`, but takes the equals sign of `-n=value` for part of the value.
      rest.push(token.startsWith('--') ? token : token.slice(0, equals) + token.slice(equals + 1));
    } else {
      rest.push(token);
      const value = argv[++index];
      if (value !== undefined) rest.push(value);
    }
  }
  return { rest, assigned };
}

function parseBoolean(flag: string, text: string): boolean {
  if (/^(1|t|true)$/i.test(text)) return true;
  if (/^(0|f|false)$/i.test(text)) return false;
  throw new ComposeError('COMMAND_LINE', `invalid argument ${JSON.stringify(text)} for ${flag}: it is true or false`);
}

function commandLineError(error: CommanderError, name: string): ComposeError {
  const [, quoted = ''] = /'([^']*)'/.exec(error.message) ?? [];
  const flag = quoted.split(' <')[0] ?? quoted;
  const [, similar] = /\(Did you mean (?:one of )?(.+)\?\)/.exec(error.message) ?? [];
  const help = `see ${name} --help`;
  switch (error.code) {
    case 'commander.unknownOption':
      return new ComposeError('COMMAND_LINE', `unknown flag: ${flag}`, {
        hint: similar === undefined ? help : `did you mean ${similar}? ${help}`,
      });
    case 'commander.optionMissingArgument':
      return new ComposeError('COMMAND_LINE', `flag needs an argument: ${flag}`, { hint: help });
    default:
      return new ComposeError('COMMAND_LINE', error.message.replace(/^error: /, '').replace(/\.$/, ''), { hint: help });
  }
}
