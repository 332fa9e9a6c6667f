/** The plan that was shown is the plan that runs; what the file has no more goes on request. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type Scenario, scenario } from '../support/scenario.ts';

const service = (more: object = {}) => ({ image: 'rootfs:/', init: true, command: ['sleep', 'inf'], ...more });
const write = (scene: Scenario, services: object, top: object = {}) =>
  writeFileSync(scene.composeFile, JSON.stringify({ services, ...top }));

async function planned(scene: Scenario): Promise<{ readonly hash: string; readonly nodes: readonly object[] }> {
  return JSON.parse(await scene.ok('plan', '--format', 'json')) as { hash: string; nodes: object[] };
}

describe('e2e: plans', () => {
  scenario('up asks when it is told to, and carries out the plan that was agreed to alone', {}, async (scene) => {
    write(scene, { a: service() });
    // Without a terminal the end of the input is no.
    const refused = await scene.run('up', '-d', '--ask');
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /\+ Container \S+-a-1\s+create, start {2}\(not found\)[\s\S]*Carry out this plan\? \[yN\]/,
    );
    assert.match(refused.stderr, /Nothing was done/);
    assert.equal(await scene.ok('ps', '-aq'), '');
    assert.match((await scene.run('up', '-d', '--ask', '--yes')).stderr, /2 to create[\s\S]*Started/);
    // Nothing to do needs no answer.
    await scene.ok('up', '-d', '--ask');

    write(scene, { a: service({ environment: { A: '1', DB_PASSWORD: 'marigold' } }) });
    const { hash } = await planned(scene);
    write(scene, { a: service({ environment: { A: '2', DB_PASSWORD: 'marigold' } }) });
    const before = await scene.ok('ps', '-q');
    await scene.fails(
      1,
      /the plan that was shown is not the plan that would run now\n\+ /,
      'up',
      '-d',
      '--plan-hash',
      hash,
    );
    assert.equal(await scene.ok('ps', '-q'), before);
    const text = await scene.ok('plan');
    assert.match(text, /environment\.A: \(none\) → 2\n\s+environment\.DB_PASSWORD: \(none\) → •+\n/);
    assert.doesNotMatch(text, /marigold/);
    await scene.ok('up', '-d', '--plan-hash', (await planned(scene)).hash);
    assert.notEqual(await scene.ok('ps', '-q'), before);
  });

  scenario(
    'what is in the file for another profile is no left-over, what is not goes on request',
    {},
    async (scene) => {
      const own = { networks: ['n'], volumes: ['data:/data'] };
      const top = { networks: { n: {} }, volumes: { data: {} } };
      write(scene, { a: service(), p: service({ ...own, profiles: ['extra'] }) }, top);
      await scene.ok('--profile', 'extra', 'up', '-d');
      const quiet = await scene.run('up', '-d', '--remove-orphans', '--yes');
      assert.equal(quiet.code, 0);
      assert.doesNotMatch(quiet.stderr, /Remov|orphan/);
      assert.equal((await scene.ok('--profile', 'extra', 'ps', '-q')).trim().split('\n').length, 2);

      write(scene, { a: service() });
      assert.match((await scene.run('up', '-d')).stderr, /Found orphan containers \(\[\S+-p-1\]\)/);
      const kept = await scene.run('up', '-d', '--remove-orphans');
      assert.match(kept.stderr, /Container \S+-p-1 +Removed[\s\S]*Network \S+_n +Removed/);
      assert.match(kept.stderr, /volume \S+_data is not in the file any more; it is kept/);
      assert.match((await scene.run('up', '-d', '--remove-orphans', '--yes')).stderr, /Volume \S+_data +Removed/);
      assert.deepEqual((await planned(scene)).nodes, []);
    },
  );
});
