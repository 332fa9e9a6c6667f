import { Begun } from '../client/begun.ts';
import { formatError } from '../ui/error.ts';
import { ComposeError } from '../util/errors.ts';
import { Blame } from './blame.ts';
import type { Command } from './command.ts';
import { processContext } from './context.ts';
import { withDotenv } from './dotenv.ts';
import { exitCode } from './exit-code.ts';
import { type globalOptions, globalSettings, rootShape } from './globals.ts';
import { Interrupts, isInterruption } from './interrupts.ts';
import { formatHelp, type OptionValues, parseCommandLine } from './options.ts';
import { aliases, registry } from './registry.ts';
import { dismissBegun } from './supervisor.ts';

/** Runs one command line in this process and sets its exit code. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  endQuietlyOnClosedPipe();
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
    if (name === undefined || name === 'help') return await printHelp(rest);
    const command = await loadCommand(name);
    const environment = await withDotenv(process.env, globalSettings(values, process.env), process.cwd());
    const context = processContext({
      globals: globalSettings(values, environment),
      environment,
      interrupts,
      begun,
      blame,
    });
    try {
      process.exitCode = await command.execute(rest, context);
    } finally {
      await dismissBegun(context);
    }
  } catch (error) {
    if (!isInterruption(error)) {
      const isColored = process.stderr.isTTY === true && !process.env.NO_COLOR;
      process.stderr.write(
        formatError(blame.placed(error), { form: progress === 'json' ? 'json' : 'text', isColored }),
      );
    }
    process.exitCode = exitCode(error);
  }
}

async function loadCommand(name: string): Promise<Command> {
  const target = aliases[name] ?? name;
  const command = Object.hasOwn(registry, target) ? registry[target] : undefined;
  if (command !== undefined) return typeof command === 'function' ? await command() : command;
  const similar = Object.keys(registry).find((other) => other.startsWith(name) || name.startsWith(other));
  throw new ComposeError('COMMAND_LINE', `unknown command: ${name}`, {
    hint: similar === undefined ? 'see tscompose --help' : `did you mean ${similar}? see tscompose --help`,
  });
}

async function printHelp(names: readonly string[]): Promise<void> {
  const [name] = names;
  print(name === undefined ? await rootHelp() : formatHelp((await loadCommand(name)).shape));
}

async function rootHelp(): Promise<string> {
  const commands = await Promise.all(Object.keys(registry).map(loadCommand));
  const lines = commands
    .filter((command) => !command.hidden)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((command) => `  ${command.name.padEnd(10)}  ${command.summary}`);
  return `${formatHelp(rootShape)}\nCommands:\n${lines.join('\n')}\n\nRun 'tscompose COMMAND --help' for more on a command.\n`;
}

function print(text: string): void {
  process.stdout.write(text);
}

/** `tscompose logs | head` ends with head: EPIPE is no error of anyone's. */
function endQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
      throw error;
    });
  }
}
