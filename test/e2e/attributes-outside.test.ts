/** What docs/compatibility.md calls honoured, seen from outside of the container: see attributes.test.ts. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openDatabase } from '../../src/state/database.ts';
import { resolvePaths } from '../../src/state/paths.ts';
import { eventually } from '../support/eventually.ts';
import { type Scenario, scenario } from '../support/scenario.ts';

const inside = async (scene: Scenario, service: string, script: string) =>
  (await scene.ok('exec', '-T', service, 'sh', '-c', script)).trim();

const records = (scene: Scenario) =>
  openDatabase(resolvePaths({ stateDir: scene.stateDirectory, uid: 0, environment: {} }), 'read');

/** The monitors' orders and the bundles, by service. */
function written<T>(scene: Scenario, service: string, file: 'config.json' | 'monitor.json'): T {
  using database = records(scene);
  const record = database.containers(scene.project).find((each) => each.service === service);
  return JSON.parse(readFileSync(join(scene.stateDirectory, 'lib/containers', record?.id ?? '', file), 'utf8')) as T;
}

const stays = 'image: "rootfs:/", init: true, command: [sleep, "1000"]';
/** The same below a service. */
const staying = 'image: rootfs:/\n    init: true\n    command: [sleep, "1000"]';

describe('e2e: attributes from outside', () => {
  scenario(
    'of a container itself: its name, labels, annotations',
    {
      compose: `
services:
  a:
    ${staying}
    container_name: $COMPOSE_PROJECT_NAME-own
    labels: { own: one }
    label_file: labels.env
    annotations: { org.example.note: two }
`,
      files: { 'labels.env': 'from=file\nown=hidden\n' },
    },
    async (scene) => {
      await scene.ok('up', '-d');
      const { Name, Labels } = JSON.parse(await scene.ok('ps', '--format', 'json')) as Record<string, string>;
      assert.equal(Name, `${scene.project}-own`);
      assert.match(`${Labels},`, /(^|,)own=one,/);
      assert.match(`${Labels},`, /(^|,)from=file,/);
      const { annotations } = written<{ annotations: Record<string, string> }>(scene, 'a', 'config.json');
      assert.equal(annotations['org.example.note'], 'two');
    },
  );

  scenario(
    'of several services: shared namespaces and volumes, links and aliases',
    {
      compose: `
services:
  a:
    image: rootfs:/
    init: true
    command: ["sh", "-c", "mkdir -p /data/sub && echo deep > /data/sub/file; echo ready > /data/ready; exec sleep 1000"]
    volumes: ["data:/data", "./given:/given"]
    healthcheck: { test: test -e /data/ready, interval: 100ms }
    networks: { default: { aliases: [other-name] } }
  b:
    ${staying}
    depends_on: { a: { condition: service_healthy } }
    network_mode: service:a
    pid: service:a
    ipc: service:a
    uts: service:a
    volumes_from: ["a:ro"]
  c:
    ${staying}
    depends_on: { a: { condition: service_healthy } }
    links: ["a:linked"]
    external_links: ["$COMPOSE_PROJECT_NAME-a-1:outside"]
    volumes: [{ type: volume, source: data, target: /part, volume: { subpath: sub } }]
volumes: { data: }
`,
      files: { 'given/x': 'y\n' },
    },
    async (scene) => {
      await scene.ok('up', '-d');
      for (const type of ['net', 'pid', 'ipc', 'uts']) {
        const own = await inside(scene, 'a', `readlink /proc/self/ns/${type}`);
        assert.equal(await inside(scene, 'b', `readlink /proc/self/ns/${type}`), own);
        assert.notEqual(await inside(scene, 'c', `readlink /proc/self/ns/${type}`), own);
      }
      assert.equal(await inside(scene, 'b', 'cat /data/sub/file /given/x; touch /data/new || echo no'), 'deep\ny\nno');
      assert.equal(await inside(scene, 'c', 'cat /part/file'), 'deep');
      const address = await inside(scene, 'a', 'hostname -I | tr -d " "');
      for (const name of ['a', 'linked', 'outside', 'other-name']) {
        assert.match(await inside(scene, 'c', `getent ahostsv4 ${name}`), new RegExp(`^${address} `), name);
      }
      assert.equal((await scene.run('exec', '-T', 'a', 'getent', 'hosts', 'linked')).code, 2);
    },
  );

  scenario(
    'of networks and volumes: their names and labels, and those of another project',
    {
      compose: `
services:
  a: { ${stays}, profiles: [owner], networks: [own], volumes: ["own:/own"] }
  b: { ${stays}, profiles: [guest], networks: [theirs], volumes: ["theirs:/own"] }
networks:
  own: { name: $COMPOSE_PROJECT_NAME-net, driver: bridge, labels: { k: v } }
  theirs: { external: true, name: $OWNER-net }
volumes:
  own: { name: $COMPOSE_PROJECT_NAME-vol, labels: [k=v] }
  theirs: { external: { name: $OWNER-vol } }
`,
    },
    async (scene) => {
      writeFileSync(join(dirname(scene.composeFile), '.env'), `OWNER=${scene.project}\n`);
      await scene.ok('--profile', 'owner', 'up', '-d');
      {
        using database = records(scene);
        assert.equal(database.networkByName(`${scene.project}-net`)?.labels.k, 'v');
        assert.equal(database.volumeByName(`${scene.project}-vol`)?.labels.k, 'v');
      }
      await inside(scene, 'a', 'echo theirs > /own/file');
      const guest = ['--profile', 'guest', '-p', `${scene.project}-guest`];
      await scene.ok(...guest, 'up', '-d');
      const seen = await scene.ok(...guest, 'exec', '-T', 'b', 'sh', '-c', 'cat /own/file; getent hosts a | wc -l');
      assert.equal(seen, 'theirs\n1\n');
      await scene.ok(...guest, 'down', '-v');
      assert.equal(await inside(scene, 'a', 'cat /own/file'), 'theirs');
    },
  );

  scenario(
    'of ports: address, range, protocol and target',
    {
      compose: `
services:
  echo:
    image: rootfs:/
    init: true
    command:
      - perl
      - -MIO::Socket::INET
      - -e
      - $$s = IO::Socket::INET->new(LocalPort => 7, Proto => "udp") or die; while ($$s->recv(my $$m, 99)) { $$s->send("echo $$m") }
    ports:
      - { target: 7, published: "41700-41719", protocol: udp, host_ip: 127.0.0.1 }
`,
    },
    async (scene) => {
      await scene.ok('up', '-d');
      const published = (await scene.ok('port', '--protocol', 'udp', 'echo', '7')).trim();
      assert.match(published, /^127\.0\.0\.1:417[01]\d$/);
      const answered = Promise.withResolvers<string>();
      const socket = createSocket('udp4', (message) => answered.resolve(String(message)));
      try {
        // Until the server listens, what comes to its port is refused.
        const asking = setInterval(() => socket.send('me', Number(published.split(':')[1]), '127.0.0.1'), 50);
        assert.equal(await answered.promise.finally(() => clearInterval(asking)), 'echo me');
      } finally {
        socket.close();
      }
    },
  );

  scenario(
    'of the life of a container: signals, restarts, health',
    {
      compose: `
services:
  stops:
    image: rootfs:/
    command: ["sh", "-c", "trap 'echo told; exit 0' USR1; echo ready; while :; do sleep 0.05; done"]
    stop_signal: SIGUSR1
    stop_grace_period: 1m
  tries:
    image: rootfs:/
    command: ["sh", "-c", "exit 3"]
    deploy: { restart_policy: { condition: on-failure, delay: 20ms, max_attempts: 2, window: 5s } }
  fails:
    ${staying}
    healthcheck: { test: [CMD, sleep, "1000"], interval: 50ms, timeout: 50ms, retries: 2 }
  starts:
    ${staying}
    healthcheck: { test: "echo fine", interval: 10m, start_period: 10m, start_interval: 50ms }
  none:
    ${staying}
    healthcheck: { test: "false", disable: true }
`,
    },
    async (scene) => {
      await scene.ok('up', '-d');
      const state = async (service: string) => {
        const { Health, State, ExitCode } = JSON.parse(await scene.ok('ps', '-a', '--format', 'json', service));
        return `${State} ${Health || ExitCode}`;
      };
      await eventually(async () => assert.equal(await state('fails'), 'running unhealthy'));
      await eventually(async () => assert.equal(await state('starts'), 'running healthy'));
      assert.equal(await state('none'), 'running 0');
      await eventually(async () => assert.equal(await state('tries'), 'exited 3'));
      const exit = globSync(join(scene.stateDirectory, 'lib/containers/*/exit.json')).map(
        (path) => JSON.parse(readFileSync(path, 'utf8')) as { restartCount: number },
      );
      assert.deepEqual(
        exit.map(({ restartCount }) => restartCount),
        [2],
      );
      assert.deepEqual(written<{ restart: object }>(scene, 'tries', 'monitor.json').restart, {
        ...{ policy: 'on-failure', maxRetries: 2, delayMs: 20, maxDelayMs: 20, windowMs: 5000, resetsAttempts: true },
      });
      await eventually(async () => assert.match(await scene.ok('logs', 'stops'), /ready/));
      await scene.ok('stop', 'stops');
      assert.match(await scene.ok('logs', 'stops'), /told/);
      assert.equal(await state('stops'), 'exited 0');
    },
  );

  scenario(
    'of output: who is attached to, and where logs go',
    {
      compose: `
services:
  shown: { image: "rootfs:/", command: [echo, seen] }
  hidden: { image: "rootfs:/", command: [echo, unseen], attach: false }
  silent: { image: "rootfs:/", command: [echo, lost], logging: { driver: none } }
  turns:
    image: rootfs:/
    command: ["sh", "-c", "i=0; while [ $$i -lt 400 ]; do echo line $$i; i=$$((i+1)); done"]
    logging: { driver: json-file, options: { max-size: 4k, max-file: "2" } }
`,
    },
    async (scene) => {
      const { stdout } = await scene.run('up');
      assert.match(stdout, /shown-1.*seen/);
      assert.doesNotMatch(stdout, /unseen/);
      assert.match(await scene.ok('logs', 'hidden'), /unseen/);
      assert.doesNotMatch(await scene.ok('logs', 'silent'), /lost/);
      const logs = globSync(join(scene.stateDirectory, 'lib/containers/*/container.log*'));
      const turned = logs.filter((path) => existsSync(path.replace(/\.log.*/, '.log.1')));
      assert.equal(turned.length, 2, logs.join());
      for (const path of turned) assert.ok(statSync(path).size <= 4096 + 200, path);
    },
  );

  scenario(
    'of numbers: scale and deploy.replicas',
    {
      compose: `services:\n  two: { ${stays}, scale: 2 }\n  three: { ${stays}, deploy: { replicas: 3 } }\n`,
    },
    async (scene) => {
      await scene.ok('up', '-d');
      assert.equal((await scene.ok('ps', '-q', 'two')).trim().split('\n').length, 2);
      assert.equal((await scene.ok('ps', '-q', 'three')).trim().split('\n').length, 3);
    },
  );

  scenario(
    'of dependencies: an optional one may fail',
    {
      compose: `
services:
  a: { ${stays}, depends_on: { b: { condition: service_completed_successfully, required: false } } }
  b: { image: "rootfs:/", command: ["false"] }
`,
    },
    async (scene) => {
      await scene.ok('up', '-d');
      assert.match(await scene.ok('ps', 'a'), / Up /);
    },
  );
});
