/** What may stand at the end of a command line that is being typed. */
import type { Command } from '../command.ts';
import { globalOptions, rootShape } from '../globals.ts';
import { type CommandLineShape, longName, type OptionSpec, type OptionTable } from '../options.ts';
import { aliases, registry } from '../registry.ts';

export interface Candidate {
  /** The whole word. */
  readonly value: string;
  readonly purpose: string;
}

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** What the shell knows better. */
  readonly paths: 'files' | 'directories' | 'none';
}

/** What completion asks the machine for; each only when it is needed. */
export interface CompletionWorld {
  services(): Promise<readonly string[]>;
  profiles(): Promise<readonly string[]>;
  projects(): Promise<readonly string[]>;
  images(): Promise<readonly string[]>;
}

const nothing: Completion = { candidates: [], paths: 'none' };

/** Completes the last of `words`, which are those behind the program's name; it may be empty. */
export async function complete(words: readonly string[], world: CompletionWorld): Promise<Completion> {
  const found = await completeAny(words, world);
  const last = words.at(-1) ?? '';
  return { ...found, candidates: found.candidates.filter(({ value }) => value.startsWith(last)) };
}

async function completeAny(words: readonly string[], world: CompletionWorld): Promise<Completion> {
  const root = readWords(rootShape, words);
  if (root.at === 'flag') return flags(globalOptions);
  if (root.at === 'value') return await values(root, world);
  const [name, ...rest] = root.operands;
  if (name === undefined || rest.length === 0) return { candidates: await commandNames(), paths: 'none' };
  if (name === 'help') return rest.length > 1 ? nothing : { candidates: await commandNames(), paths: 'none' };
  const command = await find(registry, aliases[name] ?? name);
  return command === null ? nothing : await completeCommand(command, rest, world);
}

async function completeCommand(
  command: Command,
  words: readonly string[],
  world: CompletionWorld,
): Promise<Completion> {
  if (command.commands !== undefined) {
    const [verb = '', ...rest] = words;
    if (rest.length === 0) return { candidates: await summaries(command.commands), paths: 'none' };
    const found = await find(command.commands, verb);
    return found === null ? nothing : await completeCommand(found, rest, world);
  }
  const line = readWords(command.shape, words);
  if (line.at === 'flag') return flags(command.shape.options);
  if (line.at === 'value') return await values(line, world);
  return await operands(command, line.operands, world);
}

type ReadWords =
  /** The last of `operands` is the word that is typed. */
  | { readonly at: 'operand'; readonly operands: readonly string[] }
  | { readonly at: 'flag' }
  | { readonly at: 'value'; readonly key: string; readonly spec: OptionSpec; readonly prefix: string };

/** Where the last word stands: unknown flags are passed over. */
function readWords(shape: CommandLineShape, words: readonly string[]): ReadWords {
  const specs = new Map<string, readonly [string, OptionSpec]>();
  for (const [key, spec] of Object.entries(shape.options)) {
    for (const name of [longName(key), ...(spec.aliases ?? []).map((alias) => `--${alias}`)])
      specs.set(name, [key, spec]);
    if (spec.short !== undefined) specs.set(`-${spec.short}`, [key, spec]);
  }
  const given: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    const isLast = index === words.length - 1;
    if (word === '--' && !isLast) return { at: 'operand', operands: [...given, ...words.slice(index + 1)] };
    if (!word.startsWith('-') || word === '-') {
      if (shape.stopAt === 'first-operand') return { at: 'operand', operands: [...given, ...words.slice(index)] };
      given.push(word);
      continue;
    }
    const [name = '', ...assigned] = word.split('=');
    const found = specs.get(name);
    if (isLast) {
      if (assigned.length === 0 || found === undefined) return { at: 'flag' };
      return { at: 'value', key: found[0], spec: found[1], prefix: `${name}=` };
    }
    if (found === undefined || assigned.length > 0 || found[1].type === 'boolean') continue;
    if (index + 1 === words.length - 1) return { at: 'value', key: found[0], spec: found[1], prefix: '' };
    index += 1;
  }
  return { at: 'operand', operands: given.length === 0 ? [''] : given };
}

function flags(options: OptionTable): Completion {
  const candidates = Object.entries(options)
    .filter(([, { hidden }]) => hidden !== true)
    .map(([key, { description }]) => ({ value: longName(key), purpose: description }));
  return { candidates: [...candidates, { value: '--help', purpose: 'Show this help' }], paths: 'none' };
}

async function values(
  { key, spec, prefix }: Extract<ReadWords, { at: 'value' }>,
  world: CompletionWorld,
): Promise<Completion> {
  const plain = (words: readonly string[], suffix = ''): Completion => ({
    candidates: words.map((word) => ({ value: `${prefix}${word}${suffix}`, purpose: '' })),
    paths: 'none',
  });
  if (spec.type === 'boolean') return plain(['true', 'false']);
  if (spec.type === 'string' && spec.choices !== undefined) return plain(spec.choices);
  if (spec.words !== undefined) return plain(spec.words);
  if (key === 'profile') return plain(await world.profiles());
  if (key === 'projectName') return plain(await world.projects());
  switch (spec.value) {
    case 'SERVICE':
      return plain(await world.services());
    case 'SERVICE=N':
      return plain(await world.services(), '=');
    case 'FILE':
    case 'VOLUME':
      return { candidates: [], paths: 'files' };
    case 'DIR':
      return { candidates: [], paths: 'directories' };
    default:
      return nothing;
  }
}

async function operands(
  { name, shape }: Command,
  given: readonly string[],
  world: CompletionWorld,
): Promise<Completion> {
  const before = given.slice(0, -1);
  const usage = shape.operands;
  const services = async (suffix = ''): Promise<Candidate[]> =>
    (await world.services())
      .filter((service) => !before.includes(service))
      .map((service) => ({ value: `${service}${suffix}`, purpose: 'service' }));
  // What is in a container is not looked at.
  if (name === 'cp' && given.at(-1)?.includes(':')) return nothing;
  if (name === 'cp') return { candidates: await services(':'), paths: 'files' };
  if (name === 'scale') return { candidates: await services('='), paths: 'none' };
  if (usage.includes('|')) {
    const words = before.length > 0 ? [] : usage.split('|');
    return { candidates: words.map((value) => ({ value, purpose: '' })), paths: 'none' };
  }
  const isMany = usage.includes('...') && !usage.includes('COMMAND');
  const isDone = !isMany && before.length > 0;
  if (/\bSERVICE\b/.test(usage) && !isDone) return { candidates: await services(), paths: 'none' };
  if (/\bIMAGE\b/.test(usage) && !isDone) {
    const candidates = (await world.images()).map((value) => ({ value, purpose: 'image' }));
    return { candidates, paths: 'none' };
  }
  if (/\bDIRECTORY\b/.test(usage) && !isDone) return { candidates: [], paths: 'directories' };
  return /\b(?:FILE|PATH|ARCHIVE|COMMAND)\b/.test(usage) ? { candidates: [], paths: 'files' } : nothing;
}

type Commands = Readonly<Record<string, () => Promise<Command>>>;

async function find(commands: Commands, name: string): Promise<Command | null> {
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  return (await load?.()) ?? null;
}

async function commandNames(): Promise<readonly Candidate[]> {
  return await summaries(registry);
}

async function summaries(commands: Commands): Promise<readonly Candidate[]> {
  const found: Candidate[] = [];
  for (const name of Object.keys(commands)) {
    const command = await find(commands, name);
    if (command !== null && !command.hidden) found.push({ value: name, purpose: command.summary });
  }
  return found;
}
