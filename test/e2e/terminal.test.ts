import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { eventually } from '../support/eventually.ts';
import { type Scenario, scenario } from '../support/scenario.ts';
import { assertScreen, type Mask } from '../support/screens.ts';

/** Figures that differ from run to run; where they stand is what is compared. */
const usage: Mask = [/ {1,5}[\d.]+% +[\d.]+ [KM]iB/g, '   C.C%    M.M MiB'];

const stack = `
x-service: &service
  image: rootfs:/
  init: true
  stop_grace_period: 1s
services:
  db:
    <<: *service
    command: [sh, -c, 'echo ready; sleep 1000']
    volumes: [./flags:/flags]
    healthcheck: {test: [CMD, test, -e, /flags/db], interval: 1h, start_period: 1h, start_interval: 100ms}
  migrate:
    <<: *service
    command: [sh, -c, 'while ! test -e /flags/migrate; do sleep 0.1; done; echo migrated']
    volumes: [./flags:/flags]
  api:
    <<: *service
    command:
      - sh
      - -c
      - |
        printf 'listening on 3000\\n\\033[31mred to the end\\nplain 漢字かな ✅ é\\n\\033[2J\\033[5;5Hmoved \\033]0;title\\007on\\n 50%%\\r100%% done\\n'
        echo "a long line: $$(seq -s ' ' 60)"
        sleep 1000
    depends_on:
      db: {condition: service_healthy}
      migrate: {condition: service_completed_successfully}
    ports: ['127.0.0.1:8091:80', '127.0.0.1:8092:81']
  job:
    <<: *service
    command: [sh, -c, 'while ! test -e /flags/job; do sleep 0.1; done; echo no such table >&2; exit 3']
    volumes: [./flags:/flags]
  idle:
    <<: *service
    command: [sleep, '1000']
    scale: 12
`;

function frameOf(screen: readonly string[]): string[] {
  const rows = screen.slice(
    screen.findIndex((row) => row.startsWith('────')),
    screen.findLastIndex((row) => row !== '') + 1,
  );
  return rows.map((row) => row.replaceAll(...usage));
}

function flag({ composeFile }: Scenario, name: string): void {
  writeFileSync(join(dirname(composeFile), 'flags', name), '');
}

const flood = `
services:
  loud:
    image: rootfs:/
    init: true
    stop_grace_period: 1s
    command: [sh, -c, 'seq 300000; sleep 1000']
    logging: {options: {max-size: 500m}}
`;

const time: Mask = [/[ \d]\d\.\ds$/g, ' T.Ts'];
const files = { 'flags/.keep': '' };

describe('up in a terminal', () => {
  for (const [columns, rows] of [
    [80, 24],
    [200, 50],
  ] as const) {
    const size = `${columns}x${rows}`;
    scenario(`shows logs above and the stack below, at ${size}`, { compose: stack, files }, async (scene) => {
      await using terminal = await scene.openTerminal(['up'], { columns, rows });
      const compare = (name: string, screen: readonly string[]) =>
        assertScreen(`e2e/screens/${name}-${size}.txt`, screen, [[scene.project, 'PROJECT'], usage]);
      await terminal.shows(/api-1 +waits for db \(healthy\), migrate \(completed\)/);
      assert.equal((await terminal.cursor()).isVisible, false);
      await terminal.shows(/db-1 +\| ready/);
      flag(scene, 'job');
      await terminal.shows(/job-1 exited with code 3/);
      flag(scene, 'db');
      await terminal.shows(/api-1 +waits for migrate \(completed\)/);
      flag(scene, 'migrate');
      await terminal.shows(/58 59 60/);
      // Every container that runs has been measured twice.
      const before = await terminal.shows((screen) => {
        const shown = screen.filter((row) => row.startsWith('● '));
        assert.ok(shown.length > 0 && shown.every((row) => row.includes('%')), screen.join('\n'));
      });
      compare('up', before);

      await terminal.press('?');
      compare('up-help', await terminal.shows(/── Keys/));
      await terminal.press('o');
      compare('up-open', await terminal.shows(/1 {2}http:/));
      await terminal.press('2');
      await terminal.shows(/^ {2}http:\/\/127\.0\.0\.1:8092 \(there is no browser here\)$/m);
      await terminal.press('Escape');
      await terminal.shows(/d detach/);

      // Nothing of the frame is left behind or torn, whatever the terminal does to its rows.
      for (const [narrow, low] of [
        [50, 12],
        [23, 40],
        [120, 9],
        [columns, rows],
      ] as const) {
        await terminal.resize(narrow, low);
        await terminal.shows((screen) => {
          const text = screen.join('\n');
          assert.equal(screen.filter((row) => row.startsWith('────')).length, 1, text);
          assert.equal(screen.filter((row) => /^ {2}d detach/.test(row)).length, 1, text);
        });
      }
      assert.deepEqual(frameOf(await terminal.shows(/● api-1/)), frameOf(before));
      const logs = (await terminal.scrollback()).filter((row) => row.includes(' | '));
      assert.equal(logs.length, 9, logs.join('\n'));

      await terminal.press('d');
      assert.equal(await terminal.exitCode(), 0);
      assert.doesNotMatch((await terminal.scrollback()).join('\n'), /───|detach/);
    });
  }

  scenario('shows of a flood what can be read, and how much it leaves out', { compose: flood }, async (scene) => {
    await using terminal = await scene.openTerminal(['up'], { columns: 80, rows: 24 });
    await terminal.shows(/^loud-1 +\| 300000$/m, { timeoutMs: 30_000 });
    const memoryMiB = residentMiB(terminal.pid);
    const rows = await terminal.scrollback();
    const shown = rows.filter((row) => /^loud-1 +\| \d+$/.test(row)).length;
    const skipped = rows.map((row) => /^… ([\d,]+) lines came too fast/.exec(row)?.[1]?.replaceAll(',', ''));
    const left = skipped.reduce((sum, count) => sum + Number(count ?? 0), 0);
    assert.equal(shown + left, 300_000);
    assert.ok(left > 0, 'nothing was left out');
    assert.ok(memoryMiB < 200, `${memoryMiB} MiB resident`);
    await terminal.press('C-c');
    assert.equal(await terminal.exitCode(), 130);
    const logged = await scene.ok('logs', '--no-log-prefix', 'loud');
    assert.equal(logged.trimEnd().split('\n').length, 300_000);
  });
});

