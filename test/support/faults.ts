import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Chaos } from './chaos.ts';
import { eventually } from './eventually.ts';
import { forkServers } from './fork-servers.ts';
import { isAlive } from './process.ts';
import type { Finished, Scenario } from './scenario.ts';

/** A stack with one of each: a job, a volume, a port, health, replicas, two networks. */
export const faultStack = `
services:
  job:
    image: rootfs:/
    command: ["sh", "-c", "echo done > /data/job"]
    volumes: [data:/data]
  db:
    image: rootfs:/
    init: true
    command: ["sh", "-c", "echo up > /data/db; exec sleep 1000"]
    volumes: [data:/data, /anonymous]
    ports: ["127.0.0.1:0:80"]
    stop_grace_period: 2s
    healthcheck: { test: ["CMD", "test", "-e", "/data/db"], interval: 1s, start_period: 10s, start_interval: 50ms }
  web:
    image: rootfs:/
    init: true
    command: [sleep, "1000"]
    networks: [default, back]
    scale: 2
    depends_on:
      job: { condition: service_completed_successfully }
      db: { condition: service_healthy }
networks: { back: }
volumes: { data: }
`;

/** How long the commands take here, roughly: the moment of the fault is chosen within. */
const withinMs = { up: 1200, down: 500, scale: 700, run: 900 } as const;

export type Fault = (scene: Scenario, chaos: Chaos) => Promise<void>;

const victims = {
  CLI: (_scene: Scenario, cli: number | undefined) => (cli === undefined ? [] : [cli]),
  supervisor: (scene: Scenario) => scene.supervisors(),
  monitor: (scene: Scenario) => scene.monitors(),
  'fork server': forkServers,
} as const;

/** Runs a command and strikes one process at some moment of it. Answers how the command ended. */
async function struck(
  scene: Scenario,
  chaos: Chaos,
  victim: keyof typeof victims,
  signal: NodeJS.Signals,
  ...args: string[]
): Promise<Finished> {
  const { child, ended } = scene.launch(...args);
  const within = withinMs[args[0] as keyof typeof withinMs];
  const began = performance.now();
  const hit = await chaos.strike(() => victims[victim](scene, child.pid), signal, within);
  const after = Math.round(performance.now() - began);
  scene.note(`${signal} to the ${victim} (${hit ?? 'nobody there'}) ${after} ms into ${args.join(' ')}`);
  const finished = await ended;
  assert.doesNotMatch(finished.stderr, /\n\s+at |internal error/, 'a stack trace reached the user');
  return finished;
}

function expectInterrupted({ code, signal, stderr }: Finished): void {
  // Before it listens for signals, and when it was done already.
  if (signal === 'SIGINT' || code === 0) return;
  assert.equal(code, 130, stderr);
}

/** What may happen to it, by name. */
export const faults: Readonly<Record<string, Fault>> = {
  'Ctrl-C during up': async (scene, chaos) =>
    expectInterrupted(await struck(scene, chaos, 'CLI', 'SIGINT', 'up', '--timeout', '2')),
  'Ctrl-C during up -d': async (scene, chaos) =>
    expectInterrupted(await struck(scene, chaos, 'CLI', 'SIGINT', 'up', '-d')),
  'Ctrl-C during down': async (scene, chaos) => {
    await scene.ok('up', '-d');
    expectInterrupted(await struck(scene, chaos, 'CLI', 'SIGINT', 'down', '--timeout', '2'));
  },
  'two ups at once': async (scene, chaos) => {
    const first = scene.launch('up', '-d');
    const second = struck(scene, chaos, 'CLI', 'SIGWINCH', 'up', '-d');
    const ends = await Promise.all([first.ended, second]);
    for (const { code, stderr } of ends) assert.equal(code, 0, stderr);
  },
  'an up in the middle of a down': async (scene, chaos) => {
    await scene.ok('up', '-d');
    const down = scene.launch('down', '--timeout', '2');
    await delay(chaos.next() * withinMs.down);
    const up = scene.launch('up', '-d');
    for (const { code, stderr } of await Promise.all([down.ended, up.ended])) {
      assert.equal(code, 0, stderr);
    }
  },
  'down on half a project': async (scene, chaos) => {
    await struck(scene, chaos, 'CLI', 'SIGINT', 'up', '-d');
    await scene.ok('down', '--timeout', '2');
    assert.equal((await scene.ok('ps', '-a', '-q')).trim(), '');
  },
};

