import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { eventually } from '../support/eventually.ts';
import { forkServers } from '../support/fork-servers.ts';
import { isAlive } from '../support/process.ts';
import { type Scenario, scenario } from '../support/scenario.ts';

const stack = `
services:
  web:
    image: rootfs:/
    init: true
    command: [sleep, "1000"]
`;

/** What a process has open, but for what nobody can tell from another's. */
const openFiles = (pid: number) =>
  readdirSync(`/proc/${pid}/fd`)
    .map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
    .filter((target) => !/^(?:anon_inode:.*|\/dev\/null)$/.test(target));

/** Starts containers; answers what their monitors were forked from, which does not stay for long. */
async function up(scene: Scenario, count: number): Promise<number> {
  const { ended } = scene.launch('up', '-d', '--scale', `web=${count}`);
  const server = await eventually(() => {
    const [found] = forkServers(scene);
    assert.ok(found !== undefined);
    return found;
  });
  const { code, stderr } = await ended;
  assert.equal(code, 0, stderr);
  return server;
}

/** Begins to start containers, and waits until they are about to be. */
async function beginUp(scene: Scenario, count: number) {
  const { ended } = scene.launch('up', '-d', '--scale', `web=${count}`);
  await eventually(async () => assert.equal((await scene.ok('ps', '-aq')).trim().split('\n').length, count));
  return { ended };
}

/** All of them run under a monitor of their own. */
function assertRunning(scene: Scenario, count: number): void {
  const monitors = scene.running().map(({ monitorPid }) => monitorPid);
  assert.equal(new Set(monitors).size, count);
  assert.ok(monitors.every(isAlive));
}

describe('e2e: starts', () => {
  scenario(
    'of many containers at once come from one process: nothing of one is open in another, and the process goes',
    { compose: stack },
    async (scene) => {
      const server = await up(scene, 12);
      assertRunning(scene, 12);
      const seen = new Set<string>();
      for (const { monitorPid, pid } of scene.running()) {
        const own = openFiles(monitorPid);
        const output = own.filter((target) => target.startsWith('pipe:'));
        assert.deepEqual(
          openFiles(pid).filter((target) => !output.includes(target)),
          [],
        );
        for (const target of own) {
          assert.ok(!seen.has(target), `two monitors have ${target}`);
          seen.add(target);
        }
      }
      await eventually(() => assert.ok(!isAlive(server)));
      assertRunning(scene, 12);
    },
  );

  scenario(
    'go on when the process they come from is killed: before, while and after they are asked for',
    { compose: stack },
    async (scene) => {
      const first = await up(scene, 1);
      process.kill(first, 'SIGKILL');
      const second = await up(scene, 2);
      // It takes what it is asked for and answers nothing.
      process.kill(second, 'SIGSTOP');
      const { ended } = await beginUp(scene, 5);
      process.kill(second, 'SIGKILL');
      const { code, stderr } = await ended;
      assert.equal(code, 0, stderr);
      assertRunning(scene, 5);
      process.kill(await up(scene, 6), 'SIGKILL');
      assertRunning(scene, 6);
      await eventually(() => assert.deepEqual(forkServers(scene), []));
      const events = await scene.ok('events', '--json', '--since', '1m', '--until', '0s');
      assert.equal(events.match(/"action":"start"/g)?.length, 6);
      assert.doesNotMatch(events, /"type":"repair"/);
    },
  );

  scenario(
    'end with the supervisor that was killed while it waited for them, and the next up makes them',
    { compose: stack },
    async (scene) => {
      const server = await up(scene, 1);
      process.kill(server, 'SIGSTOP');
      const { ended } = await beginUp(scene, 3);
      for (const pid of scene.supervisors()) process.kill(pid, 'SIGKILL');
      process.kill(server, 'SIGCONT');
      await eventually(() => assert.ok(!isAlive(server)));
      await ended;
      await scene.ok('up', '-d', '--scale', 'web=3');
      assertRunning(scene, 3);
    },
  );
});