const failing = `
services:
  db:
    image: rootfs:/
    init: true
    command: [sh, -c, 'echo starting; echo "FATAL: no such directory: /data" >&2; exit 3']
  web:
    image: rootfs:/
    init: true
    command: [sleep, '1000']
    stop_grace_period: 0s
    depends_on: {db: {condition: service_completed_successfully}}
`;

describe('progress in a terminal', () => {
  for (const [columns, rows] of [
    [80, 24],
    [200, 50],
  ] as const) {
    scenario(`shows each resource with its time, at ${columns}x${rows}`, { compose: stack, files }, async (scene) => {
      const show = async (name: string, ...args: string[]) => {
        await using terminal = await scene.openTerminal(args, { columns, rows });
        assert.equal(await terminal.exitCode({ timeoutMs: 20_000 }), 0);
        // A list that is longer than the screen ends in the scrollback.
        const text = await terminal.scrollback();
        assertScreen(`e2e/screens/${name}-${columns}x${rows}.txt`, text, [[scene.project, 'PROJECT'], time]);
      };
      for (const name of ['job', 'db', 'migrate']) flag(scene, name);
      await show('up-d', 'up', '-d');
      await show('down', 'down', '--volumes');
    });
  }

  scenario(
    'tells what waits from what is at work, whatever becomes of the terminal',
    { compose: stack, files },
    async (scene) => {
      await using terminal = await scene.openTerminal(['up', '-d', 'api'], { columns: 80, rows: 24 });
      const isWhole = (screen: string[]) => {
        const text = screen.join('\n');
        assert.match(text, /^✔ Network /m);
        assert.match(text, /^[^✔○] Container \S+-db-1 +Waiting/m);
        assert.match(text, /^[^✔○] Container \S+-migrate-1 +Waiting/m);
        assert.match(text, /^○ Container \S+-api-1 +Created$/m);
        assert.equal(screen.filter((row) => row !== '').length, 4, text);
      };
      await terminal.shows(isWhole);
      await terminal.resize(80, 8);
      await terminal.shows(isWhole);
      await terminal.resize(30, 24);
      // Drawn anew, and not only broken in two by the terminal.
      await terminal.shows((screen) => assert.equal(screen.filter((row) => row.includes('…')).length, 4));
      await terminal.resize(80, 24);
      await terminal.shows(isWhole);
      // Suspended it leaves the terminal to the shell.
      const { pid } = terminal;
      const state = () => /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
      process.kill(pid, 'SIGTSTP');
      await eventually(() => assert.equal(state(), 'T'));
      assert.equal((await terminal.cursor()).isVisible, true);
      assert.doesNotMatch((await terminal.screen()).join('\n'), /Container/);
      process.kill(pid, 'SIGCONT');
      await terminal.shows(isWhole);
      assert.equal((await terminal.cursor()).isVisible, false);
      // Neither fits: what waits gives way first.
      await terminal.resize(80, 4);
      await terminal.shows(/-db-1 +Waiting.*\n.*-migrate-1 +Waiting.*\n {2}\+ 1 done, 1 waiting\n*$/);
      await terminal.resize(80, 24);
      flag(scene, 'db');
      flag(scene, 'migrate');
      assert.equal(await terminal.exitCode(), 0);
    },
  );

  scenario('shows the last lines of what failed right below the error', { compose: failing }, async (scene) => {
    await using terminal = await scene.openTerminal(['up', '-d'], { columns: 80, rows: 24 });
    assert.equal(await terminal.exitCode(), 1);
    assertScreen('e2e/screens/up-d-failed-80x24.txt', await terminal.screen(), [[scene.project, 'PROJECT'], time]);
    await using again = await scene.openTerminal(['restart'], { columns: 80, rows: 24 });
    assert.equal(await again.exitCode(), 1);
    assertScreen('e2e/screens/restart-failed-80x24.txt', await again.screen(), [[scene.project, 'PROJECT'], time]);
  });
});

function residentMiB(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}
