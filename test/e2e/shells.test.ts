import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { require } from '../support/requirements.ts';
import { checkout } from '../support/scenario.ts';

const has = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

describe('e2e: shells and systemd', () => {
  const directory = mkdtempSync('/tmp/tsc-shells-');
  const environment = {
    ...process.env,
    PATH: `${join(checkout, 'bin')}:${process.env.PATH}`,
    TSCOMPOSE_STATE_DIR: join(directory, 'state'),
    HOME: directory,
    TERM: 'dumb',
  };
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { cwd: directory, env: environment, encoding: 'utf8', timeout: 60_000 });

  before(() => {
    writeFileSync(join(directory, 'compose.yaml'), 'services: { web: { image: x }, worker: { image: x } }\n');
    mkdirSync(join(directory, 'wdir'));
    for (const shell of ['bash', 'fish', 'zsh']) {
      writeFileSync(join(directory, shell), run('tscompose', 'completion', shell));
    }
  });
  after(() => rmSync(directory, { recursive: true }));

  it('bash completes commands, flags, values, services and files', function () {
    require(this, has('bash'), 'bash');
    const ask = `source ./bash
complete -p tscompose
ask() {
  COMP_LINE=$1 COMP_POINT=\${#1}; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tscompose 2>/dev/null
  printf '%s\\n' "\${COMPREPLY[*]}"
}
ask 'tscompose unp' tscompose unp
ask 'tscompose up w' tscompose up w
ask 'tscompose up --pull=al' tscompose up --pull = al
ask 'tscompose up --pull=' tscompose up --pull =
ask 'tscompose cp w' tscompose cp w
ask 'tscompose -f comp' tscompose -f comp`;
    assert.deepEqual(run('bash', '--norc', '-c', ask).trim().split('\n'), [
      'complete -F _tscompose tscompose',
      'unpause',
      'web worker',
      'always',
      'always missing never policy',
      'web: worker: wdir',
      'compose.yaml',
    ]);
  });

  it('fish completes commands, flags, values, services and files', function () {
    require(this, has('fish'), 'fish');
    const ask = (line: string) => run('fish', '-N', '-c', `source ./fish; complete -C '${line}'`).trim().split('\n');
    assert.deepEqual(ask('tscompose unp'), ['unpause\tThaw containers that were paused']);
    assert.deepEqual(ask('tscompose up w'), ['web\tservice', 'worker\tservice']);
    assert.deepEqual(ask('tscompose up --pull=al'), ['--pull=always']);
    assert.deepEqual(ask('tscompose up --quiet-p'), ['--quiet-pull\tPull without progress']);
    assert.deepEqual(ask('tscompose -f comp'), ['compose.yaml']);
  });

  it('zsh completes what is typed', function () {
    require(this, has('zsh'), 'zsh');
    // A terminal of its own; each answer is on the line when the next key is read.
    const lines = ['unp', 'up wo', 'up --quiet-p', 'completion f', '-f comp'];
    const script = `zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PS1=; stty -echo; autoload -U compinit; compinit -u -D; source ./zsh'
zpty -w z 'finish() { print -r -- "<$BUFFER>" >>answers; BUFFER=; }; zle -N finish; bindkey "^B" finish; : >answers'
for line in ${lines.map((line) => `'${line}'`).join(' ')}; do zpty -w -n z "tscompose $line"$'\\t\\x02'; done
zpty -w z 'exit'
while zpty -r z line; do :; done`;
    run('zsh', '-f', '-c', script);
    assert.equal(
      run('cat', 'answers'),
      ['unpause ', 'up worker ', 'up --quiet-pull ', 'completion fish ', '-f compose.yaml ']
        .map((line) => `<tscompose ${line}>\n`)
        .join(''),
    );
  });

  it('systemd takes the unit', function () {
    require(this, has('systemd-analyze'), 'systemd-analyze');
    writeFileSync(join(directory, 'shop.service'), run('tscompose', '--profile', '50% off', 'systemd'));
    const verified = spawnSync('systemd-analyze', ['verify', './shop.service'], { cwd: directory, encoding: 'utf8' });
    assert.equal(verified.stdout + verified.stderr, '');
    assert.equal(verified.status, 0);
  });
});
