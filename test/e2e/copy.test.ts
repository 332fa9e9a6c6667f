import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Scenario, scenario, tscompose } from '../support/scenario.ts';

const compose = `
services:
  web:
    image: rootfs:/
    init: true
    command: [sleep, "1000"]
    scale: 2
    stop_grace_period: 0s
    volumes: ["data:/mnt", "./own:/opt:ro"]
  closed:
    image: rootfs:/
    read_only: true
    command: [sleep, "1000"]
    init: true
    stop_grace_period: 0s
volumes:
  data: {}
`;

/** With bytes on standard input. */
function pipeInto(scene: Scenario, input: Buffer, ...args: string[]) {
  const environment = {
    ...process.env,
    TSCOMPOSE_STATE_DIR: scene.stateDirectory,
    COMPOSE_PROJECT_NAME: scene.project,
  };
  return spawnSync(tscompose, ['-f', scene.composeFile, ...args], { input, env: environment, encoding: 'utf8' });
}

describe('e2e: cp', () => {
  scenario(
    'copies into all replicas and out of the first, running, stopped and never started',
    { compose, files: { 'own/there': 'kept' } },
    async (scene) => {
      const directory = dirname(scene.composeFile);
      const here = (name: string) => join(directory, name);
      mkdirSync(here('tree/sub'), { recursive: true });
      writeFileSync(here('tree/sub/file'), 'hello', { mode: 0o640 });
      await scene.ok('create');
      for (const state of ['created', 'running', 'exited']) {
        if (state === 'running') await scene.ok('up', '-d');
        if (state === 'exited') await scene.ok('stop');
        await scene.ok('cp', 'tree', `web:/srv/${state}`);
        await scene.ok('cp', 'tree/.', 'web:/mnt');
        for (const index of ['1', '2']) {
          await scene.ok('cp', '--index', index, `web:/srv/${state}/sub`, here(`${state}-${index}`));
          assert.equal(readFileSync(here(`${state}-${index}/file`), 'utf8'), 'hello');
          assert.equal(statSync(here(`${state}-${index}/file`)).mode & 0o777, 0o640);
        }
        // What is in a volume is written there, whether it is mounted or not.
        await scene.ok('cp', 'web:/mnt/sub/file', here(`${state}-volume`));
        assert.equal(readFileSync(here(`${state}-volume`), 'utf8'), 'hello');
        await scene.fails(1, /read-only/, 'cp', 'tree/sub/file', 'web:/opt/');
        await scene.fails(1, /read-only/, 'cp', 'tree/sub/file', 'closed:/srv/');
        await scene.fails(1, /there is no .*-web-1:\/nothing/, 'cp', 'web:/nothing', '.');
        await scene.fails(1, /there is no directory/, 'cp', 'tree', 'web:/srv/a/b');
      }
      await scene.ok('start');
      assert.equal(await scene.ok('exec', '-T', '--index', '2', 'web', 'cat', '/srv/exited/sub/file'), 'hello');
    },
  );

  scenario(
    'what a stopped container would mount and is gone is named, and the container starts afterwards',
    { compose, files: { 'own/there': 'kept' } },
    async (scene) => {
      const directory = dirname(scene.composeFile);
      await scene.ok('create', 'web');
      renameSync(join(directory, 'own'), join(directory, 'other'));
      await scene.fails(
        1,
        /own, which is mounted at \/opt, does not exist/,
        'cp',
        'web:/opt/there',
        join(directory, 'x'),
      );
      renameSync(join(directory, 'other'), join(directory, 'own'));
      await scene.ok('up', '-d', 'web');
    },
  );

  scenario('takes and gives archives', { compose }, async (scene) => {
    await scene.ok('up', '-d', 'web');
    const directory = dirname(scene.composeFile);
    mkdirSync(join(directory, 'tree'));
    writeFileSync(join(directory, 'tree/a'), 'a');
    const archive = execFileSync('tar', ['-C', directory, '-c', 'tree']);
    const into = pipeInto(scene, archive, 'cp', '-', 'web:/srv');
    assert.equal(into.status, 0, into.stderr);
    assert.equal(await scene.ok('exec', '-T', '--index', '2', 'web', 'cat', '/srv/tree/a'), 'a');
    const { stdout } = await scene.run('cp', 'web:/srv/tree', '-');
    assert.equal(execFileSync('tar', ['-t'], { input: Buffer.from(stdout), encoding: 'utf8' }), 'tree/\ntree/a\n');
    const nowhere = pipeInto(scene, archive, 'cp', '-', 'web:/srv/none');
    assert.equal(nowhere.status, 1);
    assert.match(nowhere.stderr, /destination ".*:\/srv\/none" must be a directory/);
    assert.match(pipeInto(scene, Buffer.from('nonsense'), 'cp', '-', 'web:/srv').stderr, /archive/);
  });

  scenario('a link in the container leads nowhere outside', { compose }, async (scene) => {
    await scene.ok('up', '-d', 'web');
    const { directory } = scene;
    writeFileSync(join(directory, 'secret'), 'of the machine');
    writeFileSync(join(directory, 'p/file'), 'new');
    await scene.ok(
      'exec',
      '-T',
      'web',
      'sh',
      '-c',
      `mkdir -p ${directory} && ln -s ${directory} /srv/out && echo inside >${directory}/secret`,
    );
    await scene.ok('cp', 'web:/srv/out/secret', join(directory, 'p/got'));
    assert.equal(readFileSync(join(directory, 'p/got'), 'utf8'), 'inside\n');
    await scene.ok('cp', '--index', '1', 'p/file'.slice(2), 'web:/srv/out/secret');
    assert.equal(readFileSync(join(directory, 'secret'), 'utf8'), 'of the machine');
  });
});
