import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { eventually } from '../support/eventually.ts';
import { require } from '../support/requirements.ts';
import { checkout, pinnedNodeIsThere, type Scenario, scenario } from '../support/scenario.ts';

interface Watching {
  readonly child: ChildProcess;
  /** Everything that was said so far. */
  said(): string;
}

/** Starts a command that watches, and waits until it does. */
async function watching(scene: Scenario, ...args: string[]): Promise<Watching> {
  const child = scene.start(...args);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  child.once('close', () => scene.note(`$ tscompose ${args.join(' ')}\n${text}`));
  await says({ child, said: () => text }, /Watch enabled/);
  return { child, said: () => text };
}

async function says({ said }: Watching, pattern: RegExp): Promise<void> {
  await eventually(() => assert.match(said(), pattern), { timeoutMs: 20_000 });
}

/** Ends it as a person would; what it brought up stays. */
async function leave({ child }: Watching): Promise<void> {
  const ended = new Promise((settle) => child.once('exit', settle));
  child.kill('SIGINT');
  assert.equal(await ended, 130);
}

/** Where the root of each running container is seen from here, by its name's number. */
async function roots(scene: Scenario, service: string): Promise<string[]> {
  const rows = JSON.parse(`[${(await scene.ok('ps', '--format', 'json', service)).trim().split('\n').join(',')}]`) as {
    readonly ID: string;
  }[];
  return rows.map(({ ID }) => {
    const state = scene.states().find(({ id }) => id.startsWith(ID));
    return `/proc/${state?.pid}/root`;
  });
}

const textOf = (path: string) => readFileSync(path, 'utf8');
const service = `
    image: rootfs:/
    command: [sleep, "1000"]
    init: true
    stop_grace_period: 0s`;

