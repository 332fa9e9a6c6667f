/** Updates without downtime: whoever asks all the time notices nothing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { require } from '../support/requirements.ts';
import { type Scenario, scenario } from '../support/scenario.ts';

const server = `
import { createServer } from 'node:http';
const { VERSION, SICK } = process.env;
const server = createServer((request, response) => {
  response.statusCode = SICK && request.url === '/health' ? 500 : 200;
  response.setHeader('connection', 'close');
  response.end(VERSION);
});
process.on('SIGTERM', () => process.exit(0));
setTimeout(() => server.listen(8000), 200);
`;

/** Asks by name until /stop/now is there; prints how many answers of each kind it got. */
const asker = `
import { existsSync } from 'node:fs';
import { get } from 'node:http';
const seen = {};
const ask = () => new Promise((resolve) => {
  const request = get({ host: process.argv[2], port: 8000, agent: false }, (response) => {
    response.setEncoding('utf8').on('data', resolve).on('error', (error) => resolve(error.message));
  });
  request.on('error', (error) => resolve(error.message));
});
while (!existsSync('/stop/now')) {
  const answer = await ask();
  seen[answer] = (seen[answer] ?? 0) + 1;
  await new Promise((resolve) => setTimeout(resolve, 5));
}
console.log(JSON.stringify(seen));
`;

const files = { 'server.mjs': server, 'asker.mjs': asker, 'health.mjs': '', 'stop/.keep': '' };

const health = "fetch('http://127.0.0.1:8000/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))";

const program = `${process.execPath}:/node:ro`;

const client = {
  image: 'rootfs:/',
  init: true,
  command: ['sleep', 'inf'],
  volumes: [program, './asker.mjs:/asker.mjs:ro', './stop:/stop'],
};

interface Wish {
  readonly port: number;
  readonly version: string;
  readonly replicas: number;
  readonly update?: object;
  readonly sick?: boolean;
  readonly healthcheck?: false;
}

function compose({ port, version, replicas, update, sick, healthcheck }: Wish): string {
  const web = {
    image: 'rootfs:/',
    command: ['/node', '/server.mjs'],
    environment: { VERSION: version, ...(sick ? { SICK: '1' } : {}) },
    volumes: [program, './server.mjs:/server.mjs:ro'],
    ports: [`${port}:8000`],
    ...(healthcheck === false
      ? {}
      : {
          healthcheck: {
            test: ['CMD', '/node', '--input-type=module', '-e', health],
            interval: '1s',
            start_interval: '100ms',
            start_period: '1s',
            retries: 1,
          },
        }),
    deploy: { replicas, ...(update === undefined ? {} : { update_config: update }) },
  };
  return JSON.stringify({ services: { web, client } });
}

const write = (scene: Scenario, wish: Wish) => writeFileSync(scene.composeFile, compose(wish));

async function freePort(): Promise<number> {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  holder.close();
  await once(holder, 'close');
  return port;
}

function ask(port: number): Promise<string> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, agent: false }, (response) => {
      response
        .setEncoding('utf8')
        .on('data', resolve)
        .on('error', (error) => resolve(error.message));
    }).on('error', (error) => resolve(error.message));
  });
}

/** Asks all the time while `action` runs, through the published port and by name; answers what was answered. */
async function whileAsked(scene: Scenario, port: number, action: () => Promise<unknown>): Promise<string[][]> {
  const stop = join(dirname(scene.composeFile), 'stop/now');
  const byName = scene.run('exec', '-T', 'client', '/node', '/asker.mjs', 'web');
  const seen = new Set<string>();
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      seen.add(await ask(port));
      // Both processors are needed for what is tested, too.
      await delay(5);
    }
  })();
  try {
    await action();
  } finally {
    isOver = true;
    await asking;
    writeFileSync(stop, '');
  }
  const { stdout } = await byName;
  await scene.ok('exec', '-T', 'client', 'rm', '/stop/now');
  return [[...seen].sort(), Object.keys(JSON.parse(stdout) as object).sort()];
}

