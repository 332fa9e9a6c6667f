import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { scenario } from '../support/scenario.ts';

const sleeper = 'image: rootfs:/\n    init: true\n    command: [sleep, "1000"]';

describe('e2e: life cycle', () => {
  scenario(
    'a service starts, shows, answers exec and logs, and goes without a trace',
    {
      compose: `
services:
  web:
    image: rootfs:/
    init: true
    environment: { GREETING: hello }
    command: ["sh", "-c", "echo $$GREETING; echo oops >&2; exec sleep 1000"]
`,
    },
    async (scene) => {
      await scene.ok('up', '-d');
      assert.match(await scene.ok('ps'), /-web-1 .*Up /);
      const [json] = (await scene.ok('ps', '--format', 'json')).trim().split('\n');
      assert.equal(JSON.parse(json ?? '').State, 'running');
      await eventually(async () => {
        const logs = await scene.ok('logs', '--no-color');
        assert.match(logs, /web-1 +\| hello/);
        assert.match(logs, /web-1 +\| oops/);
      });
      assert.equal(await scene.ok('exec', '-T', 'web', 'sh', '-c', 'echo $GREETING'), 'hello\n');
      assert.equal((await scene.run('exec', '-T', 'web', 'sh', '-c', 'exit 42')).code, 42);
      assert.equal((await scene.run('exec', '-T', 'web', 'no-such-command')).code, 127);
    },
  );

  scenario(
    'a second up plans nothing and touches nothing',
    { compose: `services:\n  web:\n    ${sleeper}\n  job:\n    image: rootfs:/\n    command: ["true"]\n` },
    async (scene) => {
      await scene.ok('up', '-d', '--wait');
      const before = scene.states();
      const { stderr } = await scene.run('up', '-d');
      assert.doesNotMatch(stderr, /Creat|Start(ing|ed)|Recreat/);
      const plan = JSON.parse(await scene.ok('plan', '--format', 'json'));
      assert.deepEqual(plan.nodes ?? plan.operations ?? plan, []);
      assert.deepEqual(scene.states(), before);
    },
  );

  scenario(
    'dependents start when what they need is healthy or has completed, and not before',
    {
      compose: `
services:
  job:
    image: rootfs:/
    command: ["sh", "-c", "sleep 0.3; echo done > /data/job"]
    volumes: [data:/data]
  db:
    image: rootfs:/
    init: true
    command: ["sh", "-c", "sleep 0.5; echo up > /data/db; exec sleep 1000"]
    volumes: [data:/data]
    healthcheck: { test: ["CMD", "test", "-e", "/data/db"], interval: 1s, start_period: 10s, start_interval: 100ms }
  app:
    image: rootfs:/
    init: true
    command: ["sh", "-c", "cat /data/job /data/db && exec sleep 1000"]
    volumes: [data:/data]
    depends_on:
      job: { condition: service_completed_successfully }
      db: { condition: service_healthy }
volumes:
  data:
`,
    },
    async (scene) => {
      await scene.ok('up', '-d');
      await eventually(async () => assert.match(await scene.ok('logs', '--no-color', 'app'), /done\n.*up/));
      assert.match(await scene.ok('ps', 'db'), /\(healthy\)/);
    },
  );

  scenario(
    'a failing dependency is named with its exit code, and its dependent does not start',
    {
      compose: `
services:
  job: { image: "rootfs:/", command: ["sh", "-c", "echo broken schema; exit 3"] }
  app:
    ${sleeper}
    depends_on: { job: { condition: service_completed_successfully } }
`,
    },
    async (scene) => {
      await scene.fails(1, /didn't complete successfully: exit 3[\s\S]*broken schema/, 'up', '-d');
      assert.doesNotMatch(await scene.ok('ps', '-a'), /-app-1 .*Up/);
    },
  );

  scenario(
    'services scale up and down, keeping the lowest numbers',
    { compose: `services:\n  web:\n    ${sleeper}\n` },
    async (scene) => {
      await scene.ok('up', '-d', '--scale', 'web=3');
      assert.equal((await scene.ok('ps', '-q')).trim().split('\n').length, 3);
      await scene.ok('scale', 'web=1');
      const names = await scene.ok('ps', '--format', 'json');
      assert.match(names, /-web-1"/);
      assert.equal(names.trim().split('\n').length, 1);
    },
  );

  scenario(
    'a changed environment replaces the container, says why, and keeps its named volume',
    {
      compose: `
services:
  web:
    image: rootfs:/
    init: true
    environment: { PORT: "\${PORT:-80}" }
    command: ["sh", "-c", "echo $$PORT >> /data/ports; exec sleep 1000"]
    volumes: [data:/data]
volumes: { data: }
`,
      files: { 'next.env': 'PORT=8080\n' },
    },
    async (scene) => {
      await scene.ok('up', '-d');
      const env = ['--env-file', `${scene.directory}/p/next.env`];
      assert.match(await scene.ok(...env, 'plan'), /environment\.PORT.*80.*8080/);
      await scene.ok(...env, 'up', '-d');
      await eventually(async () =>
        assert.equal(await scene.ok('exec', '-T', 'web', 'cat', '/data/ports'), '80\n8080\n'),
      );
    },
  );

  scenario(
    'a container that ignores SIGTERM is killed after its grace period',
    {
      compose: `
services:
  stubborn:
    image: rootfs:/
    command: ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"]
    stop_grace_period: 1s
`,
    },
    async (scene) => {
      await scene.ok('up', '-d');
      await eventually(async () => assert.match(await scene.ok('logs'), /ready/));
      const began = performance.now();
      await scene.ok('stop');
      assert.ok(performance.now() - began >= 1000, 'the grace period was cut short');
      assert.match(await scene.ok('ps', '-a'), /Exited \(137\)/);
    },
  );

  scenario(
    'a command that does not exist gives 127, one that is no program 126, and nothing is left half made',
    {
      compose: `
services:
  missing: { image: "rootfs:/", command: ["/no/such/program"] }
  text: { image: "rootfs:/", command: ["/etc/hostname"] }
`,
    },
    async (scene) => {
      await scene.fails(127, /no such file|not found/i, 'run', '--rm', 'missing');
      await scene.fails(126, /permission denied|not executable/i, 'run', '--rm', 'text');
      const { code, stderr } = await scene.run('up', '-d', 'missing');
      assert.equal(code, 127, stderr);
      assert.match(stderr, /\/no\/such\/program/);
      assert.doesNotMatch(stderr, /\n\s+at /, 'a stack trace reached the user');
    },
  );

  scenario(
    'run hands on input, output and the exit code, and leaves no container',
    { compose: `services:\n  web:\n    ${sleeper}\n` },
    async (scene) => {
      const { code, stdout } = await scene.run('run', '--rm', '-T', 'web', 'sh', '-c', 'echo out; exit 7');
      assert.equal(stdout, 'out\n');
      assert.equal(code, 7);
      await eventually(async () => assert.equal((await scene.ok('ps', '-a', '-q')).trim(), ''));
    },
  );

  scenario(
    'a container that restarts by policy keeps its address and its log',
    {
      compose: `
services:
  flaky:
    image: rootfs:/
    restart: on-failure:3
    command: ["sh", "-c", "hostname -i; exit 1"]
`,
    },
    async (scene) => {
      await scene.ok('up', '-d');
      await eventually(async () => {
        const lines = (await scene.ok('logs', '--no-log-prefix')).trim().split('\n');
        assert.equal(lines.length, 4);
        assert.equal(new Set(lines).size, 1, `the address changed: ${lines}`);
      });
      await eventually(async () => assert.match(await scene.ok('ps', '-a'), /Exited \(1\)/));
    },
  );

  scenario(
    'memory over the limit ends the container and is shown as an OOM kill',
    {
      compose: `
services:
  hungry:
    image: rootfs:/
    mem_limit: 32m
    memswap_limit: 32m
    command: ["perl", "-e", "my $$x = 'a' x (256 * 1024 * 1024); sleep 1000"]
`,
    },
    async (scene) => {
      await scene.ok('up', '-d');
      await eventually(async () => assert.match(await scene.ok('ps', '-a'), /Exited \(137\).*out of memory/));
    },
  );
});
