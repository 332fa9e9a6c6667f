// A stack of thirty services under load for a while: containers that end and are started again, health that comes and goes,
// replicas that come and go, kills now and then, requests all the time. At the end every line of every log is there, the planner
// finds nothing to do, nothing has grown, and after `down` nothing is left over.
//   node bench/soak.ts [--minutes 20] [--seed N]
// Prints figures; exits 1 on a finding.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { Chaos } from '../test/support/chaos.ts';
import { eventually } from '../test/support/eventually.ts';
import { playScenario, type Scenario } from '../test/support/scenario.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 0xffff_ffff)) },
  },
});

const services = 30;
const chaos = new Chaos(Number(values.seed), 'quiet');
/** Lines are numbered within a run of the process, which says when it begins. */
const counting = (pause: string, end = ':') =>
  `echo begin; i=0; while :; do i=$$((i+1)); echo "$$i"; sleep ${pause}; ${end}; done`;

/** Of its own, so that a container that is started again has it again. */
const portOf = (index: number) => 23_100 + index;
const ports = [0, 6, 12, 18, 24].map(portOf);

function stack(): string {
  const made: Record<string, object> = {};
  for (let index = 0; index < services; index += 1) {
    const name = `s${String(index).padStart(2, '0')}`;
    const base = { image: 'rootfs:/', init: true, stop_grace_period: '1s' };
    switch (index % 6) {
      case 0: // Answers requests through a published port.
        made[name] = { ...base, command: ['perl', '-e', perlServer], ports: [`127.0.0.1:${portOf(index)}:8080`] };
        break;
      case 1: // Ends and is started again.
        made[name] = {
          ...base,
          command: ['sh', '-c', counting('0.02', '[ $$i -lt 150 ] || exit 1')],
          restart: 'always',
        };
        break;
      case 2: // Healthy and not, in turn.
        made[name] = {
          ...base,
          command: ['sh', '-c', counting('0.05')],
          healthcheck: {
            test: ['CMD-SHELL', '[ $$(($$(date +%s) / 5 % 2)) = 0 ]'],
            interval: '500ms',
            retries: 1,
            timeout: '5s',
          },
        };
        break;
      case 3: // Scaled up and down.
        made[name] = { ...base, command: ['sh', '-c', counting('0.05')] };
        break;
      case 4: // Prints much, rotated and compressed.
        made[name] = {
          ...base,
          command: [
            'sh',
            '-c',
            'echo begin; i=0; while :; do seq $$((i+1)) $$((i+2000)); i=$$((i+2000)); sleep 0.5; done',
          ],
          logging: { driver: 'json-file', options: { 'max-size': '5m', 'max-file': '1000', compress: 'true' } },
        };
        break;
      default: // Asks for the others by name.
        made[name] = {
          ...base,
          command: ['sh', '-c', counting('0.2', 'getent hosts s00 s03 > /dev/null || echo lost')],
          depends_on: ['s00'],
        };
    }
  }
  return stringify({ services: made });
}

const perlServer = [
  'use IO::Socket::INET;',
  'my $$s = IO::Socket::INET->new(LocalPort => 8080, Listen => 64, ReuseAddr => 1) or die;',
  'while (my $$c = $$s->accept) { print $$c "ok\\n"; close $$c; }',
].join(' ');

interface Figures {
  readonly fds: number;
  readonly kilobytes: number;
}

function figuresOf(pid: number): Figures | undefined {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return {
      fds: readdirSync(`/proc/${pid}/fd`).length,
      kilobytes: Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0),
    };
  } catch {
    return undefined;
  }
}

interface Sample {
  readonly supervisor: Figures;
  readonly monitors: number;
  readonly monitorFds: number;
  readonly monitorKilobytes: number;
  readonly processes: number;
  readonly mounts: number;
  readonly links: number;
  readonly rules: number;
}

