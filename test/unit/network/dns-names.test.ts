import assert from 'node:assert/strict';
import { indexNames } from '../../../src/network/dns-names.ts';
import { containerRecord, endpointRecord, idOf, networkRecord } from '../../support/network-world.ts';

describe('names of containers', () => {
  const front = networkRecord('front', ['10.1.0.0/24']);
  const back = networkRecord('back', ['10.2.0.0/24', 'fd00:2::/64']);
  const web = containerRecord('web', [endpointRecord('web', front, ['10.1.0.2'])]);
  const api = containerRecord('api', [
    endpointRecord('api', front, ['10.1.0.3'], { aliases: ['service'] }),
    endpointRecord('api', back, ['10.2.0.3', 'fd00:2::3'], { aliases: ['hidden'] }),
  ]);
  const db = containerRecord('db', [endpointRecord('db', back, ['10.2.0.4'])]);
  const job = containerRecord('job', [endpointRecord('job', front, ['10.1.0.9'])], { service: 'web', oneOff: true });
  const index = indexNames({ networks: [front, back], containers: [web, api, db, job] });
  const resolve = (from: string, name: string, family: 4 | 6 = 4) => index.resolve(idOf(from), name, family);

  it('only those on a shared network are seen', () => {
    assert.deepEqual(resolve('web', 'api'), ['10.1.0.3']);
    assert.equal(resolve('web', 'db'), undefined);
    assert.deepEqual(resolve('db', 'api'), ['10.2.0.3']);
    assert.deepEqual(resolve('api', 'db'), ['10.2.0.4']);
  });

  it('a container finds itself', () => assert.deepEqual(resolve('web', 'test-web-1'), ['10.1.0.2']));

  it('an alias holds on its network only', () => {
    assert.deepEqual(resolve('web', 'service'), ['10.1.0.3']);
    assert.equal(resolve('web', 'hidden'), undefined);
    assert.deepEqual(resolve('db', 'hidden'), ['10.2.0.3']);
  });

  it('a link is a name for the container that has it, and for no other', () => {
    const linked = containerRecord('linked', [endpointRecord('linked', front, ['10.1.0.5'])]);
    const config = { ...linked.config, links: ['api:backend', 'web'], external_links: ['test-web-1:outside'] };
    const world = indexNames({ networks: [front, back], containers: [web, api, db, { ...linked, config }] });
    assert.deepEqual(world.resolve(idOf('linked'), 'Backend', 4), ['10.1.0.3']);
    assert.deepEqual(world.resolve(idOf('linked'), 'outside', 4), ['10.1.0.2']);
    assert.equal(world.resolve(idOf('web'), 'backend', 4), undefined);
  });

  it('a name without an address of that family exists all the same', () => {
    assert.deepEqual(resolve('db', 'api', 6), ['fd00:2::3']);
    assert.deepEqual(resolve('api', 'db', 6), []);
  });

  it('a one-off container answers to its own name, not to the service', () => {
    assert.deepEqual(resolve('api', 'web'), ['10.1.0.2']);
    assert.deepEqual(resolve('api', 'test-job-1'), ['10.1.0.9']);
  });

  it('letter case does not matter', () => assert.deepEqual(resolve('web', 'API'), ['10.1.0.3']));

  it('an unknown asker knows nobody', () => assert.equal(resolve('stranger', 'web'), undefined));

  it('addresses have names, of both families', () => {
    assert.equal(index.reverse(idOf('web'), '3.0.1.10.in-addr.arpa'), 'test-api-1.test_front');
    assert.equal(index.reverse(idOf('web'), '4.0.2.10.in-addr.arpa'), undefined);
    const nibbles = 'fd000002000000000000000000000003'.split('').reverse().join('.');
    assert.equal(index.reverse(idOf('db'), `${nibbles}.ip6.arpa`), 'test-api-1.test_back');
    assert.equal(index.reverse(idOf('db'), '999.0.2.10.in-addr.arpa'), undefined);
  });

  it('replicas take turns', () => {
    const replicas = [1, 2, 3].map((number) =>
      containerRecord(`r${number}`, [endpointRecord(`r${number}`, front, [`10.1.0.1${number}`])], {
        service: 'r',
        number,
      }),
    );
    const turning = indexNames({ networks: [front], containers: replicas });
    const firsts = [1, 2, 3, 4].map(() => turning.resolve(idOf('r1'), 'r', 4)?.[0]);
    assert.deepEqual(firsts, ['10.1.0.11', '10.1.0.12', '10.1.0.13', '10.1.0.11']);
  });
});
