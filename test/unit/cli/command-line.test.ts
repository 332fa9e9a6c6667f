import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readmeWithCommands } from '../../../scripts/build-readme.ts';
import type { Command } from '../../../src/cli/command.ts';
import { globalOptions } from '../../../src/cli/globals.ts';
import { formatHelp, formatOptions } from '../../../src/cli/help.ts';
import { groups, registry } from '../../../src/cli/registry.ts';
import { differences } from '../../support/command-line-reference.ts';
import { commandLineDifferences } from '../../support/session-differences.ts';

async function allCommands(): Promise<(readonly [name: string, command: Command])[]> {
  const found: (readonly [string, Command])[] = [];
  for (const [name, load] of Object.entries(registry)) {
    const command = await load();
    found.push([name, command]);
    for (const [verb, load] of Object.entries(command.commands ?? {})) found.push([`${name} ${verb}`, await load()]);
  }
  return found;
}

describe('the command line', () => {
  it('is that of Docker Compose, but for what differs on purpose', async () => {
    const found = await differences();
    assert.deepEqual(
      found.filter((line) => !commandLineDifferences.some(({ of }) => of.test(line))),
      [],
    );
    // A reason that is none any more goes.
    const stale = commandLineDifferences.filter(({ of }) => !found.some((line) => of.test(line)));
    assert.deepEqual(stale, []);
  });

  it('has every command that is not hidden in one group of the help', async () => {
    const shown = (await allCommands()).filter(([name, { hidden }]) => !hidden && !name.includes(' '));
    assert.deepEqual(groups.flatMap(({ names }) => names).sort(), shown.map(([name]) => name).sort());
  });

  it('is what README.md says', async () => {
    const text = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    assert.equal(await readmeWithCommands(text), text, 'run node scripts/build-readme.ts');
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
