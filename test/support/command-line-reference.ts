/** The command line of Docker Compose (test/fixtures/reference/command-line.json), compared with ours. */
import { readFileSync } from 'node:fs';
import type { Command } from '../../src/cli/command.ts';
import { globalOptions } from '../../src/cli/globals.ts';
import { longName, type OptionSpec, type OptionTable } from '../../src/cli/options.ts';
import { aliases, registry } from '../../src/cli/registry.ts';

export interface ReferenceFlag {
  readonly name: string;
  readonly short?: string;
  readonly type: string;
  readonly default: unknown;
  readonly hidden?: boolean;
  readonly deprecated_aliases?: readonly string[];
}

export interface Reference {
  readonly globals: readonly ReferenceFlag[];
  readonly commands: Readonly<
    Record<
      string,
      {
        readonly about: { readonly hidden?: boolean; readonly aliases?: readonly string[] };
        readonly flags: readonly ReferenceFlag[];
      }
    >
  >;
}

export const reference = JSON.parse(
  readFileSync(new URL('../fixtures/reference/command-line.json', import.meta.url), 'utf8'),
) as Reference;

/** Every difference, as one line: `up --menu: has no short form, and Compose's is -m`. */
export async function differences(): Promise<string[]> {
  const found = flagDifferences('tscompose', reference.globals, globalOptions);
  for (const [name, { flags, about }] of Object.entries(reference.commands)) {
    const command = await find(name);
    if (command === null) {
      found.push(`${name}: there is no such command`);
      continue;
    }
    for (const alias of about.aliases ?? []) {
      if (aliases[alias] !== name) found.push(`${name}: is not called ${alias}, too`);
    }
    // The one global flag that stands behind commands, too, is there for all of them.
    const { dryRun: _, ...options } = command.shape.options;
    found.push(...flagDifferences(name, flags, options));
  }
  const theirs = new Set(Object.keys(reference.commands));
  found.push(
    ...Object.keys(registry).flatMap((name) => (theirs.has(name) ? [] : [`${name}: Compose has no such command`])),
  );
  return found;
}

/** `alpha viz` too. */
async function find(name: string): Promise<Command | null> {
  let commands: Readonly<Record<string, () => Promise<Command>>> | undefined = registry;
  let command: Command | null = null;
  for (const word of name.split(' ')) {
    const load: (() => Promise<Command>) | undefined = commands?.[word];
    if (load === undefined) return null;
    command = await load();
    commands = command.commands;
  }
  return command;
}

const types: Readonly<Record<string, OptionSpec['type']>> = {
  bool: 'boolean',
  bytes: 'string',
  filter: 'strings',
  int: 'integer',
  list: 'strings',
  string: 'string',
  stringArray: 'strings',
};

function flagDifferences(command: string, flags: readonly ReferenceFlag[], options: OptionTable): string[] {
  const found: string[] = [];
  const own = new Map(Object.entries(options).map(([key, spec]) => [longName(key), spec]));
  const names = new Map(own);
  for (const spec of own.values()) for (const alias of spec.aliases ?? []) names.set(`--${alias}`, spec);
  const known = new Set<string>();
  for (const flag of flags) {
    const about = `${command} ${flag.name}`;
    for (const name of [flag.name, ...(flag.deprecated_aliases ?? [])]) {
      known.add(name);
      if (!names.has(name)) found.push(`${command} ${name}: is missing`);
    }
    const spec = names.get(flag.name);
    if (spec === undefined) continue;
    if (spec.type !== types[flag.type]) found.push(`${about}: is a ${spec.type}, and Compose's a ${flag.type}`);
    // An alias of ours has no short form.
    const short = spec.short === undefined ? undefined : `-${spec.short}`;
    if (own.has(flag.name) && short !== flag.short) {
      found.push(`${about}: has ${short ?? 'no short form'}, and Compose's ${flag.short ?? 'none'}`);
    }
    const theirs = isNothing(flag.default) ? undefined : flag.default;
    if (spec.default !== theirs) found.push(`${about}: defaults to ${spec.default}, and Compose's to ${theirs}`);
    if ((spec.hidden ?? false) !== (flag.hidden ?? false) && own.has(flag.name)) {
      found.push(`${about}: is ${spec.hidden ? 'hidden' : 'shown'}, and Compose's is not`);
    }
  }
  for (const name of names.keys()) if (!known.has(name)) found.push(`${command} ${name}: Compose has no such flag`);
  return found;
}

/** What an option is that nobody gave. */
function isNothing(value: unknown): boolean {
  return (
    value === false || value === '' || value === 0 || value === null || (Array.isArray(value) && value.length === 0)
  );
}
