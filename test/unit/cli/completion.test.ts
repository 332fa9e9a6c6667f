import assert from 'node:assert/strict';
import { type CompletionWorld, complete } from '../../../src/cli/completion/complete.ts';
import { shellWords } from '../../../src/cli/completion/line.ts';

const world: CompletionWorld = {
  services: async () => ['db', 'web'],
  profiles: async () => ['debug'],
  projects: async () => ['shop'],
  images: async () => ['nginx:1'],
};

async function answers(line: string): Promise<string> {
  const { candidates, paths } = await complete(shellWords(line), world);
  return [...candidates.map(({ value }) => value), ...(paths === 'none' ? [] : [`<${paths}>`])].join(' ');
}

describe('completion', () => {
  const cases: readonly (readonly [line: string, answer: string])[] = [
    ['unp', 'unpause'],
    ['up ', 'db web'],
    ['up w', 'web'],
    ['up web ', 'db'],
    ['up -d --', ''],
    ['up --quiet-p', '--quiet-pull'],
    ['up --pull ', 'always missing never policy'],
    ['up --pull=n', '--pull=never'],
    ['up --scale ', 'db= web='],
    ['up --attach w', 'web'],
    ['up --menu=', '--menu=true --menu=false'],
    ['up -- w', 'web'],
    ['scale web=2 ', 'db= web='],
    ['-f compose.yaml --profile ', 'debug'],
    ['-f ', '<files>'],
    ['--file=', '<files>'],
    ['--project-directory ', '<directories>'],
    ['-p s', 'shop'],
    ['--ansi=never --progress p', 'plain'],
    ['cp ', 'db: web: <files>'],
    ['cp web:', ''],
    ['exec w', 'web'],
    ['exec web ', '<files>'],
    ['exec -T --user root w', 'web'],
    ['port web ', ''],
    ['image r', 'rm'],
    ['image rm ', 'nginx:1'],
    ['help unp', 'unpause'],
    ['completion ', 'bash fish zsh'],
    ['convert --fo', '--format'],
    ['nonsense ', ''],
    ['--unknown-flag unp', 'unpause'],
  ];
  for (const [line, answer] of cases) {
    if (line === 'up -d --') {
      it('offers every flag that is not hidden', async () => {
        const flags = (await answers(line)).split(' ');
        assert.ok(flags.includes('--detach') && flags.includes('--help') && flags.includes('--dry-run'));
        assert.ok(!(await answers('exec --')).includes('--interactive'));
      });
    } else it(`of ${line}`, async () => assert.equal(await answers(line), answer));
  }

  it('does not know commands that are hidden', async () => {
    const names = (await answers('')).split(' ');
    assert.ok(names.includes('up') && !names.includes('alpha') && !names.includes('__complete'));
  });

  it('takes a line apart as a shell does', () => {
    assert.deepEqual(shellWords(`tscompose -f 'a b' "c\\"d"e f\\ g `), ['tscompose', '-f', 'a b', 'c"de', 'f g', '']);
    assert.deepEqual(shellWords(''), ['']);
    assert.deepEqual(shellWords("up ''"), ['up', '']);
  });
});
