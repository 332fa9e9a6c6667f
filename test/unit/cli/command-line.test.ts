import assert from 'node:assert/strict';
import type { Command } from '../../../src/cli/command.ts';
import { globalOptions } from '../../../src/cli/globals.ts';
import { formatHelp, formatOptions } from '../../../src/cli/help.ts';
import { groups, registry } from '../../../src/cli/registry.ts';
import { differences } from '../../support/command-line-reference.ts';

/** What differs on purpose, by the pattern of the difference, and why. */
const allowed: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^tscompose --version: is shown/, 'a flag that works is told'],
  [/^tscompose --state-dir: Compose has no/, 'state is in a directory, not in a daemon'],
  [/^(build|pull) --(no-)?(parallel|compress|force-rm): defaults/, 'hidden and without effect, there as here'],
  [/^(alpha (viz|generate) |bridge )/, 'they say in one line why they are not here'],
  [/^up --(ask|plan-hash): Compose has no/, 'the plan that was agreed to is the plan that runs'],
  [/^(watch: there is no such|ui: Compose has no)/, 'a part of its own'],
  [
    /^(diff|image|lint|login|logout|plan|completion|systemd|doctor|inspect): Compose has no such command/,
    'what Docker has elsewhere, or nobody has',
  ],
];

async function allCommands(): Promise<(readonly [name: string, command: Command])[]> {
  const found: (readonly [string, Command])[] = [];
  for (const [name, entry] of Object.entries(registry)) {
    const command = typeof entry === 'function' ? await entry() : entry;
    found.push([name, command]);
    for (const [verb, load] of Object.entries(command.commands ?? {})) found.push([`${name} ${verb}`, await load()]);
  }
  return found;
}

describe('the command line', () => {
  it('is that of Docker Compose, but for what differs on purpose', async () => {
    const found = await differences();
    assert.deepEqual(
      found.filter((line) => !allowed.some(([pattern]) => pattern.test(line))),
      [],
    );
    // A reason that is none any more goes.
    assert.deepEqual(
      allowed.filter(([pattern]) => !found.some((line) => pattern.test(line))).map(([pattern]) => String(pattern)),
      [],
    );
  });

  it('has every command that is not hidden in one group of the help', async () => {
    const shown = (await allCommands()).filter(([name, { hidden }]) => !hidden && !name.includes(' '));
    assert.deepEqual(groups.flatMap(({ names }) => names).sort(), shown.map(([name]) => name).sort());
  });

  it('has help that fits into 80 columns', async () => {
    const texts = (await allCommands()).map(([, { shape }]) => formatHelp(shape));
    for (const line of [...texts, formatOptions(globalOptions)].flatMap((text) => text.split('\n'))) {
      assert.ok(line.length <= 80, line);
      assert.equal(line, line.trimEnd());
    }
  });

  it('shows flags that say what they are for, examples, and no flag that is hidden', () => {
    const options = {
      all: { type: 'boolean', short: 'a', description: 'Everything' },
      old: { type: 'boolean', hidden: true, description: 'Without effect' },
      pull: { type: 'string', value: 'WHEN', default: 'policy', description: `When ${'to pull '.repeat(8)}` },
    } as const;
    const examples = [['do -a', 'all of it']] as const;
    const shape = {
      name: 'tscompose do',
      summary: 'Do it',
      operands: '[THING]',
      options,
      examples,
      stopAt: 'end',
    } as const;
    assert.equal(
      formatHelp(shape),
      `Usage: tscompose do [OPTIONS] [THING]

Do it.

Options:
  -a, --all        Everything
      --pull WHEN  When to pull to pull to pull to pull to pull to pull to pull
                   to pull  (default policy)
  -h, --help       Show this help

Examples:
  # all of it
  $ tscompose do -a
`,
    );
  });
});
