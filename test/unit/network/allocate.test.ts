import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  allocateAddress,
  allocateSubnets,
  bridgeName,
  contains,
  formatAddress,
  formatCidr,
  hostInterfaceName,
  macAddressFor,
  overlaps,
  parseAddress,
  parseCidr,
  parseMacAddress,
} from '../../../src/network/allocate.ts';
import { ComposeError } from '../../../src/util/errors.ts';

const options = { networkName: 'net', wishes: [], enableIpv4: true, enableIpv6: false, taken: [], reserved: [] };
const throwsCode = (work: () => unknown, code: string) =>
  assert.throws(work, (error) => error instanceof ComposeError && error.code === code);

describe('addresses', () => {
  it('formatting and parsing are inverse', () => {
    fc.assert(fc.property(fc.bigInt(0n, 2n ** 32n - 1n), (v) => parseAddress(formatAddress(4, v)).value === v));
    fc.assert(fc.property(fc.bigInt(0n, 2n ** 128n - 1n), (v) => parseAddress(formatAddress(6, v)).value === v));
    fc.assert(fc.property(fc.ipV6(), (text) => parseAddress(text).family === 6));
  });

  it('IPv6 addresses are written in their canonical form', () => {
    const canonical = (text: string) => formatAddress(6, parseAddress(text).value);
    assert.equal(canonical('FD00:0:0:1:0:0:0:1'), 'fd00:0:0:1::1');
    assert.equal(canonical('0:0:0:0:0:0:0:0'), '::');
    assert.equal(canonical('2001:db8:0:1:1:1:1:1'), '2001:db8:0:1:1:1:1:1');
    assert.equal(canonical('::ffff:192.0.2.1'), '::ffff:c000:201');
  });

  it('what is no address is refused', () => {
    for (const text of [
      '',
      '1.2.3',
      '1.2.3.256',
      '01.2.3.4',
      '1.2.3.4.5',
      ':::',
      '1::2::3',
      'g::',
      '1:2:3:4:5:6:7',
      'x',
    ]) {
      throwsCode(() => parseAddress(text), 'INVALID');
    }
    for (const text of ['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', 'fd00::/129', '10.0.0.0/x']) {
      throwsCode(() => parseCidr(text), 'INVALID');
    }
  });

  it('host bits of a subnet are cleared', () => assert.equal(formatCidr(parseCidr('10.1.2.3/16')), '10.1.0.0/16'));
});

describe('choosing subnets', () => {
  it('the first free one of the default pools is taken', () => {
    const [subnet] = allocateSubnets({ ...options, taken: ['172.17.0.1/16'], reserved: ['172.18.4.0/24'] });
    assert.deepEqual(subnet, { subnet: '172.19.0.0/16', gateway: '172.19.0.1', ipRange: null, reserved: [] });
  });

  it('a new subnet never overlaps what is taken or reserved', () => {
    const block = fc.record({ a: fc.nat(15), b: fc.nat(255), prefix: fc.integer({ min: 12, max: 28 }) });
    fc.assert(
      fc.property(fc.array(block, { maxLength: 20 }), fc.boolean(), (blocks, enableIpv6) => {
        const taken = blocks.map(({ a, b, prefix }) => `172.${17 + a}.${b}.0/${prefix}`);
        const half = Math.floor(taken.length / 2);
        const chosen = allocateSubnets({
          ...options,
          enableIpv6,
          taken: [...taken.slice(0, half), 'fd00::/64'],
          reserved: taken.slice(half),
        });
        assert.equal(chosen.length, enableIpv6 ? 2 : 1);
        for (const { subnet, gateway } of chosen) {
          assert.ok(taken.every((other) => !overlaps(parseCidr(other), parseCidr(subnet))));
          assert.ok(gateway !== null && contains(subnet, gateway));
        }
      }),
    );
  });

  it('thirty-one networks fit into the pools, and no more', () => {
    const reserved: string[] = [];
    for (let i = 0; i < 31; i++) reserved.push(allocateSubnets({ ...options, reserved })[0]?.subnet as string);
    assert.deepEqual(reserved.slice(14, 17), ['172.31.0.0/16', '192.168.0.0/20', '192.168.16.0/20']);
    throwsCode(() => allocateSubnets({ ...options, reserved }), 'NO_SPACE');
  });

  it('a wish is honoured: gateway, range, auxiliary addresses', () => {
    const wish = {
      subnet: '10.5.0.0/24',
      gateway: '10.5.0.254',
      ip_range: '10.5.0.128/25',
      aux_addresses: { router: '10.5.0.129' },
    };
    assert.deepEqual(allocateSubnets({ ...options, wishes: [wish] }), [
      { subnet: '10.5.0.0/24', gateway: '10.5.0.254', ipRange: '10.5.0.128/25', reserved: ['10.5.0.129'] },
    ]);
  });

  it('a subnet of another network is refused', () => {
    const wishes = [{ subnet: '10.5.0.0/24' }];
    throwsCode(() => allocateSubnets({ ...options, wishes, reserved: ['10.5.0.0/16'] }), 'SUBNET_CLASH');
    throwsCode(() => allocateSubnets({ ...options, wishes: [...wishes, ...wishes] }), 'SUBNET_CLASH');
  });

  it('a gateway or range outside of the subnet is refused', () => {
    const subnet = '10.5.0.0/24';
    throwsCode(() => allocateSubnets({ ...options, wishes: [{ subnet, gateway: '10.6.0.1' }] }), 'INVALID');
    throwsCode(() => allocateSubnets({ ...options, wishes: [{ subnet, ip_range: '10.0.0.0/8' }] }), 'INVALID');
    throwsCode(() => allocateSubnets({ ...options, wishes: [{ subnet: '10.5.0.0/31' }] }), 'INVALID');
    throwsCode(() => allocateSubnets({ ...options, wishes: [{ gateway: '10.5.0.1' }] }), 'INVALID');
  });

  it('an IPv6 subnet is unique local and the same for the same name', () => {
    const choose = () => allocateSubnets({ ...options, enableIpv6: true })[1];
    assert.match(choose()?.subnet ?? '', /^fd[0-9a-f:]+::\/64$/);
    assert.deepEqual(choose(), choose());
  });
});

