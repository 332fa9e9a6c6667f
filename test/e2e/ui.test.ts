import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Scenario, scenario, tscompose } from '../support/scenario.ts';
import { assertScreen, type Mask } from '../support/screens.ts';
import { Terminal } from '../support/terminal.ts';

const escapeCode = '\x1b\\[';
const healthy = '{ test: [CMD, echo, all is fine], interval: 1h, start_period: 1h, start_interval: 300ms }';
const compose = `
services:
  db:
    image: rootfs:/
    command: [sh, -c, 'echo "level=info msg=ready"; echo "WARN slow query: a line that is too long for any terminal, because it says the same again: select a, b, c, d, e, f, g, h, i, j, k from orders where tea = 1 and milk = 0"; exec sleep 1000']
    stop_grace_period: 0s
    healthcheck: ${healthy}
    develop: { watch: [{ action: sync, path: ./src, target: /mnt/src }] }
  web:
    image: rootfs:/
    command: [sh, -c, 'echo "GET /tea 200"; echo "ERROR cannot reach payment"; printf "注文を受けました 🍵 \\033[32mok\\033[0m\\n"; exec sleep 1000']
    stop_grace_period: 0s
    init: true
    depends_on: { db: { condition: service_healthy } }
    ports: ["18473:80"]
    environment: { PORT: "80", DB_PASSWORD: hunter2 }
    volumes: [data:/data, ./compose.yaml:/mnt/compose.yaml:ro]
    networks: { default: { ipv4_address: 10.213.71.20 } }
    healthcheck: ${healthy}
  job:
    image: rootfs:/
    command: [sh, -c, 'echo "cannot begin"; exit 3']
    depends_on: { web: { condition: service_healthy } }
volumes: { data: {} }
networks: { default: { ipam: { config: [{ subnet: 10.213.71.0/24 }] } } }
`;

function environmentOf(scene: Scenario, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { TMUX: _tmux, NO_COLOR: _noColor, DISPLAY: _display, ...ambient } = process.env;
  return {
    ...ambient,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    PATH: `${dirname(tscompose)}:${process.env.PATH}`,
    TSCOMPOSE_STATE_DIR: scene.stateDirectory,
    COMPOSE_PROJECT_NAME: scene.project,
    COMPOSE_FILE: scene.composeFile,
    ...more,
  };
}

/** Then it waits: of a program that has ended tmux may not learn how. */
const viewThenCode: [string, ...string[]] = ['sh', '-c', `${tscompose} ui; echo "code $?"; exec sleep 1000`];

async function open(
  scene: Scenario,
  options: { columns?: number; rows?: number; command?: [string, ...string[]]; environment?: NodeJS.ProcessEnv } = {},
): Promise<Terminal> {
  const { command = viewThenCode, columns = 80, rows = 24, environment } = options;
  return await Terminal.open({
    command,
    columns,
    rows,
    directory: dirname(scene.composeFile),
    environment: environmentOf(scene, environment),
  });
}

/** A shell with job control, of which the view is a job. */
async function openShell(scene: Scenario, environment: NodeJS.ProcessEnv = {}): Promise<Terminal> {
  const terminal = await open(scene, {
    command: ['bash', '--norc', '-i'],
    environment: { PS1: '$ ', HISTFILE: '', ...environment },
  });
  await terminal.shows(/^\$$/m);
  await terminal.type('echo earlier; tscompose ui; echo "code $?"');
  await terminal.press('Enter');
  await terminal.shows(/● web-1/);
  return terminal;
}

/** The whole list is there, with figures of everything that runs, and the logs. */
async function settled(terminal: Terminal): Promise<void> {
  await terminal.shows((screen) => {
    const text = screen.join('\n');
    for (const name of ['db-1', 'web-1']) assert.match(text, new RegExp(`● ${name} .*%`));
    assert.match(text, /cannot begin/);
  });
}

const masks: readonly Mask[] = [
  [/ +\d+% cpu {2}[\d.]+ .*$/g, '  CPU  MEMORY'],
  [/[ ▁-█]{8}[ \d.]{5}%/g, '  ▁▁▁▁▁▁  0.0%'],
  [/[ ▁-█]{8}[ \d.]{5} [ KMG]i?B/g, '  ▁▁▁▁▁▁    0 KiB'],
  [/tsc-[0-9a-f]{6}/g, 'tsc-000000'],
  [/\/tmp\/tsc-\w{6}/g, '/tmp/tsc-XXXXXX'],
  [/\b[0-9a-f]{12}\b/g, '0123456789ab'],
  [/\b\d\d:\d\d:\d\d\b/g, 'HH:MM:SS'],
  [/\d+ ms$/g, 'N ms'],
];
/** Process ids, and the columns that are as wide as they are. */
const processMasks: readonly Mask[] = [...masks, [/\d+/g, 'N'], [/ +/g, ' ']];

