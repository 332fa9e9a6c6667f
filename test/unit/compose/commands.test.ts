// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of the files
import assert from 'node:assert/strict';
import type { Command } from '../../../src/cli/command.ts';
import { config } from '../../../src/cli/commands/config.ts';
import { diff } from '../../../src/cli/commands/diff.ts';
import { lint } from '../../../src/cli/commands/lint.ts';
import type { Context } from '../../../src/cli/context.ts';
import { Files } from './support.ts';

/** Runs a command over files; what it prints, and its exit code. */
async function run(command: Command, argv: readonly string[], files: Readonly<Record<string, string>>) {
  using directory = new Files(files);
  let stdout = '';
  let stderr = '';
  const context = {
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
    environment: { HOME: '/home/me' },
    signal: new AbortController().signal,
    workingDirectory: directory.root,
    globals: {
      files: [],
      profiles: [],
      envFiles: [],
      projectName: 'demo',
      ansi: 'never',
      compatibility: false,
      allResources: false,
    },
  } as unknown as Context;
  const code = await command.execute(argv, context);
  return { stdout, stderr, code };
}

const file = (body: string) => ({
  'compose.yaml': `services:\n  a: {image: x}\n  b: {image: "\${IMAGE:-y}", ${body}}\n`,
});

const digest = `sha256:${'ab'.repeat(32)}`;

describe('tscompose config', () => {
  it('prints one list, the first of those asked for', async () => {
    assert.equal((await run(config, ['--images', '--services'], file('depends_on: [a]'))).stdout, 'a\nb\n');
    assert.equal((await run(config, ['--images'], file(''))).stdout, 'x\ny\n');
    assert.equal((await run(config, ['--networks'], file(''))).stdout, 'default\n');
    assert.match((await run(config, ['--variables'], file(''))).stdout, /^NAME.*\nIMAGE +false +y\n$/);
    assert.match((await run(config, ['--hash', 'b'], file(''))).stdout, /^b [0-9a-f]{64}\n$/);
  });

  it('prints nothing when quiet, and only the services named', async () => {
    assert.deepEqual(await run(config, ['-q'], file('')), { stdout: '', stderr: '', code: 0 });
    const { stdout } = await run(config, ['--format', 'json', 'b'], file(''));
    assert.deepEqual(Object.keys(JSON.parse(stdout).services), ['b']);
  });

  it('leaves variables and short forms alone without interpolation', async () => {
    const { stdout } = await run(config, ['--no-interpolate'], file('ports: ["$P:80"]'));
    assert.match(stdout, /image: \$\{IMAGE:-y\}/);
    assert.match(stdout, /- \$P:80/);
  });

  it('leaves what may become another short form with its variable, and keys that have one, without interpolation', async () => {
    const attributes =
      'environment: ["A=1", "${B}=2"], labels: ["a=1"], volumes: ["${C:-./c}:/x", "${C:-./c}:/y"], extra_hosts: ["${D:-d}:1.1.1.1"]';
    const { stdout } = await run(config, ['--no-interpolate', '--format', 'json'], file(attributes));
    const { b } = JSON.parse(stdout).services;
    assert.deepEqual(b.environment, ['A=1', '${B}=2']);
    assert.deepEqual(b.labels, { a: '1' });
    assert.deepEqual(b.volumes, ['${C:-./c}:/x', '${C:-./c}:/y']);
    assert.deepEqual(b.extra_hosts, ['${D:-d}:1.1.1.1']);
  });

  it('lists enabled services alone without interpolation', async () => {
    assert.equal((await run(config, ['--no-interpolate', '--services'], file('profiles: [p]'))).stdout, 'a\n');
  });

  it('leaves out what is implied without normalization', async () => {
    const { stdout } = await run(config, ['--no-normalize', '--format', 'json'], file(''));
    assert.equal(JSON.parse(stdout).networks, undefined);
    const files = { 'compose.yaml': 'services: {a: {image: x, volumes: ["vol:/v"]}}\nvolumes: {vol: }\n' };
    const plain = await run(config, ['--no-normalize'], files);
    assert.match(plain.stdout, /volumes:\n {2}vol: \{\}\n/);
    assert.equal(plain.stderr, '');
  });

  it('writes out images that have digests, and asks no registry for them', async () => {
    const files = {
      'compose.yaml': `services:
  a: {image: "redis:7@${digest}"}
  b: {build: .}
  c: {image: "rootfs:/"}
`,
    };
    const { services } = JSON.parse((await run(config, ['--resolve-image-digests', '--format', 'json'], files)).stdout);
    assert.equal(services.a.image, `docker.io/library/redis@${digest}`);
    assert.equal(services.b.image, undefined);
    assert.equal(services.c.image, 'rootfs:/');
    assert.equal(
      (await run(config, ['--lock-image-digests'], files)).stdout,
      `services:\n  a:\n    image: docker.io/library/redis@${digest}\n  b: {}\n  c:\n    image: rootfs:/\n`,
    );
  });

  it('pins hooks and image mounts, and says that an override file cannot pin hooks', async () => {
    const files = {
      'compose.yaml': `services:
  a:
    image: rootfs:/
    pre_start: [{command: [x], image: "h@${digest}"}]
    volumes: [{type: image, source: "v@${digest}", target: /v}, {type: image, source: b, target: /b}, "./x:/x"]
  b: {image: rootfs:/}
`,
    };
    const whole = JSON.parse((await run(config, ['--resolve-image-digests', '--format', 'json'], files)).stdout);
    assert.equal(whole.services.a.pre_start[0].image, `docker.io/library/h@${digest}`);
    const { stdout, stderr } = await run(config, ['--lock-image-digests', '--format', 'json'], files);
    const { a } = JSON.parse(stdout).services;
    assert.deepEqual(Object.keys(a), ['image', 'volumes']);
    assert.deepEqual(
      a.volumes.map(({ source }: { source: string }) => source),
      [`docker.io/library/v@${digest}`, 'b'],
    );
    assert.match(stderr, /service a: an override file cannot pin the images of pre_start/);
  });

  it('refuses to pin what is no reference', async () => {
    const files = { 'compose.yaml': 'services: {a: {image: "x:y z"}}\n' };
    await assert.rejects(run(config, ['--resolve-image-digests', '-q'], files), /"y z" cannot be a tag/);
    await assert.rejects(
      run(config, ['--resolve-image-digests', '--no-interpolate'], file('')),
      /not a valid reference/,
    );
    assert.equal((await run(config, ['--resolve-image-digests', '--images'], files)).stdout, 'x:y z\n');
  });
});