describe('e2e: updates', () => {
  scenario('no request fails during up with a changed environment', { files, timeoutMs: 120_000 }, async (scene) => {
    const port = await freePort();
    const startFirst = { order: 'start-first' };
    const stopFirst = { order: 'stop-first', delay: '100ms' };
    write(scene, { port, version: '1', replicas: 1 });
    await scene.ok('up', '-d', '--wait');
    const steps: readonly (readonly [string, Omit<Wish, 'port'>])[] = [
      ['one replica, as it is without update_config', { version: '2', replicas: 1 }],
      ['more replicas at one port', { version: '2', replicas: 2, update: startFirst }],
      ['two replicas, new ones first', { version: '3', replicas: 2, update: startFirst }],
      ['two replicas, old ones first', { version: '4', replicas: 2, update: stopFirst }],
      ['fewer replicas', { version: '4', replicas: 1, update: stopFirst }],
      ['without a health check', { version: '5', replicas: 1, update: startFirst, healthcheck: false }],
    ];
    let version = '1';
    for (const [what, wish] of steps) {
      write(scene, { port, ...wish });
      const seen = await whileAsked(scene, port, () => scene.ok('up', '-d'));
      const versions = [...new Set([version, wish.version])];
      for (const answers of seen) {
        assert.deepEqual(
          answers.filter((answer) => !versions.includes(answer)),
          [],
          what,
        );
      }
      version = wish.version;
      assert.equal(await ask(port), version, what);
      const names = (await scene.ok('ps', '--format', '{{.Name}}')).trim().split('\n');
      assert.equal(names.length, wish.replicas + 1, what);
      assert.ok(
        names.every((name) => name.startsWith(`${scene.project}-`)),
        `${what}: ${names}`,
      );
      assert.match(await scene.ok('plan'), /Nothing to do/, what);
    }
  });

  scenario('no request fails during up with a changed image', { files, timeoutMs: 90_000 }, async (scene, context) => {
    require(context, existsSync('/bin/busybox'), 'busybox-static');
    const port = await freePort();
    const directory = join(dirname(scene.composeFile), 'web');
    mkdirSync(directory);
    copyFileSync('/bin/busybox', join(directory, 'busybox'));
    writeFileSync(
      join(directory, 'Dockerfile'),
      `FROM scratch
       COPY busybox /bin/
       COPY version /www/index.html
       HEALTHCHECK --interval=1s --start-interval=100ms --start-period=5s CMD ["/bin/busybox", "wget", "-qO/dev/null", "http://127.0.0.1:8000/"]
       CMD ["/bin/busybox", "httpd", "-f", "-p", "8000", "-h", "/www"]`,
    );
    const image = (tag: string, version: string) => {
      writeFileSync(join(directory, 'version'), version);
      const web = { image: `127.0.0.1:9/web:${tag}`, build: './web', init: true, ports: [`${port}:8000`] };
      writeFileSync(scene.composeFile, JSON.stringify({ services: { web, client } }));
    };
    image('1', 'first');
    await scene.ok('up', '-d', '--wait');
    const steps = [
      ['built again', '1', 'first', 'second', '--build'],
      ['of another name', '2', 'second', 'third'],
      ['of a name that was there before', '1', 'third', 'second'],
    ] as const;
    for (const [what, tag, before, after, ...flags] of steps) {
      image(tag, after);
      const seen = await whileAsked(scene, port, () => scene.ok('up', '-d', ...flags));
      assert.deepEqual(
        seen.flat().filter((answer) => answer !== before && answer !== after),
        [],
        what,
      );
      assert.equal(await ask(port), after, what);
      assert.match(await scene.ok('plan'), /Nothing to do/, what);
    }
  });

  scenario('a failed update is rolled back, or stops where it is', { files, timeoutMs: 90_000 }, async (scene) => {
    const port = await freePort();
    const update = { order: 'start-first' };
    const good: Wish = { port, version: '1', replicas: 2, update };
    write(scene, good);
    await scene.ok('up', '-d', '--wait');

    const rollback = { order: 'stop-first', failure_action: 'rollback' };
    write(scene, { ...good, version: '2', sick: true, update: rollback });
    const seen = await whileAsked(scene, port, () =>
      scene.fails(1, /service web: update failed and was rolled back: .*web-1 is unhealthy/, 'up', '-d'),
    );
    assert.deepEqual(seen, [['1'], ['1']]);
    assert.equal((await scene.ok('ps', '-q', '-a')).trim().split('\n').length, 3);
    write(scene, good);
    assert.match(await scene.ok('plan'), /Nothing to do/);

    write(scene, { ...good, version: '2', sick: true });
    await scene.fails(1, /the replacement of container \S+-web-1 is unhealthy/, 'up', '-d');
    assert.equal((await scene.ok('ps', '-q')).trim().split('\n').length, 4);
    assert.equal(await ask(port), '1');

    write(scene, { ...good, version: '3' });
    const answers = await whileAsked(scene, port, () => scene.ok('up', '-d'));
    assert.deepEqual(answers, [
      ['1', '3'],
      ['1', '3'],
    ]);
  });

  scenario('an update that is killed is finished by the next up', { files, timeoutMs: 60_000 }, async (scene) => {
    const port = await freePort();
    const good: Wish = { port, version: '1', replicas: 1 };
    write(scene, good);
    await scene.ok('up', '-d', '--wait');
    write(scene, { ...good, version: '2' });
    for (const moment of ['Waiting', 'Draining']) {
      const child = scene.start('--progress', 'plain', 'up', '-d');
      let said = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      await eventually(() => assert.match(said, new RegExp(moment)), { timeoutMs: 20_000 });
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    assert.match(await scene.ok('plan'), /to (remove|replace)/);
    const seen = await whileAsked(scene, port, () => scene.ok('up', '-d'));
    assert.deepEqual(
      seen.flat().filter((answer) => answer !== '2'),
      [],
    );
    assert.equal((await scene.ok('ps', '-a', '-q')).trim().split('\n').length, 2);
    assert.match(await scene.ok('ps', '--format', '{{.Name}}'), new RegExp(`^${scene.project}-web-1$`, 'm'));
    assert.match(await scene.ok('plan'), /Nothing to do/);
  });
});
