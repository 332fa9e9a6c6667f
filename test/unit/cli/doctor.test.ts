import assert from 'node:assert/strict';
import { machineChecks } from '../../../src/cli/doctor/checks.ts';
import type { MachineFacts } from '../../../src/cli/doctor/facts.ts';

const good: MachineFacts = {
  kernelRelease: '6.12.1',
  capabilities: ['CAP_NET_ADMIN', 'CAP_SYS_ADMIN'],
  cgroup: { mode: 'v2', controllers: ['cpuset', 'cpu', 'io', 'memory', 'pids', 'hugetlb'] },
  overlayProblem: null,
  knowsOverlay: true,
  nftablesProblem: null,
  absentModules: [],
  hasSeccomp: true,
  maxUserNamespaces: 1000,
  inotify: { instances: 1024, watches: 524_288 },
  disk: { path: '/var/lib', freeBytes: 1e12, freeInodes: 1e6, totalInodes: 1e7 },
  forwardChains: [{ family: 'inet', table: 'tscompose', chain: 'forward', policy: 'accept' }],
};

function told(changed: Partial<MachineFacts>): string[] {
  return machineChecks({ ...good, ...changed })
    .filter(({ status }) => status !== 'ok')
    .map(({ name, status, fix }) => `${status} ${name}: ${fix}`);
}

describe('doctor', () => {
  it('finds nothing on a machine that has everything', () => {
    assert.deepEqual(told({}), []);
    assert.ok(machineChecks(good).every(({ fix }) => fix === null));
  });

  const cases: readonly (readonly [string, Partial<MachineFacts>, RegExp])[] = [
    ['an old kernel', { kernelRelease: '5.4.0-1' }, /^missing kernel: apt-get install linux-image/],
    ['a user without rights', { capabilities: [] }, /^missing privileges: sudo/],
    ['no cgroups', { cgroup: { mode: 'none', controllers: [] } }, /^missing cgroups: mount -t cgroup2/],
    [
      'a controller that the kernel was told to leave out',
      { cgroup: { mode: 'v2', controllers: ['cpu', 'cpuset', 'io', 'pids'] } },
      /^missing cgroups: .*cgroup_enable=memory/,
    ],
    [
      'a controller that nobody mounted',
      { cgroup: { mode: 'v1', controllers: ['cpu', 'cpuset', 'memory', 'pids'] } },
      /^missing cgroups: mount -t cgroup -o blkio cgroup/,
    ],
    ['no overlay', { overlayProblem: 'ENODEV', knowsOverlay: false }, /^missing overlay: modprobe overlay/],
    ['a file system that holds no overlay', { overlayProblem: 'EINVAL' }, /^missing overlay: tscompose --state-dir/],
    ['no nftables', { nftablesProblem: 'EOPNOTSUPP' }, /^missing nftables: modprobe nf_tables/],
    ['no module for links', { absentModules: ['veth'] }, /^missing module: /],
    ['no user namespaces', { maxUserNamespaces: 0 }, /^advice user namespaces: sysctl -w/],
    [
      'few watches',
      { inotify: { instances: 1024, watches: 8192 } },
      /^advice inotify: sysctl -w fs.inotify.max_user_watches/,
    ],
    ['a full disk', { disk: { ...good.disk, freeBytes: 1e8 } }, /^missing disk: tscompose image prune/],
    ['few inodes', { disk: { ...good.disk, freeInodes: 10 } }, /^missing disk/],
    [
      'a firewall of somebody else',
      { forwardChains: [{ family: 'inet', table: 'mine', chain: 'fwd', policy: 'drop' }] },
      /^advice other firewalls: nft 'insert rule inet mine fwd iifname/,
    ],
  ];
  for (const [what, changed, pattern] of cases) {
    it(`tells of ${what}, and what mends it`, () => {
      const lines = told(changed);
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? '', pattern);
    });
  }

  it('blames what is forbidden on the lack of rights', () => {
    const forbidden = { capabilities: [], overlayProblem: 'EPERM', nftablesProblem: 'EPERM' };
    assert.deepEqual(
      told(forbidden).map((line) => line.split(': ')[1]),
      ['sudo tscompose doctor', 'sudo tscompose doctor', 'sudo tscompose doctor'],
    );
  });

  it('knows that the firewalls of Docker and firewalld are passed', () => {
    const drops = { family: 'ip', table: 'filter', chain: 'FORWARD', policy: 'drop' } as const;
    const firewalld = { family: 'inet', table: 'firewalld', chain: 'filter_FORWARD', policy: 'accept' } as const;
    assert.deepEqual(told({ forwardChains: [drops, firewalld] }), []);
  });
});
