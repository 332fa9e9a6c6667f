// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of the files
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { eventually } from '../support/eventually.ts';
import { type Finished, scenario } from '../support/scenario.ts';

/** Collects a command's output; `until` settles when it matches. */
function observe(child: ChildProcess): { until(pattern: RegExp): Promise<void>; readonly finished: Promise<Finished> } {
  const output = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (chunk) => {
      output[name] += String(chunk);
      for (const look of waiting) look();
    });
  }
  const finished = new Promise<Finished>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal, ...output });
      for (const look of waiting) look();
    });
  });
  return {
    finished,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (pattern.test(output.stdout + output.stderr)) resolve();
          else if (child.exitCode !== null) reject(new Error(`ended without ${pattern}:\n${output.stderr}`));
          else return;
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
  };
}

/** Lets a container go on that reads a line from this FIFO, once it does. */
async function giveTurn(fifo: string): Promise<void> {
  // Not to be opened before there is a reader: then this fails instead of waiting for ever (fifo(7)).
  const fd = await eventually(() => openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK));
  writeSync(fd, '\n');
  closeSync(fd);
}

interface LoggedEvent {
  readonly action: string;
  readonly attributes: Readonly<Record<string, string>>;
}

const stayer = 'image: rootfs:/\n    init: true\n    command: [sleep, "1000"]';

