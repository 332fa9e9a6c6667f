import assert from 'node:assert/strict';
import { globSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.ts';
import { hasLogServers, LogServers, tcpPort, tlsPort, udpPort } from '../support/log-servers.ts';
import { require } from '../support/requirements.ts';
import { type Scenario, scenario, tscompose } from '../support/scenario.ts';

/** Runs the command where the servers are, and takes the project down there. */
class Inside implements AsyncDisposable {
  readonly servers: LogServers;
  readonly #scene: Scenario;

  constructor(servers: LogServers, scene: Scenario) {
    this.servers = servers;
    this.#scene = scene;
  }

  run(...args: string[]) {
    const finished = this.servers.inside([tscompose, '-f', this.#scene.composeFile, ...args], {
      ...process.env,
      TSCOMPOSE_STATE_DIR: this.#scene.stateDirectory,
      COMPOSE_PROJECT_NAME: this.#scene.project,
      NO_COLOR: '1',
    });
    this.#scene.note(`$ tscompose ${args.join(' ')}\n${finished.stdout}${finished.stderr}→ ${finished.status}`);
    return finished;
  }

  ok(...args: string[]): string {
    const { status, stdout, stderr } = this.run(...args);
    assert.equal(status, 0, stderr);
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.ok('down', '--timeout', '0');
      await eventually(() => assert.deepEqual(this.#scene.supervisors(), []));
    } finally {
      await this.servers[Symbol.asyncDispose]();
    }
  }
}

async function begin(scene: Scenario, context: Mocha.Context): Promise<Inside> {
  require(context, hasLogServers, 'rsyslogd and systemd-journald');
  return new Inside(await LogServers.start(join(scene.directory, 'servers')), scene);
}

/** The containers that run under a monitor that lives. */
const monitored = (scene: Scenario) => {
  const monitors = scene.monitors();
  return scene.states().filter(({ status, monitorPid }) => status === 'running' && monitors.includes(monitorPid));
};

const service = (command: string, driver: string, options: Record<string, string>, more = '') => `
    image: rootfs:/
    init: true
    command: ["sh", "-c", ${JSON.stringify(command.replaceAll('$', '$$$$'))}]
    logging: ${JSON.stringify({ driver, options })}
    ${more}`;

describe('e2e: logging', () => {
  scenario(
    'journald has every line with its priority and the container’s fields; logs shows them too',
    {
      compose: `services:
  web:${service('echo hello; echo wrong >&2; head -c 40000 /dev/zero | tr "\\0" x; echo', 'journald', { tag: '{{.Name}}', labels: 'team' }, 'labels: { team: core }')}
`,
    },
    async (scene, context) => {
      await using inside = await begin(scene, context);
      inside.ok('up', '-d');
      const entries = await eventually(() => {
        const found = inside.servers.journal(`CONTAINER_NAME=${scene.project}-web-1`);
        assert.equal(found.length, 5, JSON.stringify(found.map(({ MESSAGE }) => MESSAGE?.slice(0, 20))));
        return found;
      });
      const of = (message: string) => entries.find(({ MESSAGE }) => MESSAGE === message);
      assert.partialDeepStrictEqual(of('hello'), {
        PRIORITY: '6',
        CONTAINER_TAG: `${scene.project}-web-1`,
        SYSLOG_IDENTIFIER: `${scene.project}-web-1`,
        TEAM: 'core',
      });
      assert.equal(of('hello')?.CONTAINER_ID?.length, 12);
      assert.equal(of('wrong')?.PRIORITY, '3');
      const parts = entries.filter(({ CONTAINER_PARTIAL_ID }) => CONTAINER_PARTIAL_ID !== undefined);
      assert.equal(parts.map(({ MESSAGE }) => MESSAGE).join(''), 'x'.repeat(40_000));
      assert.deepEqual(
        parts.map((part) => [part.CONTAINER_PARTIAL_ORDINAL, part.CONTAINER_PARTIAL_LAST]),
        [
          ['1', 'false'],
          ['2', 'false'],
          ['3', 'true'],
        ],
      );
      const lines = inside.ok('logs', '--no-log-prefix').split('\n');
      assert.ok(lines.includes('hello') && lines.includes('wrong') && lines.includes('x'.repeat(40_000)));
    },
  );

  scenario(
    'rsyslogd has every line over a unix socket, UDP, TCP and TLS',
    { compose: 'services: {}\n' },
    async (scene, context) => {
      await using inside = await begin(scene, context);
      const say = 'for i in $(seq 200); do echo "line $i"; done; echo wrong >&2';
      const syslog = (tag: string, address: string, more: Record<string, string> = {}) =>
        `\n  ${tag}:${service(say, 'syslog', { 'syslog-address': address, tag, ...more })}`;
      writeFileSync(
        scene.composeFile,
        `services:${syslog('unix', `unixgram://${inside.servers.socket}`)}${syslog(
          'udp',
          `udp://localhost:${udpPort}`,
          {
            'syslog-facility': 'local3',
            'syslog-format': 'rfc3164',
          },
        )}${syslog('tcp', `tcp://127.0.0.1:${tcpPort}`, { 'syslog-format': 'rfc5424micro' })}${syslog(
          'tls',
          `tcp+tls://localhost:${tlsPort}`,
          { 'syslog-format': 'rfc5424', 'syslog-tls-ca-cert': inside.servers.authority },
        )}\n`,
      );
      inside.ok('up', '-d');
      await eventually(() => {
        const received = inside.servers.received();
        for (const tag of ['unix', 'udp', 'tcp', 'tls']) {
          const own = received.filter((line) => line.startsWith(`${tag} `));
          const facility = tag === 'udp' ? 'local3' : 'daemon';
          for (let index = 1; index <= 200; index += 1) {
            const line = `${tag} ${facility}.info ${hostname()} line ${index}`;
            assert.ok(
              own.some((each) => each.replace(/ +/g, ' ') === line),
              `${line} is not among ${own.slice(0, 3).join('\n')}`,
            );
          }
          assert.ok(own.some((line) => line.includes(`${facility}.err`) && line.endsWith('wrong')));
          assert.equal(own.length, 201);
        }
      });
      assert.equal(inside.ok('logs', '--no-log-prefix', 'tls').trim().split('\n').length, 201);
    },
  );

  scenario(
    'a syslog server that goes and comes back: the container goes on, and so do the messages',
    { compose: 'services: {}\n' },
    async (scene, context) => {
      await using inside = await begin(scene, context);
      const count = 'i=0; while :; do i=$((i+1)); echo "line $i"; sleep 0.02; done';
      const options = { 'syslog-address': `tcp://127.0.0.1:${tcpPort}`, tag: 'web' };
      writeFileSync(scene.composeFile, `services:\n  web:${service(count, 'syslog', options)}\n`);
      inside.ok('up', '-d');
      const numbers = () => inside.servers.received().map((line) => Number(/line (\d+)$/.exec(line)?.[1]));
      await eventually(() => assert.ok(numbers().length > 5));
      inside.servers.stopRsyslogd();
      const before = Number(inside.ok('logs', '--no-log-prefix', '-n', '1').split(' ')[1]);
      await eventually(() => {
        assert.ok(Number(inside.ok('logs', '--no-log-prefix', '-n', '1').split(' ')[1]) > before + 10);
      });
      await inside.servers.startRsyslogd();
      await eventually(() => assert.ok((numbers().at(-1) ?? 0) > before + 20));
      // What was printed while nobody listened waited; what the dead server's socket had taken is lost with it.
      const all = numbers();
      const gaps = all.slice(1).filter((number, index) => number !== (all[index] ?? 0) + 1);
      assert.ok(gaps.length <= 1, `gaps before ${gaps}`);
    },
  );

  scenario(
    'a syslog server that is not there: the start fails, and says which line of the file asks for it',
    {
      compose: `services:
  web:${service('sleep 100', 'syslog', { 'syslog-address': 'tcp://127.0.0.1:9' })}
`,
    },
    async (scene) => {
      const message =
        /compose\.yaml:6:\d+: cannot start container .*-web-1: cannot log to the syslog server tcp:\/\/127\.0\.0\.1:9: Connection refused/;
      await scene.fails(125, message, 'up', '-d');
    },
  );

  scenario(
    'driver none keeps nothing, and logs says so',
    { compose: `services:\n  web:${service('echo hello; exec sleep 1000', 'none', {})}\n` },
    async (scene) => {
      await scene.ok('up', '-d', '--wait');
      const { code, stdout, stderr } = await scene.run('logs');
      assert.deepEqual([code, stdout], [0, '']);
      assert.match(stderr, /-web-1: its logging options keep nothing that could be shown\n$/);
    },
  );

  scenario(
    'monitors killed again and again under load: no line is lost and none is there twice',
    {
      compose: `
services:
  single:
    image: rootfs:/
    command: ["sh", "-c", "i=0; while [ $$i -lt 40000 ]; do i=$$((i+1)); echo $$i; done; sleep 1000"]
    logging: { driver: json-file, options: { max-size: 100k, max-file: "1000", compress: "true" } }
  bulk:
    image: rootfs:/
    command: ["sh", "-c", "seq 400000; sleep 1000"]
    logging: { driver: json-file, options: { max-size: 2m, max-file: "1000" } }
`,
    },
    async (scene) => {
      await scene.ok('up', '-d');
      for (let kills = 0; kills < 4; kills += 1) {
        const victims = monitored(scene);
        for (const { monitorPid } of victims) process.kill(monitorPid, 'SIGKILL');
        // What keeps being needed is repaired later and later.
        await eventually(
          () => {
            for (const { id, monitorPid } of victims) {
              const now = monitored(scene).find((state) => state.id === id);
              assert.ok(now !== undefined && now.monitorPid !== monitorPid);
            }
          },
          { timeoutMs: 20_000 },
        );
      }
      for (const [service, count] of Object.entries({ single: 40_000, bulk: 400_000 })) {
        await eventually(
          async () => assert.equal((await scene.ok('logs', '--no-log-prefix', '-n', '1', service)).trim(), `${count}`),
          { timeoutMs: 30_000 },
        );
        const lines = (await scene.ok('logs', '--no-log-prefix', service)).trim().split('\n');
        assert.equal(
          lines.findIndex((line, index) => line !== String(index + 1)),
          -1,
        );
        assert.equal(lines.length, count);
      }
    },
  );

  scenario(
    'rotation under load, compressed or not, loses nothing but what max-file drops',
    {
      compose: `services:
  kept:${service('seq 1 200000', 'json-file', { 'max-size': '2m', 'max-file': '100', compress: 'true' })}
  dropped:${service('seq 1 200000', 'json-file', { 'max-size': '1m', 'max-file': '3' })}
`,
    },
    async (scene) => {
      const { ended } = scene.launch('up', '--no-color');
      const { stdout } = await ended;
      const printed = stdout.split('\n').filter((line) => line.startsWith('kept-1 '));
      assert.equal(printed.length, 200_000 + 1, 'attached, no line was missed');
      const lines = (await scene.ok('logs', '--no-log-prefix', 'kept')).trim().split('\n');
      assert.deepEqual(
        lines.findIndex((line, index) => line !== String(index + 1)),
        -1,
      );
      assert.equal(lines.length, 200_000);
      await eventually(() =>
        assert.ok(globSync('lib/containers/*/container.log.*.gz', { cwd: scene.stateDirectory }).length > 4),
      );
      const rest = (await scene.ok('logs', '--no-log-prefix', 'dropped')).trim().split('\n').map(Number);
      assert.equal(rest.at(-1), 200_000);
      assert.ok(rest.length > 20_000 && rest.length < 100_000);
      assert.ok(rest.every((number, index) => index === 0 || number === (rest[index - 1] ?? 0) + 1));
      assert.deepEqual((await scene.ok('logs', '--no-log-prefix', '-n', '2', 'kept')).trim(), '199999\n200000');
    },
  );
});
