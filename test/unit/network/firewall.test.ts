import assert from 'node:assert/strict';
import type { PublishedPort } from '../../../src/model/records.ts';
import { countOf, firewallTable, targetAddress } from '../../../src/network/firewall.ts';
import { namesFor } from '../../../src/network/firewall-sync.ts';
import { containerRecord, endpointRecord, networkRecord } from '../../support/network-world.ts';

describe('firewall rules', () => {
  const front = networkRecord('front', ['10.1.0.0/24', 'fd00:1::/64']);
  const inner = networkRecord('inner', ['10.2.0.0/24'], { internal: true });
  const apart = networkRecord('apart', ['10.3.0.0/24'], { isolateContainers: true, masquerade: false });
  const networks = [front, inner, apart];
  const port = (hostIp: string, hostPort: number): PublishedPort => ({
    hostIp,
    hostPort,
    containerPort: 80,
    protocol: 'tcp',
  });
  const web = containerRecord('web', [endpointRecord('web', front, ['10.1.0.2', 'fd00:1::2'])], {
    ports: [port('0.0.0.0', 8080), port('::', 8080), port('127.0.0.1', 8081)],
  });
  const table = (containers = [web]) => firewallTable({ networks, containers }, 'tscompose', { kind: 'accept' });
  const elements = (name: string, containers = [web]) =>
    table(containers)
      .sets.find((set) => set.name === name)
      ?.elements.map(({ key, data }) => `${hex(key)} ${data === undefined ? '' : hex(data)}`.trim());

  it('without a network there is no table', () => {
    assert.deepEqual(firewallTable({ networks: [], containers: [web] }, 'tscompose', { kind: 'accept' }).chains, []);
  });

  it('a published port leads to the container, by family and host address', () => {
    assert.deepEqual(elements('published4'), ['060000001f900000 0a01000200500000']);
    assert.deepEqual(elements('published4at'), ['7f000001060000001f910000 0a01000200500000']);
    assert.deepEqual(elements('published6'), [`060000001f900000 fd000001${'0'.repeat(20)}000200500000`]);
    assert.deepEqual(elements('published6at'), []);
  });

  it('a port that two containers share leads to each of them as often, and to none whose traffic is held', () => {
    const at = [endpointRecord('other', front, ['10.1.0.3'])];
    const other = containerRecord('other', at, { ports: [port('', 8080)] });
    assert.deepEqual(elements('published4', [web, other]), []);
    const targets = elements('balanced4', [web, other])?.map((element) => element.split(' ')[1]?.slice(0, 8)) ?? [];
    assert.equal(targets.length, 64);
    for (const target of ['0a010002', '0a010003']) assert.equal(targets.filter((one) => one === target).length, 32);
    const held = containerRecord('other', at, { ports: [port('', 8080)], traffic: 'held' });
    assert.equal(elements('balanced4', [web, held]), undefined);
    assert.deepEqual(elements('published4', [web, held]), elements('published4'));
  });

  it('an internal network publishes nothing', () => {
    const hidden = containerRecord('hidden', [endpointRecord('hidden', inner, ['10.2.0.2'])], {
      ports: [port('', 9000)],
    });
    assert.deepEqual(elements('published4', [hidden]), []);
  });

  it('published ports lead to the network of the default route', () => {
    const both = containerRecord('both', [
      endpointRecord('both', apart, ['10.3.0.2'], { isGateway: false }),
      endpointRecord('both', front, ['10.1.0.9']),
    ]);
    const byId = new Map(networks.map((network) => [network.id, network]));
    assert.equal(targetAddress(both, byId, 4), '10.1.0.9');
    assert.equal(targetAddress(both, byId, 6), null);
  });

  it('networks without inter-container communication are not in the set of open ones', () => {
    assert.equal(elements('bridges')?.length, 3);
    assert.equal(elements('internal')?.length, 1);
    assert.equal(elements('within')?.length, 2);
  });

  it('the digest tells tables apart, and not the order of records', () => {
    const reversed = firewallTable({ networks: networks.toReversed(), containers: [web] }, 'tscompose', {
      kind: 'accept',
    });
    assert.equal(reversed.digest, table().digest);
    assert.notEqual(table([]).digest, table().digest);
    const queued = (compatible: boolean) =>
      firewallTable({ networks, containers: [web] }, 'tscompose', { kind: 'queue', number: 7, compatible });
    assert.notEqual(queued(false).digest, table().digest);
    assert.equal(queued(false).digest, queued(true).digest);
  });

  it('counts what the kernel will show', () => {
    const { chains, rules, elements: count } = countOf(table());
    assert.equal(chains, table().chains.length);
    assert.ok(rules > 15);
    assert.equal(count, 3 + 1 + 2 + 3);
  });

  it('every state directory has a table of its own', () => {
    assert.equal(namesFor('/run/tscompose').tableName, 'tscompose');
    assert.notEqual(namesFor('/tmp/a/run').tableName, namesFor('/tmp/b/run').tableName);
  });
});

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