describe('e2e: commands', () => {
  scenario(
    '--compatibility names new containers with underscores, and leaves those that exist alone',
    { compose: `services:\n  web:\n    ${stayer}\n  own:\n    ${stayer}\n    container_name: tsc-my-own\n` },
    async (scene) => {
      const { project } = scene;
      const names = async () => (await scene.ok('ps', '-a', '--format', '{{.Name}}')).trim().split('\n').sort();
      await scene.ok('--compatibility', 'up', '-d');
      assert.deepEqual(await names(), ['tsc-my-own', `${project}_web_1`].sort());
      await scene.ok('up', '-d', '--scale', 'web=2');
      assert.deepEqual(await names(), ['tsc-my-own', `${project}-web-2`, `${project}_web_1`].sort());
      await scene.ok('--compatibility', 'up', '-d', '--force-recreate', '--scale', 'web=2');
      assert.deepEqual(await names(), ['tsc-my-own', `${project}_web_1`, `${project}_web_2`].sort());
      assert.match(await scene.ok('--compatibility', 'plan', '--scale', 'web=3'), new RegExp(`${project}_web_3`));
      const ran = await scene.run('--compatibility', 'run', 'web', 'echo', 'hello');
      assert.equal(ran.stdout, 'hello\n');
      const [oneOff] = (await names()).filter((name) => name.includes('_run_'));
      assert.match(oneOff ?? '', new RegExp(`^${project}_web_run_[0-9a-f]{12}$`));
      await scene.ok('rm', '-f');
    },
  );

  scenario(
    '--compatibility logs leave the project out of a name with underscores',
    { compose: 'services:\n  web: { image: "rootfs:/", command: [echo, hello] }\n' },
    async (scene) => {
      await scene.ok('--compatibility', 'up', '-d');
      await scene.ok('wait', 'web').catch(() => {});
      const line = (text: string) => text.trim().split('\n').at(-1);
      assert.equal(line(await scene.ok('--compatibility', 'logs')), 'web_1  | hello');
      assert.equal(line(await scene.ok('logs')), `${scene.project}_web_1  | hello`);
    },
  );

  scenario(
    'no more than --parallel operations run at once',
    {
      compose: `services:\n${['a', 'b', 'c', 'd', 'e'].map((name) => `  ${name}:\n    ${stayer}\n`).join('')}`,
      environment: { COMPOSE_PARALLEL_LIMIT: '2' },
    },
    async (scene) => {
      const busiest = async (...args: string[]) => {
        const { code, stderr } = await scene.run('--progress', 'json', ...args);
        assert.equal(code, 0, stderr);
        const running = new Set<string>();
        let most = 0;
        for (const line of stderr.split('\n').filter(Boolean)) {
          const { id, status } = JSON.parse(line) as { id: string; status: string };
          if (status === 'Working') running.add(id);
          else running.delete(id);
          most = Math.max(most, running.size);
        }
        return most;
      };
      assert.ok((await busiest('up', '-d')) <= 2);
      assert.equal(await busiest('--parallel', '1', 'up', '-d', '--force-recreate', '-t', '0'), 1);
      assert.ok((await busiest('down', '-t', '0')) <= 2);
    },
  );

  scenario(
    'events tells what happened as Docker names it, since and until a time',
    {
      compose: `services:
  web:
    image: rootfs:/
    command: [sh, -c, "trap 'exit 3' TERM; while :; do sleep 0.1; done"]
    labels: { my.label: x }
  other:
    ${stayer}
  quick: { image: "rootfs:/", command: ["false"] }
`,
    },
    async (scene) => {
      const happened = async (...args: string[]) => {
        const lines = (await scene.ok('events', '--json', ...args)).split('\n').filter(Boolean);
        return lines.map((line) => JSON.parse(line) as LoggedEvent);
      };
      const actions = (events: readonly LoggedEvent[]) => events.map(({ action }) => action);
      await scene.ok('up', '-d');
      await scene.ok('exec', '-T', 'web', 'true');
      const afterUp = new Date().toISOString();
      for (const command of [['stop'], ['start'], ['pause'], ['unpause'], ['restart', '-t', '5'], ['kill']])
        await scene.ok(...command, 'web');
      await scene.ok('run', '--rm', '-T', 'web', 'true');

      const stopped = ['kill', 'die', 'stop'];
      const expected = [
        ...['create', 'start', 'exec_create: true', 'exec_start: true', 'exec_die', ...stopped, 'start'],
        ...['pause', 'unpause', ...stopped, 'start', 'restart', 'kill', 'die'],
      ];
      // An end reaches the supervisor by another way than the answer to who asked for it.
      const all = await eventually(async () => {
        const events = await happened('--since', '1h', '--until', '0s', 'web');
        assert.deepEqual(actions(events).sort(), expected.sort());
        return events;
      });
      const first = all.find(({ action }) => action === 'create');
      assert.deepEqual(first?.attributes, { 'my.label': 'x', image: 'rootfs:/', name: `${scene.project}-web-1` });
      const die = all.find(({ action }) => action === 'die');
      assert.equal(die?.attributes.exitCode, '3');
      assert.match(die?.attributes.execDuration ?? '', /^\d+$/);
      assert.equal(all.find(({ action }) => action === 'kill')?.attributes.signal, '15');
      const [created, executed, ended] = ['exec_create: true', 'exec_start: true', 'exec_die'].map(
        (wanted) => all.find(({ action }) => action === wanted)?.attributes.execID,
      );
      assert.match(created ?? '', /^[0-9a-f]{64}$/);
      assert.deepEqual([executed, ended], [created, created]);

      const quick = await happened('--since', '1h', '--until', '0s', 'quick');
      assert.deepEqual(actions(quick), ['create', 'start', 'die']);
      assert.equal(quick.at(-1)?.attributes.exitCode, '1');
      assert.deepEqual(actions(await happened('--since', '1h', '--until', afterUp, 'other')), ['create', 'start']);
      assert.deepEqual(await happened('--since', afterUp, '--until', '0s', 'other'), []);
      assert.deepEqual(await happened('--until', '0s'), []);
      // What comes meanwhile follows; the time that was asked for ends it.
      const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
      const watcher = scene.start('events', '--since', '1h', '--until', inAnHour, 'other');
      const watched = observe(watcher);
      await watched.until(/container start/);
      await scene.ok('pause', 'other');
      await watched.until(/container pause/);
      watcher.kill('SIGINT');
      assert.equal((await watched.finished).code, 130);
      await scene.ok('unpause', 'other');
      await scene.ok('events', '--until', new Date(Date.now() + 500).toISOString());
      const text = await scene.ok('events', '--since', '1h', '--until', '0s', 'quick');
      assert.match(
        text,
        /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} container create [0-9a-f]{64} \(image=rootfs:\/, name=/,
      );
      await scene.fails(1, /cannot read --since "soon"/, 'events', '--since', 'soon');
    },
  );

  scenario(
    'an env file is read by tscompose and not by what runs it',
    { compose: 'services:\n  a: { image: "x:${A}" }\n', files: { 'a.env': 'B=1\nA="$B" # c\n' } },
    async (scene) => {
      assert.match(await scene.ok('--env-file', 'a.env', 'config'), /image: x:1$/m);
      await scene.fails(14, /env file nope not found/, '--env-file', 'nope', 'config');
    },
  );

  scenario(
    'an attached up shows every line on its own stream and ends with the last container',
    {
      compose: `
services:
  a:
    image: rootfs:/
    command: ["sh", "-c", "echo from a; echo oops >&2"]
  longer:
    image: rootfs:/
    command: ["sh", "-c", "sleep 0.3; echo from longer; exit 3"]
`,
    },
    async (scene) => {
      const { code, stdout, stderr } = await scene.run('up');
      assert.equal(code, 0);
      assert.match(stdout, /^Attaching to a-1, longer-1\n/);
      assert.match(stdout, /^a-1 {7}\| from a$/m);
      assert.match(stdout, /^longer-1 {2}\| from longer$/m);
      assert.match(stderr, /^a-1 {7}\| oops$/m);
      assert.ok(stdout.indexOf('from longer') < stdout.indexOf('longer-1 exited with code 3'));
    },
  );

  scenario(
    '--exit-code-from stops the rest when the service ends, and exits with its code',
    {
      // Only what runs needs to be stopped: web does when the test begins.
      compose: `services:\n  web:\n    ${stayer}\n  test:\n    image: rootfs:/\n    command: ["sh", "-c", "exit 7"]\n    depends_on: [web]\n`,
    },
    async (scene) => {
      const { code, stderr } = await scene.run('up', '--exit-code-from', 'test');
      assert.equal(code, 7);
      assert.match(stderr, /Container \S+-web-1 {2}Stopped/);
      assert.equal(await scene.ok('ps', '-q'), '');
    },
  );

  scenario(
    'Ctrl-C stops an attached stack, shows its last words, and exits with 130',
    {
      compose: `
services:
  web:
    image: rootfs:/
    command: ["bash", "-c", "trap 'echo last words; exit 0' TERM; echo up; while :; do sleep 0.1; done"]
`,
    },
    async (scene) => {
      const child = scene.start('up');
      const output = observe(child);
      await output.until(/web-1 {2}\| up/);
      child.kill('SIGINT');
      const { code, stdout, stderr } = await output.finished;
      assert.equal(code, 130);
      assert.match(stdout, /web-1 {2}\| last words\nweb-1 exited with code 0/);
      assert.match(stderr, /Gracefully stopping/);
      assert.match(await scene.ok('ps', '-a'), /Exited \(0\)/);
    },
  );

  scenario(
    'logs come in order of time across containers, and from a container that is started again',
    {
      compose: `
services:
  a:
    image: rootfs:/
    command: ["sh", "-c", "echo a1; read turn </turns/a2; echo a2"]
    volumes: ["./turns:/turns"]
  b:
    image: rootfs:/
    command: ["sh", "-c", "read turn </turns/b1; echo b1; read turn </turns/b2; echo b2; exec sleep 1000"]
    init: true
    volumes: ["./turns:/turns"]
`,
      files: { 'turns/.keep': '' },
    },
    async (scene) => {
      const turns = join(dirname(scene.composeFile), 'turns');
      // One for each line: two readers, one after the other, might take a turn for the next one's end.
      execFileSync('mkfifo', [join(turns, 'b1'), join(turns, 'a2'), join(turns, 'b2')]);
      const up = scene.start('up', '--no-log-prefix');
      const attached = observe(up);
      await attached.until(/a1/);
      await giveTurn(join(turns, 'b1'));
      await attached.until(/b1/);
      await giveTurn(join(turns, 'a2'));
      await attached.until(/a2/);
      await giveTurn(join(turns, 'b2'));
      await attached.until(/b2/);
      const lines = (await scene.ok('logs', '--no-log-prefix')).trim().split('\n');
      assert.deepEqual(lines, ['a1', 'b1', 'a2', 'b2']);
      assert.equal(await scene.ok('logs', '--no-log-prefix', '--tail', '1', 'a'), 'a2\n');
      const follower = scene.start('logs', '-f', '--no-log-prefix', '--tail', '1');
      const followed = observe(follower);
      await followed.until(/a2\nb2\n/);
      await scene.ok('restart', '-t', '0', 'b');
      await giveTurn(join(turns, 'b1'));
      await followed.until(/a2\nb2\nb1\n/);
      await giveTurn(join(turns, 'b2'));
      await followed.until(/a2\nb2\nb1\nb2\n/);
      follower.kill('SIGINT');
      assert.equal((await followed.finished).code, 130);
      up.kill('SIGINT');
      assert.equal((await attached.finished).code, 130);
    },
  );

  scenario(
    "run gives back the process's streams and exit code, and --rm leaves no container",
    { compose: `services:\n  job:\n    image: rootfs:/\n    environment: { A: "1", B: "2" }\n    command: ["true"]\n` },
    async (scene) => {
      const { code, stdout, stderr } = await scene.run(
        ...['run', '--rm', '-T', '-e', 'B=3', 'job', 'sh', '-c', 'echo "$A $B"; echo oops >&2; exit 9'],
      );
      assert.deepEqual([code, stdout], [9, '1 3\n']);
      assert.match(stderr, /^oops$/m);
      assert.equal((await scene.run('run', '--rm', '-T', 'job', 'no-such-command')).code, 127);
      assert.equal((await scene.run('run', '--rm', '-T', 'job')).code, 0);
    },
  );

  scenario(
    'what cannot be done is said in one line, with the exit code of Docker Compose',
    {
      compose: `services:\n  web:\n    ${stayer}\n`,
      files: { 'bad.yaml': 'services:\n  web:\n    imagge: x\n' },
    },
    async (scene) => {
      await scene.fails(16, /^unknown flag: --bogus\n/, 'up', '--bogus');
      await scene.fails(16, /^unknown command: upp\n/, 'upp');
      await scene.fails(
        1,
        /^--force-recreate and --no-recreate are incompatible\n/,
        'up',
        '--force-recreate',
        '--no-recreate',
      );
      await scene.fails(1, /^no such service: nope\n/, 'stop', 'nope');
      await scene.fails(1, /^service "web" is not running\n/, 'exec', '-T', 'web', 'true');
      await scene.fails(14, /not found/, '-f', 'missing.yaml', 'up', '-d');
      await scene.fails(15, /bad\.yaml:3:5: .*imagge/, '-f', 'bad.yaml', 'config');
    },
  );
});
