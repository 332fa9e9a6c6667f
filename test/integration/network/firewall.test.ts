import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { PublishedPort } from '../../../src/model/records.ts';
import { native } from '../../../src/native/binding.ts';
import type { NetworkWorld } from '../../../src/network/contract.ts';
import { namesFor } from '../../../src/network/firewall-sync.ts';
import { openNetworkDriver } from '../../../src/network/network-driver.ts';
import { pathsUnder } from '../../../src/state/paths.ts';
import { slowness } from '../../support/eventually.ts';
import {
  ask,
  containerRecord,
  endpointRecord,
  idOf,
  networkRecord,
  serve,
  temporaryRoot,
} from '../../support/network-world.ts';
import { require } from '../../support/requirements.ts';

const isRoot = process.getuid?.() === 0;

describe('published ports and isolation', function () {
  this.timeout(20_000 * slowness);
  const root = temporaryRoot();
  const paths = pathsUnder(`${root}/lib`, `${root}/run`);
  const { tableName } = namesFor(paths.runDir);
  const netns = (name: string) => paths.networkNamespace(idOf(name));

  const front = networkRecord('front', ['10.213.1.0/24', 'fd5c:1::/64']);
  const back = networkRecord('back', ['10.213.2.0/24']);
  const closed = networkRecord('closed', ['10.213.3.0/24'], { internal: true });
  const apart = networkRecord('apart', ['10.213.4.0/24'], { isolateContainers: true });
  const outside = networkRecord('outside', ['10.213.9.0/24', 'fd5c:9::/64']);
  const networks = [front, back, closed, apart];
  const shared: PublishedPort[] = ['0.0.0.0', '::', '10.213.9.1', 'fd5c:9::1'].map((hostIp) => ({
    hostIp,
    hostPort: hostIp.includes('9') ? 18084 : 18083,
    containerPort: 80,
    protocol: 'tcp',
  }));
  const web = containerRecord('web', [endpointRecord('web', front, ['10.213.1.2', 'fd5c:1::2'])], {
    ports: [
      { hostIp: '0.0.0.0', hostPort: 18080, containerPort: 80, protocol: 'tcp' },
      { hostIp: '::', hostPort: 18080, containerPort: 80, protocol: 'tcp' },
      { hostIp: '0.0.0.0', hostPort: 18081, containerPort: 81, protocol: 'udp' },
      { hostIp: '127.0.0.1', hostPort: 18082, containerPort: 80, protocol: 'tcp' },
      ...shared,
    ],
  });
  const neighbour = containerRecord('neighbour', [endpointRecord('neighbour', front, ['10.213.1.3', 'fd5c:1::3'])], {
    ports: shared,
  });
  const other = containerRecord('other', [endpointRecord('other', back, ['10.213.2.2'])]);
  const inner = containerRecord('inner', [endpointRecord('inner', closed, ['10.213.3.2'])]);
  const inner2 = containerRecord('inner2', [endpointRecord('inner2', closed, ['10.213.3.3'])]);
  const alone = containerRecord('alone', [endpointRecord('alone', apart, ['10.213.4.2'])]);
  const alone2 = containerRecord('alone2', [endpointRecord('alone2', apart, ['10.213.4.3'])]);
  const containers = [web, neighbour, other, inner, inner2, alone, alone2];
  // A machine elsewhere: a namespace behind a bridge that is not one of ours, so no rule of ours knows it.
  const stranger = containerRecord('stranger', [endpointRecord('stranger', outside, ['10.213.9.2', 'fd5c:9::2'])]);

  const driver = openNetworkDriver({ paths, native: native() });
  const servers: ChildProcess[] = [];
  let foreignRules = '';

  before(async function () {
    require(this, isRoot, 'root');
    foreignRules = rulesOfOthers(tableName);
    for (const network of [...networks, outside]) await driver.ensureNetwork(network);
    const byId = new Map([...networks, outside].map((network) => [network.id, network]));
    for (const { id, endpoints } of [...containers, stranger]) {
      await driver.plug({ netnsPath: paths.networkNamespace(id), endpoints, networks: byId, sysctls: {} });
    }
    await driver.syncFirewall({ networks, containers });
    servers.push(
      ...(await Promise.all([
        serve(netns('web'), 'tcp', '::', 80, 'web'),
        serve(netns('web'), 'udp', '0.0.0.0', 81, 'web'),
        serve(netns('neighbour'), 'tcp', '::', 80, 'neighbour'),
        serve(netns('other'), 'tcp', '0.0.0.0', 80, 'other'),
        serve(netns('inner'), 'tcp', '0.0.0.0', 80, 'inner'),
        serve(netns('alone'), 'tcp', '0.0.0.0', 80, 'alone'),
        serve(netns('stranger'), 'tcp', '::', 80, 'stranger'),
        serve(netns('stranger'), 'udp', '0.0.0.0', 81, 'stranger'),
      ])),
    );
  });

  after(async () => {
    if (!isRoot) return;
    for (const server of servers) server.kill('SIGKILL');
    for (const { id, endpoints } of [...containers, stranger]) {
      await driver.unplug(paths.networkNamespace(id), endpoints);
    }
    for (const network of [...networks, outside]) await driver.removeNetwork(network);
    await driver.syncFirewall({ networks: [], containers: [] });
    assert.equal((await native().rulesStatus('inet', tableName, [])).table, null);
    assert.equal(rulesOfOthers(tableName), foreignRules);
    rmSync(root, { recursive: true, force: true });
  });

  const reach = (
    name: string,
    from: string | null,
    protocol: 'tcp' | 'udp',
    address: string,
    port: number,
    answer: string,
  ) =>
    it(name, async () => {
      const expected = answer === 'error TIMEOUT' ? 'silence' : 'answer';
      assert.equal(await ask(from === null ? null : netns(from), protocol, address, port, expected), answer);
    });

  for (const [address, port] of [
    ['10.213.9.1', 18083],
    ['10.213.9.1', 18084],
    ['fd5c:9::1', 18083],
    ['fd5c:9::1', 18084],
  ] as const) {
    it(`a port that two containers share leads to both, and to none that is held: ${address} ${port}`, async () => {
      // By chance alone each is asked half the time.
      const answers = async (): Promise<string[]> => {
        const all = await Promise.all(Array.from({ length: 32 }, () => nameOf(address, port)));
        return [...new Set(all)].sort();
      };
      assert.deepEqual(await answers(), ['neighbour', 'web']);
      const held = containers.map((each) => (each === web ? { ...each, traffic: 'held' as const } : each));
      await driver.syncFirewall({ networks, containers: held });
      assert.deepEqual(await answers(), ['neighbour']);
      await driver.syncFirewall({ networks, containers });
    });
  }

  reach('a published port answers at 127.0.0.1', null, 'tcp', '127.0.0.1', 18080, 'web ::ffff:10.213.1.1');
  reach('a published UDP port answers at 127.0.0.1', null, 'udp', '127.0.0.1', 18081, 'web 10.213.1.1');
  reach("a published port answers at the bridge's address", null, 'tcp', '10.213.1.1', 18080, 'web ::ffff:10.213.1.1');
  reach(
    'a published port answers at another address of the host',
    null,
    'tcp',
    '10.213.9.1',
    18080,
    'web ::ffff:10.213.9.1',
  );
  reach('a published port answers by IPv6', null, 'tcp', 'fd5c:9::1', 18080, 'web fd5c:9::1');
  reach('a port published at 127.0.0.1 answers there', null, 'tcp', '127.0.0.1', 18082, 'web ::ffff:10.213.1.1');
  reach(
    'a port published at 127.0.0.1 does not answer elsewhere',
    null,
    'tcp',
    '10.213.9.1',
    18082,
    'error ECONNREFUSED',
  );
  reach(
    'a published port answers to another machine, which it sees',
    'stranger',
    'tcp',
    '10.213.9.1',
    18080,
    'web ::ffff:10.213.9.2',
  );
  reach('a published UDP port answers to another machine', 'stranger', 'udp', '10.213.9.1', 18081, 'web 10.213.9.2');
  reach('a published port answers to another machine by IPv6', 'stranger', 'tcp', 'fd5c:9::1', 18080, 'web fd5c:9::2');
  reach(
    'a published port answers to a container of another network through the host',
    'other',
    'tcp',
    '10.213.2.1',
    18080,
    'web ::ffff:10.213.1.1',
  );
  reach(
    'a published port answers to a neighbour through the host',
    'neighbour',
    'tcp',
    '10.213.1.1',
    18080,
    'web ::ffff:10.213.1.1',
  );
  reach(
    'a published port answers to its own container through the host',
    'web',
    'tcp',
    '10.213.1.1',
    18080,
    'web ::ffff:10.213.1.1',
  );
  reach('neighbours reach each other', 'neighbour', 'tcp', '10.213.1.2', 80, 'web ::ffff:10.213.1.3');
  reach('neighbours reach each other by IPv6', 'neighbour', 'tcp', 'fd5c:1::2', 80, 'web fd5c:1::3');
  reach(
    'a container reaches another machine with an address of the host',
    'web',
    'tcp',
    '10.213.9.2',
    80,
    'stranger ::ffff:10.213.9.1',
  );
  reach('a container reaches another machine by UDP', 'web', 'udp', '10.213.9.2', 81, 'stranger 10.213.9.1');
  reach('a container reaches another machine by IPv6', 'web', 'tcp', 'fd5c:9::2', 80, 'stranger fd5c:9::1');
  reach('networks are isolated from one another', 'neighbour', 'tcp', '10.213.2.2', 80, 'error TIMEOUT');
  reach('an internal network does not lead out', 'inner', 'tcp', '10.213.9.2', 80, 'error ENETUNREACH');
  reach('neighbours on an internal network reach each other', 'inner2', 'tcp', '10.213.3.2', 80, 'inner 10.213.3.3');
  reach(
    'without inter-container communication neighbours do not reach each other',
    'alone2',
    'tcp',
    '10.213.4.2',
    80,
    'error TIMEOUT',
  );
  reach(
    "a container does not reach the host's loopback services",
    'web',
    'tcp',
    '127.0.0.1',
    18080,
    'error ECONNREFUSED',
  );

  it('another machine does not reach into a network', async () => {
    const netnsPath = netns('stranger');
    execFileSync('nsenter', [`--net=${netnsPath}`, 'ip', 'route', 'replace', '10.213.1.0/24', 'via', '10.213.9.1']);
    assert.equal(await ask(netnsPath, 'tcp', '10.213.1.2', 80, 'silence'), 'error TIMEOUT');
  });

  it('what was written is recognized, and a flushed table is not', async () => {
    const world = { networks, containers };
    const state = async (of: NetworkWorld = world) => (await driver.observe([], [], of)).firewall;
    assert.equal(await state(), 'intact');
    execFileSync('nft', ['flush', 'chain', 'inet', tableName, 'publish']);
    assert.equal(await state(), 'changed');
    // Another process of ours writes what the records say now, a while after it changed them.
    const fewer = { networks: networks.slice(1), containers: [] };
    await openNetworkDriver({ paths, native: native() }).syncFirewall(fewer);
    assert.deepEqual([await state(), await state(fewer)], ['behind', 'intact']);
    execFileSync('nft', ['delete', 'table', 'inet', tableName]);
    assert.equal(await state(), 'changed');
    await driver.syncFirewall(world);
    assert.equal(await state(), 'intact');
  });

  it('what is read while another process writes is of one moment', async () => {
    const name = `${tableName}-moment`;
    const world = (digest: string, count: number) => {
      const many = (text: (n: number) => string) => Array.from({ length: count }, (_, n) => text(n)).join('\n');
      return `
        table inet ${name} {}; delete table inet ${name}; table inet ${name} { comment "${digest}"; }
        ${many((n) => `add chain inet ${name} c${n}; add rule inet ${name} c${n} accept`)}
        add set inet ${name} s { type inet_service; elements = { ${many((n) => `${n + 1},`)} } }
        flush chain inet ${name}-other late
        ${many(() => `add rule inet ${name}-other late accept comment "${name} ${digest}"`)}`;
    };
    const files = [1, 40].map((count) => {
      const path = join(root, `world-${count}.nft`);
      writeFileSync(path, world(`of-${count}`, count));
      return path;
    });
    execFileSync('nft', ['add', 'table', 'inet', `${name}-other`]);
    execFileSync('nft', ['add', 'chain', 'inet', `${name}-other`, 'late']);
    for (const file of files) execFileSync('nft', ['-f', file]);
    const loop = 'while nft -f "$0" && nft -f "$1"; do :; done';
    const writer = spawn('sh', ['-c', loop, ...files], { stdio: 'inherit', detached: true });
    // With somebody who listens, a transaction is under way for longer after its rules are in force.
    const listener = spawn('nft', ['monitor'], { stdio: 'ignore' });
    const guest = { family: 'inet', table: `${name}-other`, chain: 'late', owner: name, rules: [] } as const;
    try {
      const seen = new Set<string>();
      for (let round = 0; round < 1000; round += 1) {
        const status = await native().rulesStatus('inet', name, [{ ...guest, digest: 'of-40' }]);
        seen.add(JSON.stringify(status));
      }
      assert.equal(writer.exitCode, null);
      const whole = (count: number) => ({
        table: { digest: `of-${count}`, chains: count, rules: count, elements: count },
        guests: [{ rules: count, last: count === 40 ? 40 : 0 }],
      });
      assert.deepEqual([...seen].sort(), [whole(1), whole(40)].map((status) => JSON.stringify(status)).sort());
    } finally {
      assert.ok(writer.pid !== undefined);
      const ended = Promise.all([once(writer, 'exit'), once(listener, 'exit')]);
      process.kill(-writer.pid, 'SIGKILL');
      listener.kill('SIGKILL');
      await ended;
      for (const table of [name, `${name}-other`]) execFileSync('nft', ['delete', 'table', 'inet', table]);
    }
  });
});

/** The ruleset without our tables and without counters that traffic moves. */
function rulesOfOthers(tableName: string): string {
  const { nftables } = JSON.parse(execFileSync('nft', ['-j', 'list', 'ruleset']).toString());
  const isForeign = (entry: Record<string, { table?: string; name?: string }>) =>
    Object.values(entry).every((object) => !`${object.table ?? object.name ?? ''}`.startsWith('tscompose'));
  assert.ok(tableName.startsWith('tscompose'));
  return JSON.stringify(nftables.filter(isForeign)).replace(/"(packets|bytes)": ?\d+/g, '"$1":0');
}

/** The first word that a server there says, asked by this process itself. */
function nameOf(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    connect({ host, port })
      .setEncoding('utf8')
      .on('data', (chunk: string) => {
        text += chunk;
      })
      .on('error', (error) => resolve(error.message))
      .on('close', () => resolve(text.split(' ')[0] ?? ''));
  });
}