const views = ['logs', 'health', 'environment', 'mounts', 'networks', 'processes', 'events', 'plan'] as const;
/** What each must show before it is looked at. */
const marksOf: Readonly<Record<(typeof views)[number], RegExp>> = {
  logs: /GET \/tea 200/,
  health: /all is fine/,
  environment: /DB_PASSWORD/,
  mounts: /compose\.yaml/,
  networks: /10\.213\.71\.20/,
  processes: /sleep 1000/,
  events: /web-1 +create$/m,
  plan: /Plan: 1 to change/,
};

describe('e2e: ui', () => {
  scenario('each view looks as it did, at 80×24 and 200×50', { compose }, async (scene) => {
    await scene.run('up', '-d');
    for (const [columns, rows] of [
      [80, 24],
      [200, 50],
    ] as const) {
      await using terminal = await open(scene, { columns, rows });
      await settled(terminal);
      const keep = async (name: string, used: readonly Mask[] = masks) =>
        assertScreen(`e2e/ui/${columns}x${rows}/${name}.txt`, await terminal.screen(), used);
      await keep('all');
      await terminal.press('?');
      await terminal.shows(/Help: click a line/);
      await keep('help');
      await terminal.press('Escape');
      await terminal.type(':res');
      await terminal.shows(/: res/);
      await keep('palette');
      await terminal.press('Escape');
      await terminal.type('Gw');
      await terminal.shows(/wrapped/);
      await keep('wrapped');
      await terminal.type('wjjj');
      await terminal.shows(/▸ ● web-1|all.*web-1$/m);
      for (const [index, view] of views.entries()) {
        await terminal.press(String(index + 1));
        await terminal.shows(marksOf[view]);
        await keep(view, view === 'processes' ? processMasks : masks);
      }
      assert.ok((await terminal.screen({ colors: true })).some((line) => line.includes('\x1b[32m')));
      await terminal.press('q');
      await terminal.shows(/^code 0$/m);
    }
    await using terminal = await open(scene, { environment: { NO_COLOR: '1' } });
    await settled(terminal);
    const colored = (await terminal.screen({ colors: true })).join('\n');
    assert.match(colored, new RegExp(`${escapeCode}(?:\\d+;)*7m`));
    assert.doesNotMatch(colored, new RegExp(`${escapeCode}[\\d;]*\\b(?:[34][0-8]|9\\d)m`));
  });

  scenario('the terminal is as before, whatever ends or stops the view', { compose }, async (scene) => {
    await scene.run('up', '-d', 'web');
    {
      await using terminal = await openShell(scene);
      await terminal.press('C-z');
      await terminal.shows(/^earlier[\s\S]*Stopped/m);
      assert.ok((await terminal.cursor()).isVisible);
      await terminal.type('fg; echo "code $?"');
      await terminal.press('Enter');
      await terminal.shows(/● web-1/);
      await terminal.resize(100, 30);
      await terminal.shows((screen) => assert.match(screen.at(-1) ?? '', /q quit/));
      await terminal.press('C-c');
      await terminal.shows(/^earlier[\s\S]*code 0/m);
      assert.ok((await terminal.cursor()).isVisible);
      await terminal.type('tscompose ui; echo "code $?"');
      await terminal.press('Enter');
      await terminal.shows(/● web-1/);
      const [child = ''] = readFileSync(`/proc/${terminal.pid}/task/${terminal.pid}/children`, 'utf8').split(' ');
      process.kill(Number(child), 'SIGTERM');
      await terminal.shows(/code 130/);
      await terminal.type('stty -a | grep -o " echo "');
      await terminal.press('Enter');
      await terminal.shows(/^ echo/m);
    }
    const crash = "data:text/javascript,setTimeout(()=>{throw new Error('boom')},2000).unref()";
    await using terminal = await openShell(scene, { NODE_OPTIONS: `--import="${crash}"` });
    await terminal.shows(/^earlier[\s\S]*Error: boom[\s\S]*code [1-9]/m);
    assert.ok((await terminal.cursor()).isVisible);
  });

  scenario(
    'services are stopped, started, scaled, watched and entered by key, palette and mouse',
    { compose, files: { 'src/a.txt': 'one\n' } },
    async (scene) => {
      await scene.run('up', '-d', 'web');
      await using terminal = await open(scene, { rows: 30 });
      await terminal.shows(/● web-1/);
      const rowOf = async (text: RegExp) => (await terminal.screen()).findIndex((line) => text.test(line));
      await terminal.click(8, (await rowOf(/● web-1/)) + 1);
      await terminal.shows(/▸ ● web-1/);
      await terminal.press('x');
      await terminal.shows(/stop web: done/);
      await terminal.shows(/▸ ✖ web-1 +exited/);
      await terminal.type(':start');
      await terminal.press('Enter');
      await terminal.shows(/start web: done/);
      await terminal.shows(/▸ ● web-1 +healthy/);
      const footer = (await terminal.screen()).at(-1) ?? '';
      await terminal.press('Escape');
      const hints = await terminal.shows((screen) => assert.match(screen.at(-1) ?? '', /r restart/));
      assert.notEqual(footer, hints.at(-1));
      await terminal.click((hints.at(-1) ?? '').indexOf('restart') + 1, 30);
      await terminal.shows(/restart web: done/);
      await terminal.press('Up', 'Up', 'S', '2');
      await terminal.shows(/db has 1, make it: 2/);
      await terminal.press('Enter');
      await terminal.shows(/scale db=2: done/);
      await terminal.shows(/● db-2/);
      await terminal.press('W');
      await terminal.shows(/watching {2}[\s\S]*Watch enabled/);
      writeFileSync(join(dirname(scene.composeFile), 'src/a.txt'), 'two\n');
      await terminal.shows(/Syncing service "db" after/);
      await terminal.press('W');
      await terminal.shows((screen) => assert.doesNotMatch(screen[0] ?? '', /watching/));
      await terminal.press('e');
      await terminal.shows(/A shell in .*; exit brings you back/);
      await terminal.type('echo "in $((40 + 2))"');
      await terminal.press('Enter');
      await terminal.shows(/^in 42/m);
      await terminal.type('exit');
      await terminal.press('Enter');
      await terminal.shows(/back from the shell/);
      assert.equal(await scene.ok('exec', '-T', '--index', '1', 'db', 'cat', '/mnt/src/a.txt'), 'two\n');
      await terminal.press('8');
      await terminal.shows(/Plan: /);
      writeFileSync(scene.composeFile, readFileSync(scene.composeFile, 'utf8').replace('PORT: "80"', 'PORT: "81"'));
      await terminal.shows(/environment\.PORT/);
    },
  );

  scenario(
    'what was printed long ago is read from the files: scrolled to, searched and filtered',
    {
      compose: `
services:
  many:
    image: rootfs:/
    command: [sh, -c, 'seq -f "line %.0f of many" 1 60000; echo ERROR the end; exec sleep 1000']
    stop_grace_period: 0s
  few:
    image: rootfs:/
    command: [sh, -c, 'echo few begins; exec sleep 1000']
    stop_grace_period: 0s
`,
    },
    async (scene) => {
      await scene.run('up', '-d');
      await using terminal = await open(scene);
      await terminal.shows(/ERROR the end[\s\S]*more in the files/);
      await terminal.press('g');
      await terminal.shows(/│ line 1 of many[\s\S]*paused at/);
      await terminal.press('Down', 'Down');
      await terminal.type('G/line 777 ');
      await terminal.press('Enter');
      await terminal.shows(/^line 776 of many\nline 777 of many\nline 778 of many$/m);
      await terminal.type('n');
      await terminal.shows(/no later match of "line 777 "/);
      await terminal.type('G');
      await terminal.shows(/^ERROR the end$/m);
      for (let page = 0; page < 80; page++) await terminal.press('PPage');
      await terminal.shows(/^line (58\d\d\d) of many\nline 58\d\d\d of many$/m);
      await terminal.type(']');
      await terminal.shows(/^ERROR the end$/m);
      await terminal.type('Gf^line 4242');
      await terminal.press('Enter');
      await terminal.shows(/no line matches the filter; PgUp looks in the log files/);
      await terminal.press('PPage');
      await terminal.shows(/^line 4242 of many\nline 42420 of many$/m);
      await terminal.press('Escape', 'Escape');
      await terminal.shows(/^line 42419 of many\nline 42420 of many$/m);
    },
  );

  scenario('a supervisor that is killed is told of, and its follower is used', { compose }, async (scene) => {
    await scene.run('up', '-d', 'db');
    await using terminal = await open(scene);
    await terminal.shows(/● db-1/);
    await terminal.press('7');
    await terminal.shows(/db-1 +create$/m);
    const [supervisor = 0] = scene.supervisors();
    process.kill(supervisor, 'SIGKILL');
    await terminal.shows(/the supervisor was gone; there is another one now/);
    await terminal.press('Down', 'r');
    await terminal.shows(/restart db: done/);
    await terminal.shows(/kill|stop|die/);
  });

  scenario('without a terminal it says so, without a project it helps', { compose }, async (scene) => {
    await scene.fails(1, /^ui needs a terminal: ps, logs and stats do without\n$/, 'ui');
    {
      const script = `TERM=dumb ${tscompose} ui; echo "code $?"; exec sleep 100`;
      await using terminal = await open(scene, { command: ['sh', '-c', script] });
      await terminal.shows(/^ui needs a terminal that can move its cursor: ps, logs and stats do without\ncode 1$/m);
    }
    {
      await using terminal = await open(scene);
      await terminal.shows(/○ db +not created/);
      assertScreen('e2e/ui/80x24/not-created.txt', await terminal.screen(), masks);
      await terminal.press('q');
      await terminal.shows(/^code 0$/m);
    }
    const empty = mkdtempSync('/tmp/tsc-');
    try {
      await using terminal = await Terminal.open({
        command: viewThenCode,
        directory: empty,
        environment: { ...environmentOf(scene), COMPOSE_FILE: '', COMPOSE_PROJECT_NAME: '' },
      });
      await terminal.shows(/no project/);
      await terminal.shows(/q quit/);
      assertScreen('e2e/ui/80x24/no-project.txt', await terminal.screen(), masks);
      await terminal.press('q');
      await terminal.shows(/^code 0$/m);
    } finally {
      rmSync(empty, { recursive: true, force: true });
    }
  });
});
