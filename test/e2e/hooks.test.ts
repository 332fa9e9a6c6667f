/** Lifecycle hooks: what runs before a service starts, right after, and right before it stops. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Scenario, scenario } from '../support/scenario.ts';

/** As Compose reads it: a dollar is two. */
const say = (word: string) =>
  `echo "${word} $(id -un) $PWD $A $(grep CapEff /proc/self/status | cut -f2)" >> /out/log`.replaceAll('$', '$$$$');
const hook = (word: string, more: object = {}) => ({ command: ['sh', '-c', say(word)], ...more });

const compose = (more: object, names: readonly string[] = ['web']) =>
  JSON.stringify({
    services: Object.fromEntries(
      names.map((name) => [
        name,
        { image: 'rootfs:/', init: true, command: ['sleep', 'inf'], volumes: ['./out:/out'], ...more },
      ]),
    ),
  });

function readLog(scene: Scenario): string[][] {
  const text = readFileSync(join(dirname(scene.composeFile), 'out/log'), 'utf8');
  return text
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' '));
}

const files = { 'out/log': '' };

describe('e2e: hooks', () => {
  scenario('run in their order, as whom and where they say', { files }, async (scene) => {
    const out = join(dirname(scene.composeFile), 'out');
    chmodSync(out, 0o777);
    chmodSync(join(out, 'log'), 0o666);
    const manners = { user: 'daemon', working_dir: '/usr', environment: { A: 'own' } };
    writeFileSync(
      scene.composeFile,
      compose({
        environment: { A: 'its' },
        scale: 2,
        pre_start: [hook('one'), hook('two', { ...manners, image: 'rootfs:/' }), hook('mighty', { privileged: true })],
        post_start: [hook('after'), hook('after-as', manners), hook('after-mighty', { privileged: true })],
        pre_stop: [hook('before'), hook('before-as', manners), hook('before-mighty', { privileged: true })],
      }),
    );
    await scene.ok('up', '-d');
    const log = readLog(scene);
    assert.deepEqual(
      log.slice(0, 3).map((line) => line.slice(0, 4)),
      [
        ['one', 'root', '/', 'its'],
        ['two', 'daemon', '/usr', 'own'],
        ['mighty', 'root', '/', 'its'],
      ],
    );
    const [ordinary = '', , mighty = ''] = log.map((line) => line[4] ?? '');
    assert.ok(Number.parseInt(mighty, 16) > Number.parseInt(ordinary, 16), 'a privileged hook can do more');
    const after = log.slice(3).map((line) => line.slice(0, 4).join(' '));
    const wanted = ['after root / its', 'after-as daemon /usr own', 'after-mighty root / its'];
    assert.deepEqual(after.toSorted(), [...wanted, ...wanted].sort());
    const strong = log.find(([word]) => word === 'after-mighty')?.[4];
    assert.equal(strong, mighty);

    await scene.ok('up', '-d');
    await scene.ok('restart');
    const words = readLog(scene).map(([word]) => word);
    assert.equal(words.filter((word) => word === 'one').length, 1, 'not before each start');
    assert.equal(words.filter((word) => word === 'before-mighty').length, 2);
    assert.equal(words.filter((word) => word === 'after').length, 4);
    await scene.ok('down');
    const stopped = readLog(scene)
      .slice(-3)
      .map((line) => line.slice(0, 4).join(' '));
    assert.ok(stopped.includes('before-mighty root / its'));
    assert.equal(readLog(scene).filter(([word]) => word === 'before-as').length, 4);
  });

  scenario('print among the logs of an attached up', { files }, async (scene) => {
    const print = (text: string) => [{ command: ['sh', '-c', `echo ${text}; echo ${text} again >&2`] }];
    const ends = { command: ['sh', '-c', 'sleep 1; echo over'], pre_start: print('first'), post_start: print('then') };
    writeFileSync(scene.composeFile, compose(ends));
    const { stdout } = await scene.run('up');
    for (const line of [/^web pre_start\[0\] -> +\| first$/m, /^web-1 -> +\| then$/m, /^web-1 -> +\| then again$/m]) {
      assert.match(stdout, line);
    }
    assert.match(stdout, /^web-1 +\| over$/m);
  });

  scenario('that fail are named with what they said', { files }, async (scene) => {
    const failing = { command: ['sh', '-c', 'echo too bad; exit 3'] };
    writeFileSync(scene.composeFile, compose({ pre_start: [failing] }));
    await scene.fails(1, /pre_start hook 1 of web exited with code 3\s[\s\S]*too bad/, 'up', '-d');
    assert.match(await scene.ok('ps', '-a'), /pre-start-1/);
    writeFileSync(scene.composeFile, compose({ pre_start: [hook('well')] }));
    await scene.ok('up', '-d');
    assert.doesNotMatch(await scene.ok('ps', '-a'), /pre-start-1/);

    writeFileSync(scene.composeFile, compose({ post_start: [failing] }));
    await scene.fails(1, /post_start hook 1 of \S+-web-1 exited with code 3\s[\s\S]*too bad/, 'up', '-d');
    assert.match(await scene.ok('ps'), /web-1/, 'the container runs on');

    writeFileSync(scene.composeFile, compose({ pre_stop: [failing] }));
    await scene.ok('up', '-d');
    await scene.fails(1, /pre_stop hook 1 of \S+-web-1 exited with code 3/, 'stop');
    assert.match(await scene.ok('ps'), /web-1/);
    await scene.ok('kill');
  });
});
