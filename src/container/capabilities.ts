import { ComposeError } from '../util/errors.ts';

/** In the order of their numbers (linux/capability.h): index = bit. */
export const capabilityNames = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
] as const;

/** Docker's fourteen (../shared/security, docker-default). */
export const defaultCapabilities: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

/** Names of the bits set in a hexadecimal mask such as CapBnd of /proc/self/status (proc(5)). */
export function parseCapabilityMask(hexadecimal: string): string[] {
  const mask = BigInt(`0x${hexadecimal.trim()}`);
  return capabilityNames.filter((_, bit) => (mask >> BigInt(bit)) & 1n);
}

/**
 * The container's capabilities from cap_add and cap_drop: with or without `CAP_`, any case, `ALL` understood; what is
 * added wins over what is dropped, as in Docker. `bounding` is what this machine can give. Throws INVALID for a name
 * that does not exist.
 */
export function resolveCapabilities(options: {
  readonly add: readonly string[];
  readonly drop: readonly string[];
  readonly isPrivileged: boolean;
  readonly bounding: readonly string[];
}): string[] {
  if (options.isPrivileged) return [...options.bounding];
  const add = new Set(options.add.map(canonicalName));
  const drop = new Set(options.drop.map(canonicalName));
  const base = add.has('ALL') ? options.bounding : defaultCapabilities;
  const kept = drop.has('ALL') ? [] : base.filter((name) => !drop.has(name));
  const added = [...add].filter((name) => name !== 'ALL');
  const wanted = new Set([...(add.has('ALL') && drop.has('ALL') ? options.bounding : kept), ...added]);
  return capabilityNames.filter((name) => wanted.has(name) && options.bounding.includes(name));
}

function canonicalName(name: string): string {
  const upper = name.toUpperCase();
  if (upper === 'ALL') return upper;
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (!(capabilityNames as readonly string[]).includes(full)) {
    throw new ComposeError('INVALID', `there is no capability ${name}`, { hint: 'see capabilities(7) for the names' });
  }
  return full;
}
