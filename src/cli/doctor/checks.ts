/** What the facts of a machine mean for us. Pure. */
import { formatBytes } from '../../model/bytes.ts';
import type { MachineFacts } from './facts.ts';

export interface Check {
  readonly name: string;
  /** `advice`: everything works, and something could be better. */
  readonly status: 'ok' | 'missing' | 'advice';
  readonly detail: string;
  /** The command that mends it. */
  readonly fix: string | null;
}

/** Every check of the machine, in the order in which they are told. */
export function machineChecks(facts: MachineFacts): Check[] {
  return [
    kernel(facts),
    privileges(facts),
    cgroups(facts),
    overlay(facts),
    nftables(facts),
    ...facts.absentModules.map((name) =>
      missing('module', `the kernel has no ${name}`, `apt-get install linux-image-amd64`),
    ),
    seccomp(facts),
    userNamespaces(facts),
    inotify(facts),
    disk(facts),
    firewalls(facts),
  ];
}

export function ok(name: string, detail: string): Check {
  return { name, status: 'ok', detail, fix: null };
}

export function missing(name: string, detail: string, fix: string): Check {
  return { name, status: 'missing', detail, fix };
}

function advice(name: string, detail: string, fix: string): Check {
  return { name, status: 'advice', detail, fix };
}

function kernel({ kernelRelease }: MachineFacts): Check {
  const [major = 0, minor = 0] = kernelRelease.split('.').map(Number);
  // openat2(2), without which no path inside a container is safe.
  const isEnough = major > 5 || (major === 5 && minor >= 6);
  return isEnough
    ? ok('kernel', `Linux ${kernelRelease}`)
    : missing('kernel', `Linux ${kernelRelease}, and 5.6 is the least`, 'apt-get install linux-image-amd64 && reboot');
}

const asRoot = 'sudo tscompose doctor';

function absentCapabilities({ capabilities }: MachineFacts): string[] {
  return ['CAP_NET_ADMIN', 'CAP_SYS_ADMIN'].filter((name) => !capabilities.includes(name));
}

function privileges(facts: MachineFacts): Check {
  const absent = absentCapabilities(facts);
  return absent.length === 0
    ? ok('privileges', 'containers can be made')
    : missing('privileges', `this process has no ${absent.join(', ')}`, asRoot);
}

const controllersOfLimits = ['cpu', 'cpuset', 'io', 'memory', 'pids'];

function cgroups({ cgroup: { mode, controllers } }: MachineFacts): Check {
  if (mode === 'none') {
    return missing('cgroups', 'none are mounted', 'mount -t cgroup2 none /sys/fs/cgroup');
  }
  const absent = controllersOfLimits.filter((name) => !controllers.includes(name));
  if (absent.length === 0) return ok('cgroups', `${mode}, with ${controllersOfLimits.join(', ')}`);
  const fix = absent.includes('memory')
    ? 'add cgroup_enable=memory to GRUB_CMDLINE_LINUX in /etc/default/grub && update-grub && reboot'
    : `mount -t cgroup -o ${absent.map((name) => (name === 'io' ? 'blkio' : name)).join(',')} cgroup /sys/fs/cgroup/${absent[0]}`;
  return missing('cgroups', `${mode}, without ${absent.join(', ')}: such limits cannot be set`, fix);
}

function overlay(facts: MachineFacts): Check {
  const { overlayProblem, knowsOverlay } = facts;
  const { path } = facts.disk;
  if (overlayProblem === null) return ok('overlay', `mounts over ${path}`);
  const detail = `cannot mount over ${path}: ${overlayProblem}`;
  if (absentCapabilities(facts).length > 0) return missing('overlay', detail, asRoot);
  // Not every file system can hold what containers write: NFS, or another overlay.
  return missing(
    'overlay',
    detail,
    knowsOverlay ? 'tscompose --state-dir DIR doctor, on ext4, xfs or btrfs' : 'modprobe overlay',
  );
}

function nftables(facts: MachineFacts): Check {
  const { nftablesProblem } = facts;
  if (nftablesProblem === null) return ok('nftables', 'its tables can be read and written');
  return missing('nftables', nftablesProblem, absentCapabilities(facts).length > 0 ? asRoot : 'modprobe nf_tables');
}

function seccomp({ hasSeccomp }: MachineFacts): Check {
  return hasSeccomp
    ? ok('seccomp', 'system calls are filtered')
    : missing('seccomp', 'this kernel filters no system calls', 'apt-get install linux-image-amd64 && reboot');
}

function userNamespaces({ maxUserNamespaces }: MachineFacts): Check {
  if (maxUserNamespaces !== null && maxUserNamespaces > 0) return ok('user namespaces', `up to ${maxUserNamespaces}`);
  const fix = 'sysctl -w user.max_user_namespaces=28633';
  return advice('user namespaces', 'there are none, so no container can make one', fix);
}

const fewInstances = 128;
const fewWatches = 65_536;

function inotify({ inotify: { instances, watches } }: MachineFacts): Check {
  const detail = `${instances} instances, ${watches} watches for each user`;
  const fixes = [
    ...(instances < fewInstances ? [`fs.inotify.max_user_instances=${fewInstances * 4}`] : []),
    ...(watches < fewWatches ? [`fs.inotify.max_user_watches=${fewWatches * 8}`] : []),
  ];
  if (fixes.length === 0) return ok('inotify', detail);
  return advice('inotify', `${detail}: few for many projects or large trees`, `sysctl -w ${fixes.join(' ')}`);
}

const leastFreeBytes = 256 * 1024 * 1024;
const scarceBytes = 2 * 1024 * 1024 * 1024;

function disk({ disk: { path, freeBytes, freeInodes, totalInodes } }: MachineFacts): Check {
  // btrfs and others do not count inodes.
  const areInodesScarce = totalInodes > 0 && freeInodes < totalInodes / 50;
  const detail = `${formatBytes(freeBytes)} free at ${path}${areInodesScarce ? `, and only ${freeInodes} inodes` : ''}`;
  const fix = 'tscompose image prune';
  if (freeBytes < leastFreeBytes || areInodesScarce) return missing('disk', detail, fix);
  return freeBytes < scarceBytes ? advice('disk', detail, fix) : ok('disk', detail);
}

function firewalls({ forwardChains }: MachineFacts): Check {
  const name = 'other firewalls';
  const others = forwardChains.filter(({ table }) => !table.startsWith('tscompose'));
  const dropping = others.filter(({ policy }) => policy === 'drop');
  const foreign = dropping.find(({ table, chain }) => !(table === 'filter' && chain === 'FORWARD'));
  if (foreign !== undefined) {
    const { family, table, chain } = foreign;
    const rule = `insert rule ${family} ${table} ${chain}`;
    const detail = `${family} ${table} ${chain} drops what it does not know, packets of containers too`;
    return advice(name, detail, `nft '${rule} iifname "br-*" accept; ${rule} oifname "br-*" accept'`);
  }
  const known = [
    ...(dropping.length > 0 ? ["iptables' FORWARD drops, and ends with rules of ours"] : []),
    ...(others.some(({ table }) => table === 'firewalld') ? ['firewalld is passed by a queue'] : []),
  ];
  return ok(name, known.length === 0 ? 'none is in the way' : known.join('; '));
}