describe('choosing addresses', () => {
  const subnet = { subnet: '10.5.0.0/29', gateway: '10.5.0.1', ipRange: null, reserved: ['10.5.0.3'] };

  it('each free address is given once, then there is no space', () => {
    const inUse: string[] = [];
    for (let i = 0; i < 4; i++) inUse.push(allocateAddress({ networkName: 'net', subnet, inUse }));
    assert.deepEqual(inUse, ['10.5.0.2', '10.5.0.4', '10.5.0.5', '10.5.0.6']);
    throwsCode(() => allocateAddress({ networkName: 'net', subnet, inUse }), 'NO_SPACE');
  });

  it('a range narrows the choice', () => {
    const narrow = { ...subnet, ipRange: '10.5.0.4/30' };
    assert.equal(allocateAddress({ networkName: 'net', subnet: narrow, inUse: [] }), '10.5.0.4');
  });

  it('a static address must be free and inside; a reserved one may be asked for', () => {
    const ask = (wanted: string, inUse: string[] = []) =>
      allocateAddress({ networkName: 'net', subnet, inUse, wanted });
    assert.equal(ask('10.5.0.3'), '10.5.0.3');
    throwsCode(() => ask('10.5.0.2', ['10.5.0.2']), 'ADDRESS_TAKEN');
    throwsCode(() => ask('10.5.0.1'), 'ADDRESS_TAKEN');
    throwsCode(() => ask('10.5.0.7'), 'ADDRESS_TAKEN');
    throwsCode(() => ask('10.5.1.2'), 'INVALID');
  });

  it('an IPv6 address is compared by value', () => {
    const six = { subnet: 'fd00::/64', gateway: 'fd00::1', ipRange: null, reserved: [] };
    assert.equal(allocateAddress({ networkName: 'net', subnet: six, inUse: ['fd00:0::2'] }), 'fd00::3');
  });
});

describe('names of links', () => {
  const digits = fc.stringMatching(/^[0-9a-f]{64}$/);

  it('fit into the kernel and differ', () => {
    fc.assert(
      fc.property(digits, digits, (one, other) => {
        fc.pre(one !== other);
        assert.equal(bridgeName(one).length, 15);
        assert.equal(hostInterfaceName(one, other).length, 15);
        assert.notEqual(hostInterfaceName(one, other), hostInterfaceName(other, one));
      }),
    );
  });

  it('MAC addresses come from the address and are valid', () => {
    assert.equal(macAddressFor('172.18.0.2'), '02:42:ac:12:00:02');
    assert.equal(parseMacAddress(macAddressFor('fd00::2')), macAddressFor('fd00::2'));
    assert.equal(parseMacAddress('02-42-AC-11-00-02'), '02:42:ac:11:00:02');
    for (const text of ['01:00:00:00:00:00', '00:00:00:00:00:00', '02:42', 'x'])
      throwsCode(() => parseMacAddress(text), 'INVALID');
  });
});
