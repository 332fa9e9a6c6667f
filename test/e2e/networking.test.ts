import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { eventually } from '../support/eventually.ts';
import { scenario, tscompose } from '../support/scenario.ts';

/** A server of one line, in what every Debian has. */
const server = (text: string) =>
  `["perl", "-MIO::Socket::INET", "-e", "$$s = IO::Socket::INET->new(LocalPort => 80, Listen => 64, ReuseAddr => 1) or die $$!; while ($$c = $$s->accept) { print $$c '${text}'; close $$c }"]`;
const client = (host: string) => [
  'perl',
  '-MIO::Socket::INET',
  '-e',
  `my $c = IO::Socket::INET->new(PeerAddr => '${host}', PeerPort => 80, Timeout => 3) or die "no connection: $@"; print <$c>`,
];

describe('e2e: networks', () => {
  scenario(
    'services find one another by name, replicas take turns, and answers follow scale at once',
    {
      compose: `
services:
  web:
    image: rootfs:/
    init: true
    command: ${server('hello from web')}
  shell: { image: "rootfs:/", init: true, command: [sleep, "1000"] }
`,
    },
    async (scene) => {
      await scene.ok('up', '-d', '--scale', 'web=2');
      await eventually(async () =>
        assert.equal(await scene.ok('exec', '-T', 'shell', ...client('web')), 'hello from web'),
      );
      const addresses = async () =>
        (await scene.ok('exec', '-T', 'shell', 'getent', 'ahostsv4', 'web'))
          .trim()
          .split('\n')
          .filter((line) => line.includes('STREAM')).length;
      assert.equal(await addresses(), 2);
      await scene.ok('scale', 'web=1');
      assert.equal(await addresses(), 1);
      assert.equal((await scene.run('exec', '-T', 'shell', 'getent', 'hosts', 'nobody')).code, 2);
    },
  );

  scenario(
    'a published port answers at localhost, and again after a restart',
    {
      compose: `
services:
  web:
    image: rootfs:/
    init: true
    command: ${server('published')}
    ports: ["127.0.0.1:0:80"]
`,
    },
    async (scene) => {
      await scene.ok('up', '-d');
      const port = async () => Number((await scene.ok('port', 'web', '80')).trim().split(':').at(-1));
      await eventually(async () => assert.equal(await read(await port()), 'published'));
      await scene.ok('restart');
      await eventually(async () => assert.equal(await read(await port()), 'published'));
      const shown = () => scene.ok('ps', '-a', '--format', '{{.Ports}}|{{.State}}');
      assert.equal((await shown()).trim(), `127.0.0.1:${await port()}->80/tcp|running`);
      await scene.ok('stop', '-t', '1');
      assert.equal((await shown()).trim(), '|exited');
    },
  );

  scenario(
    'a taken port is told before anything starts, with who holds it',
    {
      compose: `
services:
  web: { image: "rootfs:/", init: true, command: [sleep, "1000"], ports: ["127.0.0.1:\${PORT}:80"] }
`,
    },
    async (scene) => {
      const holder = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => holder.once('listening', resolve));
      const address = holder.address();
      assert.ok(typeof address === 'object' && address !== null);
      writeFileSync(`${scene.directory}/p/.env`, `PORT=${address.port}\n`);
      try {
        const taken = await scene.run('up', '-d');
        assert.equal(taken.code, 1);
        assert.match(taken.stderr, new RegExp(`${address.port}`));
        assert.match(taken.stderr, /in use|taken|allocated/);
      } finally {
        holder.close();
      }
    },
  );

  scenario(
    'networks are isolated from one another, and an internal one has no way out',
    {
      compose: `
services:
  front: { image: "rootfs:/", init: true, command: [sleep, "1000"], networks: [front] }
  both: { image: "rootfs:/", init: true, command: ${server('both')}, networks: [front, back] }
  back: { image: "rootfs:/", init: true, command: ${server('back')}, networks: [back] }
networks:
  front:
  back: { internal: true }
`,
    },
    async (scene) => {
      await scene.ok('up', '-d');
      await eventually(async () => assert.equal(await scene.ok('exec', '-T', 'front', ...client('both')), 'both'));
      await eventually(async () => assert.equal(await scene.ok('exec', '-T', 'both', ...client('back')), 'back'));
      // getent(1): 2 is for a name that is not found.
      assert.equal((await scene.run('exec', '-T', 'front', 'getent', 'hosts', 'back')).code, 2);
      const address = (await scene.ok('exec', '-T', 'back', 'hostname', '-i')).trim().split(' ')[0] ?? '';
      assert.notEqual((await scene.run('exec', '-T', 'front', ...client(address))).code, 0);
      assert.doesNotMatch(
        await scene.ok('exec', '-T', 'back', 'cat', '/proc/net/route'),
        /^\w+\s+00000000\s+(?!00000000)/m,
      );
    },
  );

  scenario(
    'static addresses, aliases, hosts entries and network_mode are honoured',
    {
      compose: `
services:
  fixed:
    image: rootfs:/
    init: true
    command: [sleep, "1000"]
    mac_address: 02:42:0a:4d:00:63
    extra_hosts: ["elsewhere:192.0.2.7"]
    networks: { net: { ipv4_address: 10.77.3.99, aliases: [alias] } }
  beside: { image: "rootfs:/", init: true, command: [sleep, "1000"], network_mode: "service:fixed" }
  none: { image: "rootfs:/", init: true, command: [sleep, "1000"], network_mode: none }
  host: { image: "rootfs:/", init: true, command: [sleep, "1000"], network_mode: host }
  other: { image: "rootfs:/", init: true, command: [sleep, "1000"], networks: [net] }
networks:
  net:
    ipam: { config: [{ subnet: 10.77.3.0/24, gateway: 10.77.3.1 }] }
    driver_opts: { com.docker.network.driver.mtu: "1400" }
`,
    },
    async (scene) => {
      await scene.ok('up', '-d');
      const inside = async (service: string, ...command: string[]) => await scene.ok('exec', '-T', service, ...command);
      assert.match(await inside('other', 'getent', 'ahostsv4', 'alias'), /^10\.77\.3\.99 /);
      assert.equal(await inside('fixed', 'cat', '/sys/class/net/eth0/address'), '02:42:0a:4d:00:63\n');
      assert.equal(await inside('fixed', 'cat', '/sys/class/net/eth0/mtu'), '1400\n');
      assert.match(await inside('fixed', 'getent', 'hosts', 'elsewhere'), /192\.0\.2\.7/);
      assert.equal(await inside('beside', 'cat', '/sys/class/net/eth0/address'), '02:42:0a:4d:00:63\n');
      assert.equal((await inside('none', 'ls', '/sys/class/net')).trim(), 'lo');
      assert.match(await inside('host', 'cat', '/proc/net/dev'), /br-/);
    },
  );

  scenario(
    'another network namespace is told that the containers of its state directory run elsewhere',
    { compose: 'services:\n  web: { image: "rootfs:/", init: true, command: [sleep, "1000"] }\n' },
    async (scene) => {
      await scene.ok('up', '-d');
      const there = (...args: string[]) =>
        spawnSync('unshare', ['-n', tscompose, '-f', scene.composeFile, '-p', `${scene.project}-there`, ...args], {
          encoding: 'utf8',
          env: { ...process.env, TSCOMPOSE_STATE_DIR: scene.stateDirectory },
        });
      const refused = there('up', '-d');
      assert.match(
        refused.stderr,
        /^container .*-web-1 runs in another network namespace, net:\[\d+\], and .*\nhint: /,
      );
      assert.equal(refused.status, 1);
      assert.equal(there('ps', '-q').status, 0);
      await scene.ok('down', '--timeout', '0');
      assert.equal(there('up', '-d').status, 0);
      assert.equal(there('down', '--timeout', '0').status, 0);
    },
  );
});

async function read(port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = '';
  connect(port, '127.0.0.1')
    .setEncoding('utf8')
    .on('data', (chunk: string) => {
      text += chunk;
    })
    .once('end', () => resolve(text))
    .once('error', reject)
    .setTimeout(3000, () => reject(new Error('no answer')));
  return await promise;
}
