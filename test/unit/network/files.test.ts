import assert from 'node:assert/strict';
import { parseUpstream } from '../../../src/network/dns-forward.ts';
import { hostsFile, parseExtraHost } from '../../../src/network/hosts-file.ts';
import { sysctlPath } from '../../../src/network/network-driver.ts';
import { formatResolvConf, parseResolvConf } from '../../../src/network/resolv-conf.ts';
import { containerRecord, endpointRecord, networkRecord } from '../../support/network-world.ts';

const network = networkRecord('net', ['10.1.0.0/24']);
const endpoint = endpointRecord('web', network, ['10.1.0.2']);
const own = { networkNamespace: '/run/tscompose/netns/x' };

describe('resolv.conf', () => {
  const host = parseResolvConf(
    '# comment\nnameserver 192.0.2.1 ; first\nnameserver fd00::1\ndomain a\nsearch b c\noptions edns0\n',
  );

  it('is read', () => {
    assert.deepEqual(host, { nameservers: ['192.0.2.1', 'fd00::1'], search: ['b', 'c'], options: ['edns0'] });
  });

  it('names us on a network of its own', () => {
    const text = formatResolvConf(containerRecord('web', [endpoint], own), host);
    assert.equal(text, 'nameserver 127.0.0.11\nsearch b c\noptions edns0 ndots:0\n');
  });

  it("names the host's servers on the host's network", () => {
    assert.equal(
      formatResolvConf(containerRecord('web', []), host),
      'nameserver 192.0.2.1\nnameserver fd00::1\nsearch b c\noptions edns0\n',
    );
  });

  it('follows dns, dns_search and dns_opt', () => {
    const dns = { servers: ['192.0.2.9'], search: ['.'], options: ['ndots:2'] };
    assert.equal(
      formatResolvConf(containerRecord('web', [endpoint], { ...own, dns }), host),
      'nameserver 127.0.0.11\noptions ndots:2\n',
    );
    assert.equal(
      formatResolvConf(containerRecord('web', [], { dns }), host),
      'nameserver 192.0.2.9\noptions ndots:2\n',
    );
  });
});

describe('hosts file', () => {
  const withHosts = (extra_hosts: string[], more = {}) =>
    containerRecord('web', [endpoint], { ...own, config: { command: null, entrypoint: null, extra_hosts }, ...more });

  it('names the container itself', () => {
    assert.match(hostsFile(withHosts([]), [network]), /^127\.0\.0\.1\tlocalhost\n[\s\S]*\n10\.1\.0\.2\tweb\n$/);
  });

  it('has extra hosts, and the gateway for host-gateway', () => {
    const text = hostsFile(withHosts(['db=10.9.0.1', 'six:[fd00::9]', 'up:host-gateway']), [network]);
    assert.match(text, /\n10\.9\.0\.1\tdb\nfd00::9\tsix\n10\.1\.0\.1\tup\n/);
  });

  it('refuses what is no address', () => {
    assert.throws(() => hostsFile(withHosts(['db=nowhere']), [network]), /invalid IP address "nowhere"/);
    assert.throws(() => parseExtraHost('nothing'), /invalid extra_hosts/);
  });
});

describe('spellings', () => {
  it('a name server may have a port', () => {
    assert.deepEqual(parseUpstream('192.0.2.1:5353'), { address: '192.0.2.1', port: 5353 });
    assert.deepEqual(parseUpstream('fd00::1'), { address: 'fd00::1', port: 53 });
    assert.deepEqual(parseUpstream('[fd00::1]:54'), { address: 'fd00::1', port: 54 });
  });

  it('a sysctl is a path', () =>
    assert.equal(sysctlPath('net.ipv4.conf.eth0/1.rp_filter'), 'net/ipv4/conf/eth0.1/rp_filter'));
});
