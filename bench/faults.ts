// Faults, round after round: something of ours is killed, or something of the machine taken away; the next command repairs it,
// the stack is as declared, the planner finds nothing to do, and after `down` nothing is left over.
//   node bench/faults.ts [--rounds 200] [--seed N] [--only PATTERN]
// Prints figures; exits 1 when a round found something. A round is run again with --seed N --rounds 1.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Chaos } from '../test/support/chaos.ts';
import { eventually } from '../test/support/eventually.ts';
import { assertRuns, cgroupsOf, type Fault, faultStack, faults } from '../test/support/faults.ts';
import { findOwn } from '../test/support/own.ts';
import { playScenario, type Scenario } from '../test/support/scenario.ts';
import { median } from './table.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 0xffff_ffff)) },
    only: { type: 'string', default: '' },
  },
});

const runningOf = (scene: Scenario) => scene.states().filter(({ status }) => status === 'running');

/** Kills who is meant while nothing is being carried out. */
const whileIdle =
  (victims: (scene: Scenario) => readonly number[]): Fault =>
  async (scene, chaos) => {
    await scene.ok('up', '-d');
    await delay(chaos.next() * 300);
    for (const pid of victims(scene)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH');
      }
    }
    // Half of the time the next command comes before anybody could notice.
    if (chaos.next() < 0.5) await delay(chaos.next() * 500);
  };

/** Takes something of the machine away, with the supervisor there to notice or killed before. */
const byHand =
  (remove: (scene: Scenario) => void): Fault =>
  async (scene, chaos) => {
    await scene.ok('up', '-d');
    if (chaos.next() < 0.5) for (const pid of scene.supervisors()) process.kill(pid, 'SIGKILL');
    remove(scene);
    if (chaos.next() < 0.5) await delay(chaos.next() * 500);
  };

const hands: Readonly<Record<string, Fault>> = {
  'kill -9 of the supervisor of a quiet stack': whileIdle((scene) => scene.supervisors()),
  'kill -9 of the monitors of a quiet stack': whileIdle((scene) => scene.monitors()),
  'kill -9 of all processes of a quiet stack': whileIdle((scene) => [...scene.supervisors(), ...scene.monitors()]),
  'kill -9 of all processes, the containers’ too': whileIdle((scene) => [
    ...scene.supervisors(),
    ...scene.monitors(),
    ...runningOf(scene).map(({ pid }) => pid),
  ]),
  'the nft table removed by hand': byHand((scene) =>
    execFileSync('nft', ['delete', 'table', 'inet', findOwn(scene).table]),
  ),
  'a bridge removed by hand': byHand((scene) => execFileSync('ip', ['link', 'del', findOwn(scene).bridge])),
  'a veth removed by hand': byHand((scene) => execFileSync('ip', ['link', 'del', findOwn(scene).veth])),
  'a cgroup removed by hand': byHand((scene) => {
    const [state] = runningOf(scene);
    assert.ok(state);
    for (const path of cgroupsOf(state.pid)) {
      for (const pid of readFileSync(join(path, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)) {
        writeFileSync(join(dirname(path), 'cgroup.procs'), pid);
      }
      for (const name of readdirSync(path, { withFileTypes: true })) {
        if (name.isDirectory()) rmdirSync(join(path, name.name));
      }
      rmdirSync(path);
    }
  }),
  'a full disk': async (scene) => {
    const directory = join(scene.stateDirectory, 'lib/containers');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=0700', 'tmpfs', directory]);
    try {
      const { stderr } = await scene.run('up', '-d', '--timeout', '2');
      assert.doesNotMatch(stderr, /\n\s+at |internal error/, 'a stack trace reached the user');
      execFileSync('mount', ['-o', 'remount,size=64m', directory]);
      await assertRuns(scene);
      await scene.ok('down', '--timeout', '2');
    } finally {
      execFileSync('umount', ['-l', directory]);
    }
  },
};

/** Every running container is in cgroups of its own, and its network's things are there. */
async function assertWhole(scene: Scenario): Promise<void> {
  await eventually(() => {
    const own = findOwn(scene);
    assert.ok(existsSync(`/sys/class/net/${own.veth}`) && existsSync(`/sys/class/net/${own.bridge}`));
    execFileSync('nft', ['list', 'table', 'inet', own.table], { stdio: ['ignore', 'ignore', 'pipe'] });
    for (const { pid, id } of runningOf(scene)) {
      const path = cgroupsOf(pid);
      assert.ok(path.length > 0 && path.every((each) => each.includes(id) && existsSync(each)), `cgroups of ${id}`);
    }
  });
  const plan = await scene.ok('plan', '--format', 'json');
  const { nodes } = JSON.parse(plan) as { nodes: readonly unknown[] };
  assert.deepEqual(nodes, [], 'the planner finds something to do');
}

const first = Number(values.seed);
const all = Object.entries({ ...faults, ...hands }).filter(([name]) => name.includes(values.only));
const findings: string[] = [];
const repairs = new Map<string, number[]>();
const began = performance.now();
for (let round = 0; round < Number(values.rounds); round += 1) {
  const seed = first + round;
  const [name, fault] = new Chaos(seed, 'quiet').pick(all) ?? [];
  if (name === undefined || fault === undefined) throw new Error(`there is no fault ${values.only}`);
  try {
    await playScenario(`seed ${seed}: ${name}`, { compose: faultStack }, async (scene) => {
      await fault(scene, new Chaos(seed, 'quiet'));
      const struck = performance.now();
      await assertRuns(scene);
      await assertWhole(scene);
      repairs.set(name, [...(repairs.get(name) ?? []), performance.now() - struck]);
    });
    console.error(`round ${round + 1}: seed ${seed}: ${name}: as declared`);
  } catch (error) {
    findings.push(`seed ${seed}: ${name}`);
    console.error(`round ${round + 1}: seed ${seed}: ${name}: ${error instanceof Error ? error.message : error}`);
  }
}
for (const [name, times] of [...repairs].sort(([a], [b]) => (a < b ? -1 : 1))) {
  const worst = Math.round(Math.max(...times));
  console.log(
    `${String(times.length).padStart(4)} × ${name}: as declared in ${Math.round(median(times))} ms, at most ${worst}`,
  );
}
console.log(`${values.rounds} rounds from seed ${first} in ${Math.round((performance.now() - began) / 1000)} s`);
for (const finding of findings) console.log(`FOUND ${finding}`);
console.log(findings.length === 0 ? 'nothing was found' : `${findings.length} rounds found something`);
process.exitCode = findings.length === 0 ? 0 : 1;
