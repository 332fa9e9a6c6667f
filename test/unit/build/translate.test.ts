// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of the files
import assert from 'node:assert/strict';
import type { CopyStep, RunStep } from '../../../src/build/graph/steps.ts';
import { complaints, stages, translate } from './support.ts';

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const lastRun = (text: string, options = {}) => translate(text, options).steps.at(-1) as RunStep;
const lastCopy = (text: string, options = {}) => translate(text, options).steps.at(-1) as CopyStep;

describe('stages', () => {
  it('begin with images, stages, contexts or nothing', () => {
    const { stages: found } = stages('ARG V=3\nFROM alpine:$V AS a\nFROM a AS b\nFROM scratch\nFROM ctx', {
      contexts: ['ctx'],
    });
    assert.deepEqual(
      found.map(({ base }) => base),
      [
        { kind: 'image', reference: 'alpine:3', platform: null },
        { kind: 'stage', stage: 0 },
        { kind: 'scratch' },
        { kind: 'named', name: 'ctx', platform: null },
      ],
    );
  });

  it('a build argument stands above the default before FROM', () => {
    const [stage] = stages('ARG V=3\nFROM alpine:$V', { args: { V: '4' } }).stages;
    assert.deepEqual(stage?.base, { kind: 'image', reference: 'alpine:4', platform: null });
  });

  it('an empty image is told', () => {
    assert.deepEqual(
      complaints(() => stages('FROM $nothing')),
      ['1:6 the image $nothing is empty'],
    );
  });

  it('the platform of the target is there for FROM', () => {
    const [stage] = stages('FROM --platform=$BUILDPLATFORM a:$TARGETARCH').stages;
    assert.deepEqual(stage?.base, { kind: 'image', reference: 'a:amd64', platform: 'linux/amd64' });
  });
});

describe('variables of a stage', () => {
  it('those before FROM are there when they are declared again', () => {
    assert.deepEqual(lastRun('ARG A=1\nARG B=2\nFROM scratch\nARG A\nRUN x').env, [path, 'A=1']);
  });

  it('ENV stands above ARG', () => {
    assert.deepEqual(lastRun('FROM scratch\nARG A=1\nENV A=2\nRUN x', { args: { A: '3' } }).env, [path, 'A=2']);
  });

  it('of ARG and ENV the later one holds, and a declaration without a value changes none', () => {
    assert.deepEqual(lastRun('FROM scratch\nENV A=1\nARG A=2\nRUN x').env, [path, 'A=2']);
    assert.deepEqual(lastRun('FROM scratch\nENV A=1\nARG A\nRUN x').env, [path, 'A=1']);
    assert.deepEqual(lastRun('FROM scratch\nARG A=1\nARG A\nRUN x').env, [path, 'A=1']);
  });

  it('stages take over the arguments of the one they begin with, under its ENV', () => {
    const options = { baseArgs: { A: '1', B: '1', C: '1' }, config: { Env: ['PATH=/bin', 'B=2'] } };
    const run = lastRun('FROM base\nARG C=3\nRUN x', options);
    assert.deepEqual(run.env, ['PATH=/bin', 'B=2', 'A=1', 'C=3']);
    assert.equal(run.createdBy, 'RUN |1 C=3 /bin/sh -c x');
  });

  it('the arguments of one ARG do not see each other', () => {
    assert.deepEqual(lastRun('FROM scratch\nARG A=1 B=$A\nRUN x').env, [path, 'A=1', 'B=']);
  });

  it('a history tells of defaults, and not what was given in their place', () => {
    const { steps } = translate('FROM scratch\nARG A=1\nARG B', { args: { A: '3', B: '4' } });
    assert.deepEqual(
      steps.map(({ createdBy }) => createdBy),
      ['ARG A=1', 'ARG B'],
    );
  });

  it('a build argument stands above the default', () => {
    assert.deepEqual(lastRun('FROM scratch\nARG A=1\nRUN x', { args: { A: '3' } }).env, [path, 'A=3']);
  });

  it('one that is not declared is not there, but proxies are, quietly', () => {
    const run = lastRun('FROM scratch\nRUN x', { args: { A: '3', HTTP_PROXY: 'http://p' } });
    assert.deepEqual([run.env, run.quietEnv], [[path], ['HTTP_PROXY=http://p', 'http_proxy=http://p']]);
  });

  it('ENV is expanded with what stood before it', () => {
    const { config } = translate('FROM scratch\nENV a=1\nENV a=2 b=$a');
    assert.deepEqual(config.Env, [path, 'a=2', 'b=1']);
  });

  it('what is not expanded: RUN, CMD, ENTRYPOINT', () => {
    assert.deepEqual(lastRun('FROM scratch\nENV a=1\nRUN echo $a').args, ['/bin/sh', '-c', 'echo $a']);
    assert.deepEqual(translate('FROM scratch\nENV a=1\nCMD ["$a"]').config.Cmd, ['$a']);
  });

  it('arguments that nobody took', () => {
    assert.deepEqual([...translate('FROM scratch\nARG A', { args: { A: '1', B: '2' } }).usedArguments], ['A']);
  });
});