/** Of a stack that is quiet and as declared: the least of several, because health is looked at all the time. */
async function sample(scene: Scenario): Promise<Sample> {
  const samples: Sample[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    samples.push(sampleOnce(scene));
    await delay(130);
  }
  const least = (key: Exclude<keyof Sample, 'supervisor'>) => Math.min(...samples.map((each) => each[key]));
  return {
    supervisor: samples[0]!.supervisor,
    monitors: least('monitors'),
    monitorFds: least('monitorFds'),
    monitorKilobytes: least('monitorKilobytes'),
    processes: least('processes'),
    mounts: least('mounts'),
    links: least('links'),
    rules: least('rules'),
  };
}

function sampleOnce(scene: Scenario): Sample {
  const [pid = 0] = scene.supervisors();
  const supervisor = figuresOf(pid);
  assert.ok(supervisor, 'there is no supervisor');
  const monitors = scene.monitors().flatMap((each) => figuresOf(each) ?? []);
  return {
    supervisor,
    monitors: monitors.length,
    monitorFds: Math.max(...monitors.map(({ fds }) => fds)),
    monitorKilobytes: Math.max(...monitors.map(({ kilobytes }) => kilobytes)),
    processes: readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length,
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length,
    links: readdirSync('/sys/class/net').length,
    rules: execFileSync('nft', ['-s', 'list', 'ruleset'], { encoding: 'utf8' }).split('\n').length,
  };
}

/** One request; whether it was answered. */
function request(port: number): Promise<boolean> {
  return new Promise((settle) => {
    let answer = '';
    const socket = connect({ host: '127.0.0.1', port, timeout: 5000 });
    socket.on('data', (chunk: Buffer) => {
      answer += String(chunk);
    });
    socket.once('timeout', () => socket.destroy());
    socket.once('error', () => {});
    socket.once('close', () => settle(answer === 'ok\n'));
  });
}

/** What happens to the stack, by name; each at random. */
const happenings: Readonly<Record<string, (scene: Scenario) => Promise<void>>> = {
  'a scale change': async (scene) => {
    const name = `s${String(3 + 6 * Math.floor(chaos.next() * 5)).padStart(2, '0')}`;
    await scene.ok('scale', `${name}=${Math.floor(chaos.next() * 5)}`);
  },
  'a restart': async (scene) => {
    const name = `s${String(2 + 6 * Math.floor(chaos.next() * 5)).padStart(2, '0')}`;
    await scene.ok('restart', '-t', '1', name);
  },
  'an up that changes nothing': async (scene) => void (await scene.ok('up', '-d')),
  'a killed container': async (scene) => {
    const victim = chaos.pick(scene.states().filter(({ status }) => status === 'running'));
    if (victim !== undefined) kill(victim.pid);
  },
  'a killed monitor': async (scene) => {
    const victim = chaos.pick(scene.monitors());
    if (victim !== undefined) kill(victim);
  },
  'a killed supervisor': async (scene) => scene.supervisors().forEach(kill),
  'logs, followed for a while': async (scene) => {
    const { child, ended } = scene.launch('logs', '-f', '-n', '100');
    await delay(1000);
    child.kill('SIGINT');
    await ended;
  },
  'an exec': async (scene) => void (await scene.ok('exec', '-T', 's00', 'true')),
};

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH');
  }
}

/** As declared, with a supervisor and nothing to do. */
async function settle(scene: Scenario): Promise<void> {
  await scene.ok('up', '-d');
  await eventually(
    async () => {
      const { nodes } = JSON.parse(await scene.ok('plan', '--format', 'json')) as { nodes: readonly unknown[] };
      assert.deepEqual(nodes, [], 'the planner finds something to do');
      const busy = scene.states().filter(({ status }) => status === 'running' || status === 'restarting');
      assert.equal(busy.length, services, 'running containers');
      assert.equal(scene.monitors().length, services, 'monitors');
    },
    { timeoutMs: 30_000 },
  );
}

