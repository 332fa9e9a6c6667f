import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import fc from 'fast-check';
import { isIpAddress } from '../../../src/model/address.ts';
import { formatBytes, formatImageSize, parseBytes, sizeToBytes } from '../../../src/model/bytes.ts';
import { durationToNs, formatDurationNs, parseDuration } from '../../../src/model/duration.ts';
import { networkHash, serviceHash } from '../../../src/model/hash.ts';
import {
  containerName,
  imageName,
  isProjectName,
  logName,
  normalizeProjectName,
  oneOffContainerName,
} from '../../../src/model/names.ts';
import { formatPortRange, parsePortRange } from '../../../src/model/port.ts';
import type { Service } from '../../../src/model/service.ts';

describe('a duration', () => {
  it('is read and written as the specification says', () => {
    const cases = {
      '90s': '1m30s',
      '1h': '1h0m0s',
      '1.5s': '1.5s',
      '500ms': '500ms',
      '100us': '100µs',
      '0': '0s',
      '-1m': '-1m0s',
      '1d': '24h0m0s',
    };
    for (const [text, canonical] of Object.entries(cases))
      assert.equal(formatDurationNs(durationToNs(text) ?? -1n), canonical);
    for (const text of ['', '1', 's', '1x', '1 s', '-', '99999999999h'])
      assert.equal(durationToNs(text), undefined, text);
    assert.throws(() => parseDuration('soon'), /"soon" is not a duration/);
  });

  it('survives being written and read', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 62n), max: 1n << 62n }), (ns) =>
        assert.equal(durationToNs(formatDurationNs(ns)), ns),
      ),
    );
  });
});

describe('a size', () => {
  it('is read with binary units', () => {
    const cases = { '1024': 1024, '1k': 1024, '1.5g': 1610612736, '2MB': 2097152, '1KiB': 1024, '5 b': 5, '-1': -1 };
    for (const [text, bytes] of Object.entries(cases)) assert.equal(sizeToBytes(text), BigInt(bytes), text);
    for (const text of ['', 'g', '1x', '1gg', '1 k b', '1e3']) assert.equal(sizeToBytes(text), undefined, text);
    assert.throws(() => parseBytes('lots'), /"lots" is not a size/);
    assert.equal(parseBytes(7), 7);
  });

  it('is written for people', () => {
    assert.deepEqual([0, 1023, 1536, 1 << 30, -2048].map(formatBytes), ['0 B', '1023 B', '1.5 KiB', '1 GiB', '-2 KiB']);
  });
});

describe('a port range', () => {
  it('survives being written and read', () => {
    const range = fc
      .tuple(fc.integer({ min: 0, max: 65535 }), fc.integer({ min: 0, max: 65535 }))
      .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
    fc.assert(fc.property(range, (each) => assert.deepEqual(parsePortRange(formatPortRange(each)), each)));
    for (const text of ['', 'a', '1-', '70000', '9-8', '-1']) assert.equal(parsePortRange(text), undefined, text);
  });
});

describe('an address', () => {
  it('is told as node:net tells it', () => {
    const nearly = fc
      .array(fc.constantFrom('1', '255', '256', '.', ':', '::', 'f', 'ffff', '0', 'g', '1.2.3.4'), { maxLength: 12 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(nearly, fc.ipV4(), fc.ipV6()), (text) =>
        assert.equal(isIpAddress(text), isIP(text) !== 0, text),
      ),
      { numRuns: 2000, examples: [['1.2.3.4::'], ['::1.2.3.4']] },
    );
  });
});

describe('names', () => {
  it('of projects are repaired to valid ones', () => {
    assert.equal(normalizeProjectName('My Project.Dir_1-x'), 'myprojectdir_1-x');
    assert.equal(normalizeProjectName('__-a'), 'a');
    fc.assert(
      fc.property(fc.string(), (text) => {
        const name = normalizeProjectName(text);
        assert.ok(name === '' || isProjectName(name), name);
        assert.equal(normalizeProjectName(name), name);
      }),
    );
  });

  it('of containers and images follow from project and service', () => {
    assert.equal(containerName('shop', 'web', 2, '-'), 'shop-web-2');
    assert.equal(containerName('shop', 'web', 1, '-', { container_name: 'own' }), 'own');
    assert.equal(imageName('shop', 'web', {}, '-'), 'shop-web');
  });

  it('have underscores under --compatibility, and logs leave out the project as it is written then', () => {
    assert.equal(containerName('shop', 'web', 2, '_'), 'shop_web_2');
    assert.equal(oneOffContainerName('shop', 'web', 'ab12', '_'), 'shop_web_run_ab12');
    assert.equal(imageName('shop', 'web', {}, '_'), 'shop_web');
    assert.equal(logName('shop', 'shop_web_2', '_'), 'web_2');
    assert.equal(logName('shop', 'shop_web_2', '-'), 'shop_web_2');
  });
});

describe('the hash of a service', () => {
  const service: Service = { command: null, entrypoint: null, image: 'x', environment: { B: '2', A: '1' } };

  it('is the same whatever the order of keys', () => {
    const turned: Service = { environment: { A: '1', B: '2' }, image: 'x', entrypoint: null, command: null };
    assert.equal(serviceHash(turned), serviceHash(service));
  });

  it('does not change with what needs no new container', () => {
    const more: Service = {
      ...service,
      build: { context: '/x' },
      depends_on: { b: { condition: 'service_started', required: true } },
      deploy: { placement: {}, resources: {}, replicas: 3 },
      develop: { watch: [] },
      profiles: ['p'],
      pull_policy: 'always',
      scale: 3,
      'x-own': 1,
    };
    assert.equal(serviceHash(more), serviceHash(service));
  });

  it('changes with what does', () => {
    const hashes = [
      service,
      { ...service, image: 'y' },
      { ...service, environment: { A: '1' } },
      { ...service, command: [] },
      { ...service, mem_limit: '1' },
    ].map((each) => serviceHash(each));
    hashes.push(serviceHash(service, { secret: 'digest' }));
    assert.equal(new Set(hashes).size, hashes.length);
  });

  it('does not collide with that of another kind', () => {
    assert.notEqual(networkHash({ name: 'x', ipam: {} }), serviceHash({ name: 'x' } as unknown as Service));
  });
});

describe('the size of an image', () => {
  const sizes: readonly (readonly [number, string])[] = [
    [0, '0B'],
    [999, '999B'],
    [1000, '1kB'],
    [11_768_359, '11.8MB'],
    [999_600, '1MB'],
    [1_984_000_000, '1.98GB'],
  ];
  for (const [bytes, text] of sizes)
    it(`of ${bytes} bytes is ${text}`, () => assert.equal(formatImageSize(bytes), text));
});