describe('the configuration of an image', () => {
  it('is the base’s, changed', () => {
    const { config } = translate(
      'FROM base\nUSER a\nWORKDIR /x\nWORKDIR y\nEXPOSE 80 53/udp 8000-8001\nVOLUME /v /w\nLABEL a="b c" d=e\nSTOPSIGNAL SIGQUIT\nHEALTHCHECK --retries=2 CMD x',
      { config: { Env: ['A=1'], Cmd: ['old'], Labels: { z: '1' } } },
    );
    assert.deepEqual(config, {
      Env: ['A=1', path],
      Cmd: ['old'],
      Labels: { z: '1', a: 'b c', d: 'e' },
      User: 'a',
      WorkingDir: '/x/y',
      ExposedPorts: { '53/udp': {}, '80/tcp': {}, '8000/tcp': {}, '8001/tcp': {} },
      Volumes: { '/v': {}, '/w': {} },
      StopSignal: 'SIGQUIT',
      Healthcheck: { Test: ['CMD-SHELL', 'x'], Retries: 2 },
    });
  });

  it('a new entrypoint clears the base’s command, and not one of its own', () => {
    assert.equal(translate('FROM base\nENTRYPOINT ["a"]', { config: { Cmd: ['old'] } }).config.Cmd, undefined);
    assert.deepEqual(translate('FROM base\nCMD ["b"]\nENTRYPOINT ["a"]', { config: { Cmd: ['old'] } }).config.Cmd, [
      'b',
    ]);
  });

  it('what a base does not say is not said', () => {
    assert.equal(translate('FROM base\nCMD ["a"]').config.WorkingDir, undefined);
  });

  it('SHELL is for the shell form', () => {
    const { config, steps } = translate('FROM a\nSHELL ["bash", "-ec"]\nRUN x\nCMD y');
    assert.deepEqual((steps[1] as RunStep).args, ['bash', '-ec', 'x']);
    assert.deepEqual(config.Cmd, ['bash', '-ec', 'y']);
  });

  it('triggers of the base come first, and are gone', () => {
    const { steps, config } = translate('FROM base\nRUN own', { config: { OnBuild: ['RUN first', 'COPY a /b'] } });
    assert.deepEqual(
      steps.map(({ title }) => title),
      ['RUN first', 'COPY a /b', 'RUN own'],
    );
    assert.equal(config.OnBuild, undefined);
  });

  it('mistakes are told with their place, all of them', () => {
    assert.deepEqual(
      complaints(() => translate('FROM a\nEXPOSE 80 x\nSTOPSIGNAL SIGTREM\nENV a=${b:?no}')),
      ['2:11 "x" is not a port', '3:12 there is no signal SIGTREM', '4:7 b: no'],
    );
  });
});

describe('RUN', () => {
  it('a here-document alone is a script for the shell, or a program', () => {
    assert.deepEqual(lastRun('FROM a\nRUN <<E\na\nb\nE').args, ['/bin/sh', '-c', 'a\nb\n']);
    const program = lastRun('FROM a\nRUN <<E\n#!/usr/bin/env python3\nx\nE');
    assert.deepEqual([program.args, program.script?.content], [['/dev/pipes/E'], '#!/usr/bin/env python3\nx\n']);
  });

  it('with more on the line the shell reads it', () => {
    assert.deepEqual(lastRun('FROM a\nRUN cat <<E > /x\na\nE').args, ['/bin/sh', '-c', 'cat <<E > /x\na\nE']);
  });

  it('mounts have their defaults, and variables are expanded', () => {
    const { mounts } = lastRun(
      'FROM a AS b\nFROM a\nWORKDIR /w\nARG T=/t\nRUN --mount=type=cache,target=$T --mount=type=bind,from=b,target=x --mount=type=secret,id=s --mount=type=ssh y',
    );
    assert.deepEqual(
      mounts.map(({ type, target, id, from, isReadOnly }) => [type, target, id, from.kind, isReadOnly]),
      [
        ['cache', '/t', '/t', 'scratch', false],
        ['bind', '/w/x', '/w/x', 'stage', true],
        ['secret', '/run/secrets/s', 's', 'context', false],
        ['ssh', '/run/buildkit/ssh_agent.3', 'default', 'context', false],
      ],
    );
  });
});

describe('COPY', () => {
  it('destinations are seen from the working directory; a slash or a dot at the end means a directory', () => {
    const destination = (text: string) => lastCopy(`FROM a\nWORKDIR /w\nCOPY x ${text}`).destination;
    assert.deepEqual(['.', './', 'y', 'y/', '/z/', '/z/.', '..'].map(destination), [
      '/w/',
      '/w/',
      '/w/y',
      '/w/y/',
      '/z/',
      '/z/',
      '/',
    ]);
  });

  it('--from is a stage by name or number, or an image', () => {
    const from = (name: string) => lastCopy(`FROM a AS one\nFROM b\nCOPY --from=${name} x y`).from;
    assert.deepEqual(from('ONE'), { kind: 'stage', stage: 0 });
    assert.deepEqual(from('0'), { kind: 'stage', stage: 0 });
    assert.deepEqual(from('nginx'), { kind: 'image', reference: 'nginx', platform: null });
  });

  it('several sources need a directory, and --from no variables', () => {
    assert.deepEqual(
      complaints(() => translate('FROM a\nCOPY x y z\nCOPY --from=$b x y')),
      ['2:10 several sources need a directory', '3:6 --from cannot hold variables: $b'],
    );
  });

  it('files of the Dockerfile itself are expanded', () => {
    const { files } = lastCopy('FROM a\nARG V=1\nCOPY <<A <<"B" /x/\n$V "q"\nA\n$V\nB');
    assert.deepEqual(files, [
      { name: 'A', content: '1 "q"\n' },
      { name: 'B', content: '$V\n' },
    ]);
  });
});
