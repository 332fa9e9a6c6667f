import assert from 'node:assert/strict';
import { type CommandLineShape, longName, parseCommandLine } from '../../../src/cli/options.ts';

const shape: CommandLineShape = {
  name: 'tscompose test',
  summary: 'Test',
  operands: '[SERVICE...]',
  options: {
    detach: { type: 'boolean', short: 'd', description: '' },
    build: { type: 'boolean', description: '' },
    noBuild: { type: 'boolean', description: '' },
    noTty: { type: 'boolean', short: 'T', aliases: ['no-TTY'], description: '' },
    orphans: { type: 'boolean', description: '' },
    timeout: { type: 'integer', short: 't', value: 'N', description: '' },
    env: { type: 'strings', short: 'e', value: 'KEY', description: '' },
    user: { type: 'string', short: 'u', value: 'USER', description: '' },
  },
  stopAt: 'end',
};

function parse(argv: string[], stopAt: CommandLineShape['stopAt'] = 'end') {
  const line = parseCommandLine({ ...shape, stopAt }, argv);
  assert.equal(line.help, false);
  const given = Object.entries(line.values).filter(
    ([, value]) => !(value === undefined || (Array.isArray(value) && value.length === 0)),
  );
  return { ...Object.fromEntries(given), operands: line.operands };
}

describe('a command line', () => {
  const cases: readonly (readonly [string[], object])[] = [
    [['-d', 'web'], { detach: true, operands: ['web'] }],
    [['web', '-d', 'db'], { detach: true, operands: ['web', 'db'] }],
    [['--no-build'], { noBuild: true, operands: [] }],
    [['--build', '--no-build'], { build: true, noBuild: true, operands: [] }],
    [['--no-TTY'], { noTty: true, operands: [] }],
    [['--orphans=false'], { orphans: false, operands: [] }],
    [['--orphans=false', '--orphans'], { orphans: true, operands: [] }],
    [['-t', '5'], { timeout: 5, operands: [] }],
    [['-t=5'], { timeout: 5, operands: [] }],
    [['-t5'], { timeout: 5, operands: [] }],
    [['--timeout=-1'], { timeout: -1, operands: [] }],
    [['-e', 'A=1', '-e=B=2', '--env', 'C'], { env: ['A=1', 'B=2', 'C'], operands: [] }],
    [['-dT'], { detach: true, noTty: true, operands: [] }],
    [['-u', '--odd', 'web'], { user: '--odd', operands: ['web'] }],
    [['--', '-d'], { operands: ['-d'] }],
  ];
  for (const [argv, expected] of cases) {
    it(`reads ${argv.join(' ')}`, () => assert.deepEqual(parse(argv), expected));
  }

  it('leaves what follows the first operand to the command in the container', () => {
    assert.deepEqual(parse(['-T', 'web', 'ls', '-d', '--orphans=false'], 'first-operand'), {
      noTty: true,
      operands: ['web', 'ls', '-d', '--orphans=false'],
    });
  });

  it('refuses what it does not know in one line', () => {
    const messages: Record<string, string> = {
      '--bogus': 'unknown flag: --bogus',
      '--timeout': 'flag needs an argument: -t, --timeout',
      '-z': 'unknown flag: -z',
    };
    for (const [flag, message] of Object.entries(messages)) {
      assert.throws(() => parse([flag]), { code: 'COMMAND_LINE', message });
    }
    assert.throws(() => parse(['-t', 'x']), { code: 'COMMAND_LINE' });
    assert.throws(() => parse(['--build=maybe']), { code: 'COMMAND_LINE' });
  });

  it('suggests the flag that was meant', () => {
    assert.throws(
      () => parse(['--detatch']),
      (error: Error & { hint?: string }) => /--detach/.test(error.hint ?? ''),
    );
  });

  it('names flags as they are written', () => assert.equal(longName('alwaysRecreateDeps'), '--always-recreate-deps'));
});