/** Every log from its first line on; answers how many lines there are. */
async function checkLogs(scene: Scenario, findings: string[]): Promise<number> {
  let count = 0;
  for (let index = 0; index < services; index += 1) {
    if (index % 6 === 0) continue;
    const name = `s${String(index).padStart(2, '0')}`;
    const { stdout } = await scene.run('logs', '--no-log-prefix', '--index', '1', name);
    const lines = stdout.split('\n').slice(0, -1);
    count += lines.length;
    let expected = 0;
    for (const [at, line] of lines.entries()) {
      // What was killed in the middle of a line has its next run behind it.
      if (line.endsWith('begin')) {
        expected = 1;
        continue;
      }
      if (line === 'lost') {
        unnamed += 1;
        continue;
      }
      if (line !== String(expected)) {
        findings.push(`${name}, line ${at}: ${JSON.stringify(line.slice(0, 80))} where ${expected} belongs`);
        break;
      }
      expected += 1;
    }
  }
  return count;
}

const findings: string[] = [];
const happened = new Map<string, number>();
let requests = 0;
let unanswered = 0;
let unnamed = 0;
await playScenario(`soak, seed ${chaos.seed}`, { compose: stack() }, async (scene) => {
  await settle(scene);
  // Once through everything: what is made on first use is there before it is measured.
  for (const [, happening] of Object.entries(happenings)) await happening(scene);
  await settle(scene);
  const samples = [await sample(scene)];
  const began = performance.now();
  const until = began + Number(values.minutes) * 60_000;
  let isOver = false;
  const load = (async () => {
    while (!isOver) {
      const answers = await Promise.all(ports.map(request));
      requests += answers.length;
      unanswered += answers.filter((isAnswered) => !isAnswered).length;
      await delay(20);
    }
  })();
  try {
    for (let minute = 1; performance.now() < until; ) {
      const [name, happening] = chaos.pick(Object.entries(happenings))!;
      happened.set(name, (happened.get(name) ?? 0) + 1);
      await happening(scene);
      await delay(200 + chaos.next() * 800);
      if (performance.now() < began + minute * 60_000) continue;
      minute += 1;
      await settle(scene);
      samples.push(await sample(scene));
      console.error(`${Math.round((performance.now() - began) / 1000)} s: ${JSON.stringify(samples.at(-1))}`);
    }
  } finally {
    isOver = true;
    await load;
  }
  await settle(scene);
  await eventually(async () => {
    const answers = await Promise.all(ports.map(request));
    assert.ok(answers.every(Boolean), `ports that answer in the end: ${answers}`);
  });
  samples.push(await sample(scene));
  const [first, last] = [samples[0]!, samples.at(-1)!];
  console.log(`first ${JSON.stringify(first)}\nlast  ${JSON.stringify(last)}`);
  for (const key of ['monitors', 'monitorFds', 'processes', 'mounts', 'links', 'rules'] as const) {
    // Containers that are between two runs have no processes, and probes have some.
    const slack = key === 'processes' ? 20 : key === 'monitorFds' ? 4 : 0;
    if (Math.abs(last[key] - first[key]) > slack) findings.push(`${key}: ${first[key]} at first, ${last[key]} at last`);
  }
  if (last.supervisor.fds > first.supervisor.fds + 4)
    findings.push(`the supervisor's descriptors: ${first.supervisor.fds}, then ${last.supervisor.fds}`);
  if (last.supervisor.kilobytes > 80 * 1024) findings.push(`the supervisor has ${last.supervisor.kilobytes} KiB`);
  if (last.monitorKilobytes > 2 * 1024) findings.push(`a monitor has ${last.monitorKilobytes} KiB`);
  console.log(`${await checkLogs(scene, findings)} lines of logs looked at`);
}).catch((error: unknown) => {
  findings.push(error instanceof Error ? error.message : String(error));
});
for (const [name, count] of happened) console.log(`${String(count).padStart(5)} × ${name}`);
console.log(
  `${requests} requests, ${unanswered} unanswered while containers were killed; ${unnamed} names not answered while a supervisor was; seed ${chaos.seed}`,
);
for (const finding of findings) console.log(`FOUND ${finding}`);
if (findings.length === 0) console.log('nothing was found');
process.exitCode = findings.length === 0 ? 0 : 1;