describe('tscompose lint', () => {
  it('prints places and rules, and exits with 1 when it is strict', async () => {
    const { stdout, code } = await run(lint, ['--strict', '--disable', 'memory-limit', 'a'], file(''));
    assert.match(stdout, /^compose.yaml:2:14: image x has no tag \(image-tag\)\n {2}2 \| {3}a: \{image: x\}\n/);
    assert.equal(code, 1);
    const json = JSON.parse((await run(lint, ['--format', 'json'], file(''))).stdout);
    assert.deepEqual(json.map(({ code }: { code: string }) => code).sort(), [
      'image-tag',
      'image-tag',
      'memory-limit',
      'memory-limit',
    ]);
  });
});

describe('tscompose diff', () => {
  const files = {
    'dev.yaml': 'services: {a: {image: "x:${TAG}"}}',
    'prod.yaml': 'services: {a: {restart: always}}',
    'dev.env': 'TAG=1\n',
    'prod.env': 'TAG=2\n',
  };

  it('compares two sides with their own files and variables', async () => {
    const argv = [
      '-f',
      'dev.yaml',
      '--env-file',
      'dev.env',
      '--exit-code',
      '--',
      '-f',
      'dev.yaml',
      '--file=prod.yaml',
      '--env-file',
      'prod.env',
    ];
    const { stdout, code } = await run(diff, argv, files);
    assert.equal(stdout, 'service a\n  - image: x:1\n  + image: x:2\n  + restart: always\n');
    assert.equal(code, 1);
  });

  it('refuses one side alone, and what it does not know', async () => {
    await assert.rejects(run(diff, ['-f', 'dev.yaml'], files), /diff needs two sides/);
    await assert.rejects(run(diff, ['-f', 'dev.yaml', '--', '--nope'], files), /does not understand "--nope"/);
  });
});
