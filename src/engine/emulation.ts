import { existsSync } from 'node:fs';
import { formatPlatform, machine, parsePlatform } from '../image/platform.ts';
import { ComposeError } from '../util/errors.ts';

/** What a processor runs of others by itself. */
const relatives: Readonly<Record<string, readonly string[]>> = { amd64: ['386'], arm64: ['arm'] };

/** As QEMU names them where they differ. */
const qemuNames: Readonly<Record<string, string>> = { amd64: 'x86_64', '386': 'i386', arm64: 'aarch64' };

/**
 * Refuses a platform that this machine cannot run: UNSUPPORTED. The kernel may have an interpreter for programs of other
 * architectures (binfmt_misc), under the names that QEMU's packages give them.
 */
export function checkPlatform(platform: string): void {
  const { os, architecture } = parsePlatform(platform);
  const own = machine();
  const runs = [own.architecture, ...(relatives[own.architecture] ?? [])];
  if (os === own.os && (runs.includes(architecture) || hasInterpreter(architecture))) return;
  const message = `platform ${platform} does not run on this machine, which is ${formatPlatform(own)}`;
  throw new ComposeError('UNSUPPORTED', message, {
    hint: 'leave `platform` out, or install an emulator: qemu-user-static and binfmt-support',
  });
}

function hasInterpreter(architecture: string): boolean {
  return existsSync(`/proc/sys/fs/binfmt_misc/qemu-${qemuNames[architecture] ?? architecture}`);
}