for (const command of ['up -d', 'down --timeout 2', 'scale web=4', 'run --rm --no-deps -T web sleep 0.5']) {
  Object.assign(faults, {
    [`kill -9 of all processes of ours during ${command}`]: async (scene: Scenario, chaos: Chaos) => {
      if (!command.startsWith('up')) await scene.ok('up', '-d');
      const args = command.split(' ');
      const { child, ended } = scene.launch(...args);
      await delay(chaos.next() * withinMs[args[0] as keyof typeof withinMs]);
      // Twice: a monitor that was killed last may have started another supervisor.
      for (let turn = 0; turn < 2; turn++) {
        for (const pid of [child.pid, ...scene.supervisors(), ...scene.monitors()]) {
          if (pid !== undefined) kill(pid);
        }
      }
      await ended;
    },
  });
}

for (const victim of Object.keys(victims) as (keyof typeof victims)[]) {
  const others: Readonly<Record<string, Fault>> = {
    [`kill -9 of the ${victim} during up`]: async (scene, chaos) => {
      await struck(scene, chaos, victim, 'SIGKILL', 'up', '-d');
    },
    [`kill -9 of the ${victim} during down`]: async (scene, chaos) => {
      await scene.ok('up', '-d');
      await struck(scene, chaos, victim, 'SIGKILL', 'down', '--timeout', '2');
    },
    [`kill -9 of the ${victim} during scale`]: async (scene, chaos) => {
      await scene.ok('up', '-d');
      await struck(scene, chaos, victim, 'SIGKILL', 'scale', chaos.next() < 0.5 ? 'web=4' : 'web=0');
    },
    [`kill -9 of the ${victim} during run --rm`]: async (scene, chaos) => {
      await struck(scene, chaos, victim, 'SIGKILL', 'run', '--rm', '--no-deps', '-T', 'web', 'sleep', '0.5');
    },
  };
  Object.assign(faults, others);
}

/** Of one that may have gone meanwhile. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH');
  }
}

/** The project runs as its file says, every container under a monitor. */
export async function assertRuns(scene: Scenario): Promise<void> {
  await scene.ok('up', '-d', '--wait', '--timeout', '2');
  await eventually(async () => {
    const lines = (await scene.ok('ps', '--format', 'json')).trim().split('\n');
    const rows = lines.map((line) => JSON.parse(line) as { Service: string; State: string });
    assert.deepEqual(rows.map(({ Service, State }) => `${Service} ${State}`).sort(), [
      'db running',
      'web running',
      'web running',
    ]);
    const running = scene.states().filter(({ status }) => status === 'running');
    assert.ok(running.length >= 3 && running.every(({ pid, monitorPid }) => isAlive(pid) && isAlive(monitorPid)));
  });
}

/** Of the containers that run: their cgroups, in every hierarchy that they have one in. */
export function cgroupsOf(pid: number): string[] {
  const roots = new Map(
    readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .flatMap((line): [string, string][] => {
        const found = /^\S+ \S+ \S+ \S+ (\S+) .* - (cgroup2?) \S+ (\S+)$/.exec(line);
        if (found === null) return [];
        const [, at = '', type = '', options = ''] = found;
        const name =
          type === 'cgroup2'
            ? ''
            : options
                .split(',')
                .filter((word) => word !== 'rw')
                .join(',');
        return [[name, at]];
      }),
  );
  const own = readFileSync('/proc/self/cgroup', 'utf8').split('\n');
  return readFileSync(`/proc/${pid}/cgroup`, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [number, name = '', path = ''] = line.split(':');
      const root = roots.get(name);
      if (number === undefined || root === undefined || path === '/' || own.includes(line)) return [];
      return [`${root}${path}`];
    });
}
