import { ComposeError } from '../util/errors.ts';
import type { Command } from './command.ts';
import { formatEntries, formatHelp } from './help.ts';

/** A command whose first operand names another one: `tscompose image ls`. */
export function defineGroup(declaration: {
  readonly name: string;
  readonly summary: string;
  /** By name; each is loaded when it is named. */
  readonly commands: Readonly<Record<string, () => Promise<Command>>>;
  readonly aliases?: Readonly<Record<string, string>>;
  readonly hidden?: boolean;
}): Command {
  const { name, summary, commands, aliases = {}, hidden = false } = declaration;
  const shape = {
    name: `tscompose ${name}`,
    summary,
    operands: 'COMMAND',
    options: {},
    stopAt: 'first-operand',
  } as const;
  return {
    name,
    aliases: [],
    summary,
    hidden,
    shape,
    commands,
    async execute(argv, context) {
      const [verb, ...rest] = argv;
      if (verb === undefined || verb === '--help' || verb === '-h') {
        const all = await Promise.all(
          Object.entries(commands).map(async ([key, load]) => [key, await load()] as const),
        );
        const entries = formatEntries(
          'Commands',
          all.map(([key, command]) => [key, command.summary]),
        );
        context.stdout.write(
          `${formatHelp(shape)}\n${entries}\n\nRun 'tscompose ${name} COMMAND --help' for more on a command.\n`,
        );
        return 0;
      }
      const target = aliases[verb] ?? verb;
      const load = Object.hasOwn(commands, target) ? commands[target] : undefined;
      if (load !== undefined) return await (await load()).execute(rest, context);
      throw new ComposeError('COMMAND_LINE', `unknown command: ${name} ${verb}`, {
        hint: `see tscompose ${name} --help`,
      });
    },
  };
}