describe('e2e: watch', () => {
  scenario(
    'brings saved, renamed and removed files into all replicas, with modes, for the user of the container',
    {
      compose: `services:\n  web:${service}
    user: "12:34"
    scale: 2
    develop:
      watch:
        - { path: src, target: /srv/app, action: sync, ignore: ["*.log", "deps/"], initial_sync: true }
        - { path: conf, target: /srv/conf, action: sync+restart }
        - { path: only, target: /srv/only, action: sync, include: ["*.js"] }
        - path: hook
          target: /srv/hook
          action: sync+exec
          exec:
            command: [sh, -c, "echo hooked $$(cat hook) $$A by $$(id -u) with $$(grep CapEff /proc/self/status)"]
            user: root
            working_dir: /srv
            environment: { A: b }
            privileged: true
        - { path: touched, action: restart }
  other: { image: "rootfs:/", scale: 0 }
`,
      files: { 'src/first': 'first', 'src/deps/a': 'a', 'conf/a': 'a', touched: '' },
    },
    async (scene) => {
      const directory = dirname(scene.composeFile);
      const source = (path: string) => join(directory, path);
      const watch = await watching(scene, 'watch');
      const [one = '', two = ''] = await roots(scene, 'web');
      const both = (check: (root: string) => void) =>
        eventually(() => {
          for (const root of [one, two]) check(root);
        });
      // Compared at the beginning; only what the rule means.
      await both((root) => assert.equal(textOf(`${root}/srv/app/first`), 'first'));
      assert.equal(existsSync(`${one}/srv/app/deps`), false);
      assert.equal(existsSync(`${one}/srv/conf`), false);

      writeFileSync(source('src/run'), '#!/bin/sh\n');
      chmodSync(source('src/run'), 0o750);
      mkdirSync(source('src/a/b'), { recursive: true });
      writeFileSync(source('src/a/b/c'), 'c');
      writeFileSync(source('src/a.log'), 'log');
      mkdirSync(source('only'));
      writeFileSync(source('only/a.css'), '');
      writeFileSync(source('only/a.js'), 'a');
      symlinkSync('a/b/c', source('src/link'));
      await both((root) => {
        const { uid, gid, mode } = lstatSync(`${root}/srv/app/run`);
        assert.deepEqual([uid, gid, mode & 0o777], [12, 34, 0o750]);
        assert.equal(textOf(`${root}/srv/app/a/b/c`), 'c');
        assert.equal(readlinkSync(`${root}/srv/app/link`), 'a/b/c');
        assert.equal(existsSync(`${root}/srv/app/a.log`), false);
        assert.equal(textOf(`${root}/srv/only/a.js`), 'a');
        assert.equal(existsSync(`${root}/srv/only/a.css`), false);
      });
      renameSync(source('src/a'), source('src/z'));
      rmSync(source('src/run'));
      await both((root) => {
        assert.equal(textOf(`${root}/srv/app/z/b/c`), 'c');
        assert.equal(existsSync(`${root}/srv/app/a`), false);
        assert.equal(existsSync(`${root}/srv/app/run`), false);
      });
      rmSync(source('src/z'), { recursive: true });
      writeFileSync(source('src/z'), 'a file now');
      await both((root) => assert.equal(textOf(`${root}/srv/app/z`), 'a file now'));

      writeFileSync(source('hook'), 'once');
      await says(watch, /web-1 -> hooked once b by 0 with CapEff:\s+[0-9a-f]+\n/);
      const [, capabilities = ''] = /CapEff:\s+([0-9a-f]+)/.exec(watch.said()) ?? [];
      assert.notEqual(BigInt(`0x${capabilities}`) & (1n << 21n), 0n, 'CAP_SYS_ADMIN');
      const before = scene.states().map(({ pid }) => pid);
      writeFileSync(source('conf/a'), 'b');
      await says(watch, /service\(s\) \["web"\] restarted/);
      const [again = ''] = await roots(scene, 'web');
      assert.equal(textOf(`${again}/srv/conf/a`), 'b');
      writeFileSync(source('touched'), 'x');
      await eventually(() => assert.equal(watch.said().match(/restarted/g)?.length, 2), { timeoutMs: 20_000 });
      assert.equal(
        scene.states().some(({ pid }) => before.includes(pid)),
        false,
      );

      // A replica that comes later has what was changed before.
      await scene.ok('up', '-d', '--scale', 'web=3');
      const third = (await roots(scene, 'web')).at(-1) ?? '';
      await eventually(() => assert.equal(textOf(`${third}/srv/app/z`), 'a file now'));
      await eventually(() => assert.equal(textOf(`${third}/srv/conf/a`), 'b'));
      const lock = join(scene.stateDirectory, `run/watch-${scene.project}.lock`);
      await scene.fails(1, /cannot take exclusive lock for project/, 'watch', '--no-up');
      assert.equal(existsSync(lock), true);
      await leave(watch);
      assert.equal(existsSync(lock), false);
      await scene.fails(1, /none of the selected services is configured for watch/, 'watch', '--no-up', 'other');
    },
  );

  scenario(
    'rebuilds what it has a rule for; a failed build is told, what runs goes on, and the next save tries again',
    {
      compose: `services:\n  web:
    build: .
    command: [sleep, "1000"]
    init: true
    stop_grace_period: 0s
    develop:
      watch: [{ path: made, action: rebuild }]
`,
      files: {
        Dockerfile:
          'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\nCOPY made /made\nRUN test "$(cat /made)" != bad\n',
        made: 'one',
      },
    },
    async (scene, context) => {
      require(context, existsSync('/bin/busybox'), 'busybox-static');
      const made = join(dirname(scene.composeFile), 'made');
      copyFileSync('/bin/busybox', join(dirname(scene.composeFile), 'busybox'));
      const watch = await watching(scene, 'watch');
      const [root = ''] = await roots(scene, 'web');
      assert.equal(textOf(`${root}/made`), 'one');
      writeFileSync(made, 'bad');
      await says(watch, /cannot rebuild service\(s\) \["web"\], what runs goes on/);
      assert.equal(textOf(`${root}/made`), 'one');
      writeFileSync(made, 'two');
      await says(watch, /service\(s\) \["web"\] successfully built/);
      const [fresh = ''] = await roots(scene, 'web');
      assert.equal(textOf(`${fresh}/made`), 'two');
      assert.equal(existsSync(`${root}/made`), false);
      await leave(watch);
    },
  );

  scenario(
    'two hundred saves in editors’ ways and five thousand files at once arrive, each once',
    {
      compose: `services:\n  web:${service}\n    develop:\n      watch: [{ path: src, target: /srv/app, action: sync }]\n`,
      files: Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`src/d${n % 25}/f${n}.js`, `${n}\n`])),
      timeoutMs: 120_000,
    },
    async (scene) => {
      const directory = join(dirname(scene.composeFile), 'src');
      const watch = await watching(scene, 'watch');
      const [root = ''] = await roots(scene, 'web');
      const target = (path: string) => `${root}/srv/app/${path}`;
      const count = () =>
        [...watch.said().matchAll(/after (\d+) changes were detected/g)].reduce((sum, [, n]) => sum + Number(n), 0);
      for (let edit = 0; edit < 200; edit += 5) {
        const group = Array.from({ length: 5 }, (_, n) => {
          const number = (edit * 37 + n * 100) % 500;
          return { path: `d${number % 25}/f${number}.js`, text: `edit ${edit + n}\n` };
        });
        for (const [n, { path, text }] of group.entries()) save[n % save.length]?.(join(directory, path), text);
        await eventually(() => {
          for (const { path, text } of group) assert.equal(textOf(target(path)), text);
        });
      }
      await eventually(() => assert.equal(count(), 200));

      mkdirSync(join(directory, 'many'));
      for (let n = 0; n < 5000; n++) {
        if (n % 100 === 0) mkdirSync(join(directory, `many/${n / 100}`));
        writeFileSync(join(directory, `many/${Math.floor(n / 100)}/f${n}`), `${n}`);
      }
      await eventually(
        () => {
          for (let n = 0; n < 5000; n++) assert.equal(textOf(target(`many/${Math.floor(n / 100)}/f${n}`)), `${n}`);
        },
        { timeoutMs: 30_000 },
      );
      // With the directories; none twice.
      await eventually(() => assert.equal(count(), 200 + 5000 + 51));
      rmSync(join(directory, 'many'), { recursive: true });
      await eventually(() => assert.equal(existsSync(target('many')), false), { timeoutMs: 30_000 });
      await leave(watch);
    },
  );

  scenario(
    'up --watch applies what changes of the project itself, and keeps what runs while it cannot be read',
    {
      compose: `services:\n  web:${service}
    env_file: [web.env]
    environment: { GREETING: "$\{GREETING}" }
    configs: [conf]
    secrets: [key]
configs: { conf: { file: conf.txt } }
secrets: { key: { file: key.txt } }
`,
      files: { 'web.env': 'A=1\n', '.env': 'GREETING=one\n', 'conf.txt': 'one', 'key.txt': 'one' },
    },
    async (scene) => {
      const watch = await watching(scene, 'up', '--watch');
      const file = (name: string) => join(dirname(scene.composeFile), name);
      const inside = async (...command: string[]) => await scene.ok('exec', '-T', 'web', ...command);
      const has = (pattern: RegExp, ...command: string[]) =>
        eventually(async () => assert.match(await inside(...command), pattern), { timeoutMs: 20_000 });
      const before = scene.states().map(({ id }) => id);
      const text = textOf(scene.composeFile);
      writeFileSync(scene.composeFile, text.replace('env_file', 'env_files'));
      await says(watch, /cannot reload the project, what runs goes on:\n.*compose\.yaml:7:5: /);
      assert.deepEqual(
        scene.states().map(({ id }) => id),
        before,
      );
      writeFileSync(scene.composeFile, text.replace('GREETING: ', 'B: "2", GREETING: '));
      await says(watch, /Plan:\n(.*\n)*.*environment\.B: \(none\) → .*\n(.*\n)*.*project reloaded/);
      await has(/^B=2$/m, 'env');
      writeFileSync(file('web.env'), 'A=3\n');
      await has(/^A=3$/m, 'env');
      // Half of a save, and a mistake.
      writeFileSync(file('.env'), 'GREETING="two\n');
      await says(watch, /after changes of \.env were detected[\s\S]*what runs goes on:\n.*\.env:1:1: /);
      writeFileSync(file('.env'), 'GREETING=two\n');
      await has(/^GREETING=two$/m, 'env');
      writeFileSync(file('conf.txt'), 'two');
      await has(/^two$/, 'cat', '/conf');
      writeFileSync(file('key.txt'), 'two');
      await has(/^two$/, 'cat', '/run/secrets/key');
      await says(watch, /after changes of key\.txt were detected[\s\S]*Plan:\n/);
      await leave(watch);
    },
  );

  scenario(
    'up --watch builds anew what a Dockerfile says, and goes on with what runs where that has a mistake',
    {
      compose: `services:\n  web:
    build: .
    command: [sleep, "1000"]
    init: true
    stop_grace_period: 0s
`,
      files: {
        Dockerfile:
          'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\nRUN echo one >/made\n',
      },
    },
    async (scene, context) => {
      require(context, existsSync('/bin/busybox'), 'busybox-static');
      const dockerfile = join(dirname(scene.composeFile), 'Dockerfile');
      copyFileSync('/bin/busybox', join(dirname(scene.composeFile), 'busybox'));
      const watch = await watching(scene, 'up', '--watch');
      const [root = ''] = await roots(scene, 'web');
      const text = textOf(dockerfile);
      writeFileSync(dockerfile, text.replace('RUN echo', 'RAN echo'));
      await says(watch, /cannot reload the project, what runs goes on:\n.*Dockerfile:4:1: /);
      writeFileSync(dockerfile, text.replace('echo one', 'echo two; exit 7; echo'));
      await eventually(() => assert.equal(watch.said().match(/what runs goes on:\n/g)?.length, 2), {
        timeoutMs: 20_000,
      });
      assert.equal(textOf(`${root}/made`), 'one\n');
      writeFileSync(dockerfile, text.replace('echo one', 'echo two'));
      await says(watch, /project reloaded/);
      const [fresh = ''] = await roots(scene, 'web');
      assert.equal(textOf(`${fresh}/made`), 'two\n');
      await leave(watch);
    },
  );
});

