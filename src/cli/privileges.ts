import { readFileSync } from 'node:fs';
import { capabilityNames } from '../model/capability.ts';
import { ComposeError } from '../util/errors.ts';

const needed = ['CAP_NET_ADMIN', 'CAP_SYS_ADMIN'] as const;

/** Namespaces, mounts and links are made with these; without them nothing is begun. Throws NO_PERMISSION, `WHO root`. */
export function requirePrivileges(who: 'containers need' | 'builds need' | 'the files of an image need'): void {
  const [, mask = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  const effective = BigInt(`0x${mask}`);
  const missing = needed.filter((name) => !((effective >> BigInt(capabilityNames.indexOf(name))) & 1n));
  if (missing.length === 0) return;
  throw new ComposeError('NO_PERMISSION', `${who} root: this process has no ${missing.join(', ')}`, {
    hint: 'run the command with sudo',
  });
}
