import { Begun } from '../client/begun.ts';
import { formatError } from '../ui/error.ts';
import { ComposeError } from '../util/errors.ts';
import { Blame } from './blame.ts';
import type { Command } from './command.ts';
import { type Context, processContext } from './context.ts';
import { withDotenv } from './dotenv.ts';
import { exitCode } from './exit-code.ts';
import { globalOptions, globalSettings, rootShape } from './globals.ts';
import { formatEntries, formatOptions } from './help.ts';
import { Interrupts, isInterruption } from './interrupts.ts';
import { type OptionValues, parseCommandLine } from './options.ts';
import { aliases, groups, registry } from './registry.ts';
import { checkOutput, standardStream } from './standard-streams.ts';
import { dismissBegun } from './supervisor.ts';

/** Runs one command line in this process and sets its exit code. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  using interrupts = new Interrupts();
  const begun = Begun.fromEnvironment(process.env);
  const blame = new Blame();
  let progress = process.env.COMPOSE_PROGRESS ?? '';
  try {
    const line = parseCommandLine(rootShape, argv);
    if (line.help) return print(await rootHelp());
    const values = line.values as OptionValues<typeof globalOptions>;
    progress = values.progress ?? progress;
    const [name = values.version ? 'version' : undefined, ...rest] = line.operands;
    const contextWith = (environment: NodeJS.ProcessEnv): Context =>
      processContext({ globals: globalSettings(values, environment), environment, interrupts, begun, blame });
    if (name === undefined || name === 'help') return await printHelp(rest, () => contextWith(process.env));
    const command = await loadCommand(name);
    const context = contextWith(await withDotenv(process.env, globalSettings(values, process.env), process.cwd()));
    try {
      process.exitCode = await command.execute(rest, context);
    } finally {
      await dismissBegun(context);
    }
  } catch (error) {
    if (!isInterruption(error)) {
      const stderr = standardStream('stderr');
      const isColored = stderr.isTTY === true && !process.env.NO_COLOR;
      stderr.write(formatError(blame.placed(error), { form: progress === 'json' ? 'json' : 'text', isColored }));
    }
    process.exitCode = exitCode(error);
  } finally {
    checkOutput();
  }
}

async function loadCommand(name: string): Promise<Command> {
  // It knows all others, and none of them knows it.
  if (name === '__complete') return (await import('./completion/command.ts')).completeWords;
  const target = aliases[name] ?? name;
  const command = Object.hasOwn(registry, target) ? registry[target] : undefined;
  if (command !== undefined) return await command();
  const similar = Object.keys(registry).find((other) => other.startsWith(name) || name.startsWith(other));
  throw new ComposeError('COMMAND_LINE', `unknown command: ${name}`, {
    hint: similar === undefined ? 'see tscompose --help' : `did you mean ${similar}? see tscompose --help`,
  });
}

/** `help`, `help up`, `help image ls`. */
async function printHelp(names: readonly string[], context: () => Context): Promise<void> {
  const [name, ...rest] = names;
  if (name === undefined) return print(await rootHelp());
  await (await loadCommand(name)).execute([...rest.slice(0, 1), '--help'], context());
}

async function rootHelp(): Promise<string> {
  const shown = await Promise.all(
    groups.map(async ({ title, names }) => {
      const commands = await Promise.all(names.map(loadCommand));
      return formatEntries(
        title,
        commands.map(({ name, summary }) => [name.padEnd(longest), summary]),
      );
    }),
  );
  return `${[rootUsage, ...shown, formatOptions(globalOptions)].join('\n\n')}\n\n${rootEnd}\n`;
}

const longest = Math.max(...groups.flatMap(({ names }) => names.map((name) => name.length)));

const rootUsage = `Usage: tscompose [OPTIONS] COMMAND

Run Compose files on Linux, without Docker.`;

const rootEnd = `Examples:
  $ tscompose up -d             start what compose.yaml says, in the background
  $ tscompose logs -f web       what web prints, and goes on printing
  $ tscompose plan              what would up do, and why
  $ tscompose down -v           take it all away, with its volumes

Run 'tscompose COMMAND --help' for more on a command.`;

function print(text: string): void {
  standardStream('stdout').write(text);
}