describe('e2e: examples/watch', () => {
  const example = join(checkout, 'examples/watch');
  scenario(
    'shows a page that was saved, and restarts a server that was',
    {
      compose: textOf(join(example, 'compose.yaml')),
      files: {
        'site/server.mjs': textOf(join(example, 'site/server.mjs')),
        'site/pages/index.html': textOf(join(example, 'site/pages/index.html')),
      },
      environment: { NODE_DIR: join(checkout, '.cache/node') },
    },
    async (scene, context) => {
      require(context, pinnedNodeIsThere(), 'the pinned Node; scripts/setup installs it');
      const port = await freePort();
      scene.setEnvironment({ WATCH_PORT: String(port) });
      const site = (path: string) => join(dirname(scene.composeFile), 'site', path);
      const shows = (text: string) =>
        eventually(
          async () => assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), `<h1>The ${text}</h1>\n`),
          { timeoutMs: 20_000 },
        );
      const watch = await watching(scene, 'up', '--watch');
      await shows('first page');
      writeFileSync(site('pages/index.html'), '<h1>The {{greeting}} site</h1>\n');
      await shows('first site');
      writeFileSync(site('server.mjs'), textOf(site('server.mjs')).replace("'first'", "'second'"));
      await shows('second site');
      await leave(watch);
    },
  );
});

/** A host port that nobody holds at this moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** How editors save, each a file that is there. */
const save: readonly ((path: string, text: string) => void)[] = [
  (path, text) => writeFileSync(path, text),
  // vi, with a backup by renaming
  (path, text) => {
    renameSync(path, `${path}~`);
    writeFileSync(path, text);
    rmSync(`${path}~`);
  },
  // JetBrains
  (path, text) => {
    writeFileSync(`${path}___jb_tmp___`, text);
    renameSync(path, `${path}___jb_old___`);
    renameSync(`${path}___jb_tmp___`, path);
    rmSync(`${path}___jb_old___`);
  },
  // A temporary file of any name that takes the place of the other
  (path, text) => {
    writeFileSync(`${path}.tmp.4711`, text);
    renameSync(`${path}.tmp.4711`, path);
  },
  // Removed and written anew
  (path, text) => {
    rmSync(path);
    writeFileSync(path, text);
  },
];
