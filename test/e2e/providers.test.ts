/** Services that another program provides. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Scenario, scenario } from '../support/scenario.ts';

const program = `#!/bin/sh
echo "$@" >> "$(dirname "$0")/asked"
case "$2" in
  metadata) echo '{"description":"clouds","up":{"parameters":[{"name":"size"}]},"down":{"parameters":[]},"stop":{}}' ;;
esac
case "$3" in
  up)
    echo '{"type":"info","message":"making it"}'
    echo '{"type":"debug","message":"nobody sees this"}'
    [ -e "$(dirname "$0")/broken" ] && echo '{"type":"error","message":"out of clouds"}' && exit 1
    echo '{"type":"setenv","message":"URL=https://cloud.example/db?a=b"}'
    echo '{"type":"rawsetenv","message":"CLOUD=yes"}' ;;
esac
exit 0
`;

const compose = JSON.stringify({
  services: {
    app: {
      image: 'rootfs:/',
      init: true,
      command: ['sleep', 'inf'],
      depends_on: ['my-db'],
    },
    other: { image: 'rootfs:/', init: true, command: ['sleep', 'inf'] },
    'my-db': { provider: { type: 'cloud', options: { size: ['s', 'm'], colour: 'red' } } },
  },
});

function install(scene: Scenario): string {
  const directory = join(dirname(scene.composeFile), 'bin');
  mkdirSync(directory);
  writeFileSync(join(directory, 'cloud'), program);
  chmodSync(join(directory, 'cloud'), 0o755);
  scene.setEnvironment({ PATH: `${directory}:${process.env.PATH}` });
  return directory;
}

describe('e2e: providers', () => {
  scenario('are asked, and their dependents get what they tell', { compose }, async (scene) => {
    await scene.fails(1, /service my-db: there is no program cloud to provide it/, 'up', '-d');
    const directory = install(scene);
    const asked = () => {
      const lines = readFileSync(join(directory, 'asked'), 'utf8').trim().split('\n');
      writeFileSync(join(directory, 'asked'), '');
      return lines.filter((line) => line !== 'compose metadata');
    };
    const up = await scene.run('up', '-d');
    assert.equal(up.code, 0, up.stderr);
    assert.match(up.stderr, /Provider my-db +Creating[\s\S]*my-db: making it\n[\s\S]*Provider my-db +Created/);
    assert.deepEqual(asked(), [`compose --project-name=${scene.project} up --size=s --size=m my-db`]);
    const environment = await scene.ok('exec', '-T', 'app', 'env');
    assert.match(environment, /^MY_DB_URL=https:\/\/cloud\.example\/db\?a=b$/m);
    assert.match(environment, /^CLOUD=yes$/m);
    assert.doesNotMatch(await scene.ok('exec', '-T', 'other', 'env'), /CLOUD/);

    assert.match(await scene.ok('plan'), /Nothing to do/);
    const before = await scene.ok('ps', '-q');
    await scene.ok('scale', 'app=2');
    await scene.ok('scale', 'app=1');
    await scene.ok('up', '-d');
    assert.equal(await scene.ok('ps', '-q'), before);
    await scene.ok('stop');
    await scene.ok('down');
    const name = `--project-name=${scene.project}`;
    assert.deepEqual(asked(), [
      `compose ${name} up --size=s --size=m my-db`,
      `compose ${name} stop --size=s --size=m --colour=red my-db`,
      `compose ${name} down my-db`,
    ]);
    for (const type of ['./bin/cloud', join(directory, 'cloud')]) {
      writeFileSync(scene.composeFile, compose.replace('"cloud"', JSON.stringify(type)));
      await scene.ok('create');
      await scene.ok('down');
      assert.deepEqual(asked(), [`compose ${name} up --size=s --size=m my-db`, `compose ${name} down my-db`]);
    }
    writeFileSync(scene.composeFile, compose.replace('"cloud"', '"./bin/none"'));
    await scene.fails(1, /service my-db: there is no program \/.*\/bin\/none to provide it/, 'up', '-d');
    writeFileSync(scene.composeFile, compose);
    writeFileSync(join(directory, 'broken'), '');
    await scene.fails(1, /service my-db: cloud compose up failed: out of clouds/, 'up', '-d');
    assert.equal(await scene.ok('ps', '-aq'), '');
  });
});
