import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { eventually } from '../support/eventually.ts';
import { isAlive } from '../support/process.ts';
import { tellsExitOfStrangers } from '../support/requirements.ts';
import { scenario } from '../support/scenario.ts';

const stack = `
services:
  web:
    image: rootfs:/
    init: true
    command: ["sh", "-c", "i=0; while :; do i=$$((i+1)); echo line $$i; sleep 0.05; done"]
`;

describe('e2e: supervisors', () => {
  scenario('what another project does with the rules is no drift', { compose: stack }, async (scene) => {
    await scene.ok('up', '-d');
    const other = ['-p', `${scene.project}-other`];
    for (let round = 0; round < 6; round += 1) {
      await scene.ok(...other, 'up', '-d');
      await scene.ok(...other, 'down', '-t', '0');
    }
    const since = new Date(Date.now() - 60_000).toISOString();
    const events = await scene.ok('events', '--json', '--since', since, '--until', new Date().toISOString());
    assert.match(events, /"action":"start"/);
    assert.doesNotMatch(events, /"type":"repair"/);
  });

  const waits = 'echo begun; until [ -e /told ]; do sleep 0.02; done; echo over; exit 3';
  const waiting = `services:\n  web: { image: "rootfs:/", command: [sh, -c, "${waits}"] }\n`;
  const victims = [['monitor'], ['process'], ['monitor', 'supervisor'], ['supervisor', 'monitor', 'process']] as const;
  for (const killed of victims) {
    scenario(
      `an attached up goes on with its only container when the ${killed.join(' and the ')} of that is killed`,
      { compose: waiting },
      async (scene) => {
        const { child, ended } = scene.launch('up');
        assert.ok(child.stdout);
        let output = '';
        child.stdout.on('data', (chunk: string) => {
          output += chunk;
        });
        await eventually(() => assert.match(output, /begun/));
        const [before] = scene.states();
        const [supervisor] = scene.supervisors();
        assert.ok(before !== undefined && supervisor !== undefined);
        const pids = { monitor: before.monitorPid, process: before.pid, supervisor };
        for (const victim of killed) process.kill(pids[victim], 'SIGKILL');
        await eventually(() => {
          const [now] = scene.running();
          assert.ok(now !== undefined && now.monitorPid !== before.monitorPid && isAlive(now.monitorPid));
        });
        // The container ends at once, which may take the process along before it has.
        await scene.run('exec', '-T', 'web', 'touch', '/told');
        const { code, stdout } = await ended;
        const isNew = killed.some((victim) => victim === 'process');
        assert.equal(stdout.match(/\| begun/g)?.length, isNew ? 2 : 1, stdout);
        // Its parent is gone with the monitor.
        const isKnown = isNew || tellsExitOfStrangers;
        assert.match(stdout, new RegExp(`over\n.*exited with code ${isKnown ? 3 : 255}\n$`));
        // Of one that was killed with its monitor nobody knows how it ended, and of one that goes on there is nothing to tell.
        if (killed[0] !== 'process') assert.doesNotMatch(stdout, /exited with code 137\n/);
        assert.equal(code, 0);
      },
    );
  }

  scenario(
    'an attached up whose supervisor was killed shows what its successor starts',
    { compose: stack },
    async (scene) => {
      const { child, ended } = scene.launch('up', 'web');
      let output = '';
      assert.ok(child.stdout);
      child.stdout.on('data', (chunk: string) => {
        output += chunk;
      });
      // Killed before all is up, it would take the command with it.
      await eventually(() => assert.match(output, /web-1 +\| line/));
      const [supervisor] = scene.supervisors();
      assert.ok(supervisor !== undefined);
      process.kill(supervisor, 'SIGKILL');
      await eventually(() => assert.ok(scene.supervisors().some((pid) => pid !== supervisor)));
      await scene.ok('up', '-d', 'web', '--scale', 'web=2');
      await eventually(() => assert.match(output, /web-2 +\| line 1\n/));
      await scene.ok('stop', '--timeout', '0');
      const { code } = await ended;
      assert.equal(code, 0);
    },
  );

  scenario(
    'run and wait go on with a container whose monitor and supervisor were killed',
    { compose: waiting },
    async (scene) => {
      await scene.ok('up', '-d');
      const run = scene.launch('run', '-T', '--name', 'once', 'web');
      const wait = scene.launch('wait', 'web');
      await eventually(() => assert.equal(scene.running().length, 2));
      const killed = [...scene.supervisors(), ...scene.monitors()];
      for (const pid of killed) process.kill(pid, 'SIGKILL');
      // What was just killed may look alive for a moment.
      await eventually(() => {
        const monitors = scene.running().map(({ monitorPid }) => monitorPid);
        assert.ok(monitors.every((pid) => !killed.includes(pid) && isAlive(pid)));
      });
      for (const { pid } of scene.running()) writeFileSync(`/proc/${pid}/root/told`, '');
      const code = tellsExitOfStrangers ? 3 : 255;
      assert.equal((await run.ended).code, code);
      const waited = await wait.ended;
      assert.equal(waited.code, code);
      assert.match(waited.stdout, new RegExp(`exited with status code ${code}`));
      await scene.ok('rm', '-f', '--stop');
    },
  );
});
