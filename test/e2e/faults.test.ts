/**
 * Ctrl-C and kill -9 at random moments; then one `up` and one `down` leave the machine as it was (`bench/faults.ts` does
 * so for hours). Each round has a seed of
 * its own: TSCOMPOSE_TEST_SEED=N TSCOMPOSE_TEST_ROUNDS=1 runs that round again.
 */
import assert from 'node:assert/strict';
import { Chaos } from '../support/chaos.ts';
import { eventually } from '../support/eventually.ts';
import { assertRuns, faultStack, faults } from '../support/faults.ts';
import { scenario } from '../support/scenario.ts';

describe('e2e: faults', () => {
  scenario(
    'Ctrl-C while up waits for a dependency: it leaves at once with 130, and what waits never starts',
    {
      compose: `
services:
  never:
    image: rootfs:/
    init: true
    command: [sleep, "1000"]
    healthcheck: { test: ["CMD", "false"], interval: 1s, start_period: 1000s, start_interval: 1s }
  web:
    image: rootfs:/
    init: true
    command: [sleep, "1000"]
    depends_on: { never: { condition: service_healthy } }
`,
    },
    async (scene) => {
      const { child, ended } = scene.launch('up', '-d');
      await eventually(async () => assert.match(await scene.ok('ps'), /-never-1 .*Up /));
      child.kill('SIGINT');
      const { code, stderr } = await ended;
      assert.equal(code, 130, stderr);
      assert.match(await scene.ok('ps', '-a'), /-web-1 .*Created/);
    },
  );

  const rounds = Number(process.env.TSCOMPOSE_TEST_ROUNDS ?? 6);
  const first = Number(process.env.TSCOMPOSE_TEST_SEED ?? Math.floor(Math.random() * 0xffff_ffff));
  for (let round = 0; round < rounds; round++) {
    const seed = first + round;
    const chosen = new Chaos(seed, 'quiet').pick(Object.entries(faults));
    assert.ok(chosen);
    const [name, fault] = chosen;
    const title = `seed ${seed}: ${name}, then up and down: as before`;
    scenario(title, { compose: faultStack, timeoutMs: 90_000 }, async (scene) => {
      await fault(scene, new Chaos(seed));
      await assertRuns(scene);
    });
  }
});
