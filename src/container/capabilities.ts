import { capabilityNames, fullCapabilityName } from '../model/capability.ts';
import { ComposeError } from '../util/errors.ts';

export { capabilityNames };

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
  if (name.toUpperCase() === 'ALL') return 'ALL';
  const full = fullCapabilityName(name);
  if (full === null) {
    throw new ComposeError('INVALID', `there is no capability ${name}`, { hint: 'see capabilities(7) for the names' });
  }
  return full;
}
