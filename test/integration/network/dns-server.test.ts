import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { closeSync, openSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { type Answer, decode, encode } from 'dns-packet';
import { native } from '../../../src/native/binding.ts';
import type { DnsServer } from '../../../src/network/contract.ts';
import { FrameReader, frame } from '../../../src/network/dns-forward.ts';
import { openDnsServer } from '../../../src/network/dns-server.ts';
import { openNetworkDriver } from '../../../src/network/network-driver.ts';
import { pathsUnder } from '../../../src/state/paths.ts';
import { eventually, slowness } from '../../support/eventually.ts';
import { containerRecord, endpointRecord, idOf, networkRecord, temporaryRoot } from '../../support/network-world.ts';
import { typescriptOptions } from '../../support/node.ts';
import { require } from '../../support/requirements.ts';

const isRoot = process.getuid?.() === 0;
const client = new URL('../../support/dns-client.ts', import.meta.url).pathname;

describe('DNS inside a container', function () {
  this.timeout(20_000 * slowness);
  const root = temporaryRoot();
  const paths = pathsUnder(`${root}/lib`, `${root}/run`);
  const network = networkRecord('names', ['10.213.21.0/24', 'fd5c:21::/64']);
  const elsewhere = networkRecord('elsewhere', ['10.213.22.0/24']);
  const upstreamPort = 15353;
  const asker = containerRecord('asker', [endpointRecord('asker', network, ['10.213.21.9'])], {
    networkNamespace: paths.networkNamespace(idOf('asker')),
    dns: { servers: [`127.0.0.1:1`, `127.0.0.1:${upstreamPort}`], search: [], options: [] },
  });
  const web = (number: number) =>
    containerRecord(
      `web${number}`,
      [endpointRecord(`web${number}`, network, [`10.213.21.1${number}`], { aliases: ['site'] })],
      {
        service: 'web',
        number,
      },
    );
  const six = containerRecord('six', [endpointRecord('six', network, ['10.213.21.30', 'fd5c:21::30'])]);
  const hidden = containerRecord('hidden', [endpointRecord('hidden', elsewhere, ['10.213.22.5'])]);
  const many = Array.from({ length: 60 }, (_, i) =>
    containerRecord(`many${i}`, [endpointRecord(`many${i}`, network, [`10.213.21.${100 + i}`])], {
      service: 'many',
      number: i + 1,
    }),
  );
  const networks = [network, elsewhere];

  const driver = openNetworkDriver({ paths, native: native() });
  const netnsPath = asker.networkNamespace as string;
  const upstreamUdp = createSocket('udp4');
  const upstreamTcp = createServer((socket) => {
    const frames = new FrameReader();
    socket.on('data', (data) => {
      for (const message of frames.push(data)) socket.write(frame(upstreamAnswer(message, false)));
    });
  });
  let server: DnsServer;
  let inside: Client;

  before(async function () {
    require(this, isRoot, 'root');
    await driver.ensureNetwork(network);
    await driver.plug({
      netnsPath,
      endpoints: asker.endpoints,
      networks: new Map([[network.id, network]]),
      sysctls: {},
    });
    upstreamUdp.on('message', (message, peer) =>
      upstreamUdp.send(upstreamAnswer(message, true), peer.port, peer.address),
    );
    await new Promise<void>((resolve) => upstreamUdp.bind(upstreamPort, '127.0.0.1', resolve));
    await new Promise<void>((resolve) => upstreamTcp.listen(upstreamPort, '127.0.0.1', resolve));
    server = openDnsServer({ native: native() });
    server.changed(() => ({ networks, containers: [asker, web(1), six, hidden, ...many] }));
    await server.attach(asker.id, netnsPath);
    inside = new Client(netnsPath);
  });

  after(async () => {
    if (!isRoot) return;
    inside.close();
    await server.close();
    upstreamUdp.close();
    upstreamTcp.close();
    await driver.unplug(netnsPath, asker.endpoints);
    await driver.removeNetwork(network);
    rmSync(root, { recursive: true, force: true });
  });

  it('names a service, a container, an alias, an id', async () => {
    for (const name of ['web', 'test-web1-1', 'site', 'WEB', 'web.test_names', web(1).id.slice(0, 12)]) {
      assert.deepEqual((await inside.ask('udp', name, 'A')).data, ['10.213.21.11'], name);
    }
  });

  it('answers over TCP as over UDP', async () => {
    assert.deepEqual((await inside.ask('tcp', 'web', 'A')).data, ['10.213.21.11']);
  });

  it('answers IPv6 where there is an address, and no data where there is none', async () => {
    assert.deepEqual(await inside.ask('udp', 'six', 'AAAA'), {
      code: 'NOERROR',
      data: ['fd5c:21::30'],
      truncated: false,
    });
    assert.deepEqual(await inside.ask('udp', 'web', 'AAAA'), { code: 'NOERROR', data: [], truncated: false });
    assert.deepEqual(await inside.ask('udp', 'web', 'MX'), { code: 'NOERROR', data: [], truncated: false });
  });

  it('names an address', async () => {
    assert.deepEqual((await inside.ask('udp', '11.21.213.10.in-addr.arpa', 'PTR')).data, ['test-web1-1.test_names']);
  });

  it('follows the world at once, and turns the order of replicas', async () => {
    server.changed(() => ({ networks, containers: [asker, web(1), web(2), web(3)] }));
    const first = (await inside.ask('udp', 'web', 'A')).data;
    const second = (await inside.ask('udp', 'web', 'A')).data;
    assert.deepEqual(first.toSorted(), ['10.213.21.11', '10.213.21.12', '10.213.21.13']);
    assert.notEqual(first[0], second[0]);
    server.changed(() => ({ networks, containers: [asker, web(2), six, hidden, ...many] }));
    assert.deepEqual((await inside.ask('udp', 'web', 'A')).data, ['10.213.21.12']);
  });

  it('does not tell of containers on other networks', async () => {
    assert.equal((await inside.ask('udp', 'hidden', 'A')).code, 'NXDOMAIN');
  });

  it('forwards other names, past a server that is not there', async () => {
    assert.deepEqual((await inside.ask('udp', 'example.org', 'A')).data, ['192.0.2.80']);
    assert.deepEqual((await inside.ask('tcp', 'example.org', 'A')).data, ['192.0.2.80']);
  });

  it('hands on a truncated answer, whose asker comes again over TCP', async () => {
    assert.equal((await inside.ask('udp', 'large.example.org', 'A')).truncated, true);
    assert.equal((await inside.ask('tcp', 'large.example.org', 'A')).data.length, 100);
  });

  it('truncates its own long answers over UDP, not over TCP', async () => {
    const short = await inside.ask('udp', 'many', 'A');
    assert.equal(short.truncated, true);
    assert.ok(short.data.length > 10 && short.data.length < 60);
    assert.equal((await inside.ask('tcp', 'many', 'A')).data.length, 60);
  });

  it('is served by a later supervisor in the same namespace', async () => {
    await server.close();
    server = openDnsServer({ native: native() });
    server.changed(() => ({ networks, containers: [asker, web(3)] }));
    await server.attach(asker.id, netnsPath);
    await server.attach(asker.id, netnsPath);
    assert.deepEqual((await inside.ask('udp', 'web', 'A')).data, ['10.213.21.13']);
  });

  it('what was asked while there was none waits in the sockets that somebody has kept', async () => {
    for (const protocol of ['udp', 'tcp'] as const) {
      const kept = await native().openDnsSockets(netnsPath, server.sockets(asker.id) ?? null);
      await server.close();
      assert.equal(server.sockets(asker.id), undefined);
      const answer = inside.ask(protocol, 'web', 'A');
      // proc_net_udp(5): the address, in the byte order of the machine, and what is in the queue.
      await eventually(() => assert.match(socketsOf(protocol), /^ *\d+: 0B00007F:\w+ \w+:\w+ \w+ \w+:(?!0{8})/m));
      server = openDnsServer({ native: native() });
      server.changed(() => ({ networks, containers: [asker, web(2)] }));
      await server.attach(asker.id, netnsPath, { pid: process.pid, ...kept });
      for (const fd of [kept.udp, kept.tcp]) closeSync(fd);
      assert.deepEqual((await answer).data, ['10.213.21.12'], protocol);
    }
  });

  it('what somebody has kept is not taken when it is something else', async () => {
    const fd = openSync('/dev/null', 'r');
    await server.close();
    server = openDnsServer({ native: native() });
    server.changed(() => ({ networks, containers: [asker, web(3)] }));
    await server.attach(asker.id, netnsPath, { pid: process.pid, udp: fd, tcp: fd });
    closeSync(fd);
    assert.deepEqual((await inside.ask('udp', 'web', 'A')).data, ['10.213.21.13']);
  });

  it('a question that comes before its container is known waits for it', async () => {
    server.changed(() => ({ networks, containers: [web(3)] }));
    const answer = inside.ask('udp', 'web', 'A');
    await new Promise((resolve) => setTimeout(resolve, 50));
    server.changed(() => ({ networks, containers: [asker, web(3)] }));
    assert.deepEqual((await answer).data, ['10.213.21.13']);
  });

  it('names that cannot be read are a failure of the server, also for who waited for them', async () => {
    for (const protocol of ['udp', 'tcp'] as const) {
      server.changed(() => ({ networks, containers: [web(3)] }));
      const waiting = inside.ask(protocol, 'web', 'A');
      await new Promise((resolve) => setTimeout(resolve, 50));
      server.changed(() => {
        throw new Error('the disk is gone');
      });
      assert.equal((await waiting).code, 'SERVFAIL', protocol);
      assert.equal((await inside.ask(protocol, 'web', 'A')).code, 'SERVFAIL', protocol);
    }
  });

  it("leaves the container's own port 53 free", () => {
    assert.ok(!/^ *\d+: [0-9A-F]+:0035 /m.test(socketsOf('udp')));
  });

  const socketsOf = (protocol: 'udp' | 'tcp') =>
    execFileSync('nsenter', [`--net=${netnsPath}`, 'cat', `/proc/net/${protocol}`], { encoding: 'utf8' });
});

function upstreamAnswer(message: Buffer, isUdp: boolean): Buffer {
  const { id, questions } = decode(message);
  const name = questions?.[0]?.name ?? '';
  const count = name === 'example.org' ? 1 : name === 'large.example.org' ? 100 : 0;
  const isTruncated = isUdp && count > 20;
  const answers = Array.from(
    { length: isTruncated ? 0 : count },
    (_, i): Answer => ({ type: 'A', name, ttl: 60, data: `192.0.2.${80 + i}` }),
  );
  return encode({
    id: id ?? 0,
    type: 'response',
    flags: 0x180 | (isTruncated ? 0x200 : 0) | (count === 0 ? 3 : 0),
    questions: questions ?? [],
    answers,
  });
}

interface Reply {
  readonly code: string;
  readonly data: string[];
  readonly truncated: boolean;
}

/** A DNS client that lives inside the namespace. */
class Client {
  readonly #child: ChildProcess;
  readonly #waiting: ((line: string) => void)[] = [];

  constructor(netnsPath: string) {
    const args = [`--net=${netnsPath}`, process.execPath, ...typescriptOptions, client];
    this.#child = spawn('nsenter', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    let rest = '';
    this.#child.stdout?.on('data', (data) => {
      const lines = (rest + data).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#waiting.shift()?.(line);
    });
  }

  async ask(protocol: 'udp' | 'tcp', name: string, type: string): Promise<Reply> {
    return JSON.parse(await this.#request(`${protocol} ${name} ${type}`)) as Reply;
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }

  #request(line: string): Promise<string> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#child.stdin?.write(`${line}\n`);
    });
  }
}
