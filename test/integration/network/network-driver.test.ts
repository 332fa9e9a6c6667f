import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { native } from '../../../src/native/binding.ts';
import type { NetworkChange } from '../../../src/network/contract.ts';
import { namesFor } from '../../../src/network/firewall-sync.ts';
import { openNetworkDriver } from '../../../src/network/network-driver.ts';
import { pathsUnder } from '../../../src/state/paths.ts';
import { ComposeError } from '../../../src/util/errors.ts';
import { slowness } from '../../support/eventually.ts';
import { containerRecord, endpointRecord, idOf, networkRecord, temporaryRoot } from '../../support/network-world.ts';
import { require } from '../../support/requirements.ts';

const ip = (...args: string[]) => execFileSync('ip', args).toString();

describe('bridges and links', function () {
  this.timeout(10_000 * slowness);
  const root = temporaryRoot();
  const paths = pathsUnder(`${root}/lib`, `${root}/run`);
  const driver = openNetworkDriver({ paths, native: native() });
  const one = networkRecord('one', ['10.213.31.0/24', 'fd5c:31::/64'], { mtu: 1400 });
  const two = networkRecord('two', ['10.213.32.0/24']);
  const networks = [one, two];
  const byId = new Map(networks.map((network) => [network.id, network]));
  const endpoints = [
    endpointRecord('c', one, ['10.213.31.7', 'fd5c:31::7'], { isGateway: false, macAddress: '02:11:22:33:44:55' }),
    endpointRecord('c', two, ['10.213.32.7'], { interfaceName: 'lan' }),
  ];
  const netnsPath = paths.networkNamespace(idOf('c'));
  const container = containerRecord('c', endpoints, { networkNamespace: netnsPath });
  const plug = () => driver.plug({ netnsPath, endpoints, networks: byId, sysctls: { 'net.core.somaxconn': '77' } });
  const inside = (...args: string[]) => execFileSync('nsenter', [`--net=${netnsPath}`, ...args]).toString();
  const isIntact = async () => (await driver.observe(networks, [container])).endpoints.has(container.id);

  before(async function () {
    require(this, process.getuid?.() === 0, 'root');
    for (const network of networks) await driver.ensureNetwork(network);
    await plug();
  });

  after(async () => {
    if (process.getuid?.() !== 0) return;
    await driver.unplug(netnsPath, endpoints);
    await driver.unplug(netnsPath, endpoints);
    for (const network of networks) {
      await driver.removeNetwork(network);
      await driver.removeNetwork(network);
      assert.ok(!existsSync(`/sys/class/net/${network.bridge}`));
    }
    assert.ok(!existsSync(netnsPath));
    assert.ok(endpoints.every(({ hostInterface }) => !existsSync(`/sys/class/net/${hostInterface}`)));
    rmSync(root, { recursive: true });
  });

  it('a container finds its interfaces as its records say', () => {
    const [eth0] = JSON.parse(inside('ip', '-j', 'address', 'show', 'eth0'));
    assert.equal(eth0.address, '02:11:22:33:44:55');
    assert.equal(eth0.mtu, 1400);
    assert.equal(eth0.operstate, 'UP');
    const addresses = eth0.addr_info.map(
      (info: { local: string; prefixlen: number }) => `${info.local}/${info.prefixlen}`,
    );
    assert.ok(addresses.includes('10.213.31.7/24') && addresses.includes('fd5c:31::7/64'));
    assert.match(inside('ip', 'route'), /default via 10\.213\.32\.1 dev lan/);
    assert.doesNotMatch(inside('ip', '-6', 'route'), /default/);
    assert.match(inside('ip', 'address', 'show', 'lo'), /LOOPBACK,UP/);
    assert.match(inside('cat', '/proc/sys/net/core/somaxconn'), /^77$/m);
  });

  it('what is there is intact, and making it again changes nothing', async () => {
    const index = () => ip('-o', 'link', 'show', endpoints[0]?.hostInterface as string).split(':')[0];
    const before = index();
    await driver.ensureNetwork(one);
    await plug();
    assert.equal(index(), before);
    const observed = await driver.observe(networks, [container]);
    assert.deepEqual(observed.bridges, new Set(networks.map(({ id }) => id)));
    assert.ok(observed.endpoints.has(container.id));
  });

  const damages: [string, () => void][] = [
    ['a deleted host end', () => ip('link', 'delete', endpoints[0]?.hostInterface as string)],
    ['a deleted inner end', () => inside('ip', 'link', 'delete', 'lan')],
    ['an interface that is down', () => inside('ip', 'link', 'set', 'eth0', 'down')],
    ['a removed address', () => inside('ip', 'address', 'flush', 'dev', 'lan')],
    ['a port that left its bridge', () => ip('link', 'set', endpoints[0]?.hostInterface as string, 'nomaster')],
    ['a namespace without its mount', () => execFileSync('umount', [netnsPath])],
  ];
  for (const [name, damage] of damages) {
    it(`${name} is seen and repaired`, async () => {
      damage();
      assert.equal(await isIntact(), false);
      await plug();
      assert.equal(await isIntact(), true);
    });
  }

  it('a deleted bridge is seen and repaired', async () => {
    ip('link', 'delete', one.bridge);
    assert.ok(!(await driver.observe(networks, [])).bridges.has(one.id));
    await driver.ensureNetwork(one);
    await plug();
    const observed = await driver.observe(networks, [container]);
    assert.ok(observed.bridges.has(one.id) && observed.endpoints.has(container.id));
  });

  it('a link that is no bridge is not taken over', async () => {
    const name = `dm${idOf('dummy').slice(0, 8)}`;
    ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`);
    try {
      const attempt = driver.ensureNetwork({ ...two, bridge: name });
      await assert.rejects(attempt, (error) => error instanceof ComposeError && error.code === 'NAME_TAKEN');
    } finally {
      ip('link', 'delete', name);
    }
  });

  it('a failed plug leaves nothing', async () => {
    const path = paths.networkNamespace(idOf('failed'));
    const broken = {
      ...endpointRecord('failed', one, ['10.213.31.9']),
      networkId: two.id,
      macAddress: 'ff:ff:ff:ff:ff:ff',
    };
    const attempt = driver.plug({
      netnsPath: path,
      endpoints: [endpointRecord('failed', two, ['10.213.32.9']), { ...broken, hostInterface: 'vethbroken00' }],
      networks: byId,
      sysctls: {},
    });
    await assert.rejects(attempt, ComposeError);
    assert.ok(!existsSync(path));
    assert.ok(!existsSync('/sys/class/net/vethbroken00'));
    assert.ok(!existsSync(`/sys/class/net/${endpointRecord('failed', two, ['10.213.32.9']).hostInterface}`));
  });

  it('removed links and a deleted table are told without polling', async () => {
    const { tableName } = namesFor(paths.runDir);
    const controller = new AbortController();
    const changes: NetworkChange[] = [];
    let wake = () => {};
    const watching = (async () => {
      for await (const change of driver.watch(controller.signal)) {
        changes.push(change);
        wake();
      }
    })();
    const until = async (isTrue: () => boolean) => {
      while (!isTrue())
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    };
    await driver.syncFirewall({ networks, containers: [container] });
    const { hostInterface } = endpoints[0] as { hostInterface: string };
    ip('link', 'delete', hostInterface);
    await until(() => changes.some(({ kind, name }) => kind === 'link-removed' && name === hostInterface));
    execFileSync('nft', ['delete', 'table', 'inet', tableName]);
    await until(() => changes.some(({ kind }) => kind === 'firewall-changed'));
    controller.abort();
    await watching;
    await driver.syncFirewall({ networks: [], containers: [] });
    await plug();
  });
});
