import { capabilityNames, fullCapabilityName } from '../model/capability.ts';
import { ComposeError, type ErrorPath } from '../util/errors.ts';
import { didYouMean } from '../util/nearest.ts';

export { capabilityNames };

/** Docker's fourteen (../shared/security, docker-default). */
const defaultCapabilities: readonly string[] = [
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
 * that does not exist, and for one that is asked for and cannot be given.
 */
export function resolveCapabilities(options: {
  readonly add: readonly string[];
  readonly drop: readonly string[];
  readonly isPrivileged: boolean;
  readonly bounding: readonly string[];
}): string[] {
  const names = (key: 'cap_add' | 'cap_drop', list: readonly string[]): Set<string> =>
    new Set(list.map((name, index) => canonicalName(name, [key, index])));
  const add = names('cap_add', options.add);
  const drop = names('cap_drop', options.drop);
  if (options.isPrivileged) return [...options.bounding];
  for (const [index, name] of options.add.entries()) {
    const full = canonicalName(name, []);
    if (full === 'ALL' || options.bounding.includes(full)) continue;
    throw new ComposeError('INVALID', `this machine cannot give capability ${name}`, {
      attribute: ['cap_add', index],
      hint: 'tscompose itself runs without it',
    });
  }
  const base = add.has('ALL') ? options.bounding : defaultCapabilities;
  const kept = drop.has('ALL') ? [] : base.filter((name) => !drop.has(name));
  const added = [...add].filter((name) => name !== 'ALL');
  const wanted = new Set([...(add.has('ALL') && drop.has('ALL') ? options.bounding : kept), ...added]);
  return capabilityNames.filter((name) => wanted.has(name) && options.bounding.includes(name));
}

function canonicalName(name: string, attribute: ErrorPath): string {
  if (name.toUpperCase() === 'ALL') return 'ALL';
  const full = fullCapabilityName(name);
  if (full === null) {
    const names = capabilityNames.map((known) => (/^cap_/i.test(name) ? known : known.slice('CAP_'.length)));
    const hint = didYouMean(name, names) ?? 'see capabilities(7) for the names';
    throw new ComposeError('INVALID', `there is no capability ${name}`, { attribute, hint });
  }
  return full;
}
