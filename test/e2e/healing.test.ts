import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, globSync, mkdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { eventually } from '../support/eventually.ts';
import { findOwn } from '../support/own.ts';
import { isAlive } from '../support/process.ts';
import { requireKernel } from '../support/requirements.ts';
import { checkout, scenario, tscompose } from '../support/scenario.ts';

const stack = `
services:
  web:
    image: rootfs:/
    init: true
    command: ["sh", "-c", "i=0; while :; do i=$$((i+1)); echo line $$i; sleep 0.05; done"]
    ports: ["127.0.0.1:0:80"]
  shell: { image: "rootfs:/", init: true, command: [sleep, "1000"] }
`;

describe('e2e: healing', () => {
  scenario('a container killed from outside runs again within a second', { compose: stack }, async (scene) => {
    await scene.ok('up', '-d');
    const [victim] = scene.running();
    assert.ok(victim);
    process.kill(victim.pid, 'SIGKILL');
    await eventually(
      () => {
        const now = scene.states().find(({ id }) => id === victim.id);
        assert.ok(now?.status === 'running' && now.pid !== victim.pid && isAlive(now.pid));
      },
      { timeoutMs: 3000 },
    );
  });

  scenario(
    'a monitor killed while its container waits for its next start: that comes, and is counted on',
    { compose: 'services:\n  fails: { image: "rootfs:/", command: ["false"], restart: always }\n' },
    async (scene) => {
      await scene.ok('up', '-d');
      const waiting = await eventually(() => {
        const [state] = scene.states();
        assert.ok(state?.status === 'restarting' && state.restartCount >= 2);
        return state;
      });
      process.kill(waiting.monitorPid, 'SIGKILL');
      await eventually(() => {
        const [state] = scene.states();
        assert.ok(state !== undefined && state.monitorPid !== waiting.monitorPid);
        assert.ok(state.restartCount > waiting.restartCount, `${state.restartCount} after ${waiting.restartCount}`);
      });
      assert.match(await scene.ok('ps', '-a'), /Restarting \(1\)|Up /);
    },
  );

  scenario(
    'the supervisor killed: containers go on, another takes over, no name goes unanswered',
    { compose: stack },
    async (scene) => {
      await scene.ok('up', '-d');
      const before = scene.running().map(({ pid }) => pid);
      // What the supervisor had in hand is asked again, as resolvers do; on a slow machine its successor takes longer than twice 5 s.
      const ask = 'RES_OPTIONS="timeout:5 attempts:5" getent hosts web > /dev/null && echo yes || echo no';
      const asking = scene.launch('exec', '-T', 'shell', 'sh', '-c', `until [ -e /tmp/enough ]; do ${ask}; done`);
      assert.ok(asking.child.stdout);
      await once(asking.child.stdout, 'data');
      const [supervisor] = scene.supervisors();
      assert.ok(supervisor);
      process.kill(supervisor, 'SIGKILL');
      await eventually(() => {
        const [now] = scene.supervisors();
        assert.ok(now !== undefined && now !== supervisor);
      });
      assert.match(await scene.ok('exec', '-T', 'shell', 'getent', 'hosts', 'web'), /web/);
      await scene.ok('exec', '-T', 'shell', 'touch', '/tmp/enough');
      const { stdout } = await asking.ended;
      assert.deepEqual([...new Set(stdout.trim().split('\n'))], ['yes']);
      assert.deepEqual(
        scene.running().map(({ pid }) => pid),
        before,
      );
    },
  );

  scenario(
    'a monitor killed: the container goes on under another one and no line of its log is lost',
    { compose: stack },
    async (scene) => {
      await scene.ok('up', '-d', 'web');
      const [before] = scene.running();
      assert.ok(before);
      process.kill(before.monitorPid, 'SIGKILL');
      await eventually(() => {
        const [now] = scene.running();
        assert.ok(now && now.monitorPid !== before.monitorPid && isAlive(now.monitorPid));
      });
      assert.equal(scene.running()[0]?.pid, before.pid);
      const count = async () => (await scene.ok('logs', '--no-log-prefix', 'web')).trim().split('\n');
      const first = (await count()).length;
      await eventually(async () => assert.ok((await count()).length > first + 5));
      const lines = await count();
      assert.deepEqual(
        lines,
        lines.map((_, index) => `line ${index + 1}`),
      );
    },
  );

  scenario('a link, the bridge and the rules removed by hand come back', { compose: stack }, async (scene) => {
    await scene.ok('up', '-d');
    const reaches = () =>
      scene.ok('exec', '-T', 'shell', 'perl', '-MSocket', '-e', 'exit !defined inet_aton("web")').then(() => true);
    const links = () =>
      JSON.parse(execFileSync('ip', ['-j', 'link'], { encoding: 'utf8' })) as { readonly ifname: string }[];
    for (const remove of [
      () => execFileSync('ip', ['link', 'del', findOwn(scene).veth]),
      () => execFileSync('ip', ['link', 'del', findOwn(scene).bridge]),
      () => execFileSync('nft', ['delete', 'table', 'inet', findOwn(scene).table]),
    ]) {
      const own = findOwn(scene);
      remove();
      await eventually(() => {
        const names = new Set(links().map(({ ifname }) => ifname));
        assert.ok(names.has(own.veth) && names.has(own.bridge));
        execFileSync('nft', ['list', 'table', 'inet', own.table]);
      });
      await eventually(async () => assert.ok(await reaches()));
    }
  });

  scenario(
    'the clock jumps a day ahead and a week back: logs, health, restarts and repairs go on',
    {
      compose: `
services:
  web:
    image: rootfs:/
    init: true
    command: ["sh", "-c", "i=0; while :; do i=$$((i+1)); echo line $$i; sleep 0.05; done"]
    healthcheck: { test: ["CMD", "true"], interval: 200ms }
  fails: { image: "rootfs:/", command: ["sh", "-c", "sleep 0.2; false"], restart: always }
`,
    },
    async (scene, context) => {
      requireKernel(context, process.env.TSCOMPOSE_TEST_PREPARED === '1', 'a clock of its own');
      await scene.ok('up', '-d');
      const began = { wall: Date.now(), monotonic: performance.now() };
      const jumpTo = (ms: number) => execFileSync('date', ['-s', `@${Math.round(ms / 1000)}`], { stdio: 'ignore' });
      const facts = () => ({
        restarts: scene.states().reduce((sum, { restartCount }) => sum + restartCount, 0),
        probed: scene.states().flatMap(({ health }) => health?.log.at(-1)?.start ?? [])[0],
        logged: globSync(join(scene.stateDirectory, 'lib/containers/*/container.log')).reduce(
          (sum, path) => sum + statSync(path).size,
          0,
        ),
      });
      try {
        for (const days of [1, -7]) {
          jumpTo(began.wall + days * 86_400_000);
          const [supervisor] = scene.supervisors();
          assert.ok(supervisor);
          process.kill(supervisor, 'SIGKILL');
          const before = facts();
          await eventually(() => {
            const now = facts();
            assert.ok(now.logged > before.logged && now.restarts > before.restarts && now.probed !== before.probed);
            assert.ok(scene.supervisors().some((pid) => pid !== supervisor));
          });
        }
        const seen = (await scene.ok('logs', '--no-log-prefix', 'web')).trim().split('\n');
        assert.ok(seen.length > 20);
        assert.deepEqual(
          seen,
          seen.map((_, index) => `line ${index + 1}`),
        );
        assert.match(await scene.ok('ps'), /-web-1 .*\(healthy\)/);
      } finally {
        jumpTo(began.wall + performance.now() - began.monotonic);
      }
    },
  );

  const commands = {
    'the command': [tscompose],
    'a command without its launcher': [process.execPath, join(checkout, 'dist/cli.js')],
  };
  for (const [title, command] of Object.entries(commands)) {
    scenario(
      `${title} is called from a cgroup that goes: nothing of it stays inside`,
      { compose: stack },
      async (scene) => {
        const caller = makeCgroup(`tscompose-caller-${scene.project}`);
        try {
          const enter = 'for file; do [ "$file" = -- ] && break; shift; echo 0 > "$file"; done';
          const words = ['-c', `${enter}; shift; exec "$@"`, 'sh', ...caller.map((path) => join(path, 'cgroup.procs'))];
          const { status, stderr } = spawnSync(
            'sh',
            [...words, '--', ...command, '-f', scene.composeFile, 'up', '-d'],
            {
              encoding: 'utf8',
              env: { ...process.env, TSCOMPOSE_STATE_DIR: scene.stateDirectory, COMPOSE_PROJECT_NAME: scene.project },
            },
          );
          assert.equal(status, 0, stderr);
          assert.equal(scene.supervisors().length, 1);
          assert.equal(scene.monitors().length, 2);
          for (const path of caller) assert.equal(readFileSync(join(path, 'cgroup.procs'), 'utf8'), '', path);
        } finally {
          for (const path of caller) rmdirSync(path);
        }
      },
    );
  }
});

/** In every hierarchy; its directories. */
function makeCgroup(name: string): string[] {
  const roots = globSync(['/sys/fs/cgroup/cgroup.procs', '/sys/fs/cgroup/*/cgroup.procs'])
    .map((path) => dirname(path))
    .filter((path, _index, all) => !all.includes(dirname(path)));
  return roots.map((root) => {
    const path = join(root, name);
    mkdirSync(path);
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      // A process cannot enter a cpuset of v1 without any.
      if (existsSync(join(path, 'tasks')) && existsSync(join(path, file)))
        copyFileSync(join(root, file), join(path, file));
    }
    return path;
  });
}
