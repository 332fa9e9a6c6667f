import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type ReferenceFlag, reference } from '../support/command-line-reference.ts';
import { require } from '../support/requirements.ts';

const file = join(process.env.TSCOMPOSE_CORPUS ?? resolve('../shared/compose'), 'cli.json');

describe('the facts about the command line of Docker Compose', () => {
  it('are those of the corpus', function () {
    require(this, existsSync(file), file);
    const theirs = JSON.parse(readFileSync(file, 'utf8')) as typeof reference;
    const brief = (flags: readonly ReferenceFlag[]) =>
      flags.map((flag) => [flag.name, flag.short ?? null, flag.type, flag.default, flag.hidden ?? false]);
    assert.deepEqual(brief(reference.globals), brief(theirs.globals));
    const commands = ({ commands }: typeof reference) =>
      Object.entries(commands).map(([name, { flags = [] }]) => [name, brief(flags)]);
    assert.deepEqual(commands(reference), commands(theirs));
  });
});
