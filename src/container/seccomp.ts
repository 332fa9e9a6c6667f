import type { OciSeccomp, OciSyscall } from './oci.ts';
import profile from './seccomp-default.json' with { type: 'json' };

interface ProfileRule {
  readonly action: string;
  readonly names: readonly string[];
  readonly errnoRet?: number;
  readonly args?: OciSyscall['args'];
  readonly arches?: readonly string[];
  readonly ifCapability?: string;
  readonly unlessCapability?: string;
}

/** What libseccomp and Docker's profiles call an architecture, by `process.arch`: its own, with those that it also runs. */
export const seccompArchitectures: Readonly<
  Record<string, { readonly name: string; readonly all: readonly string[] }>
> = {
  x64: { name: 'amd64', all: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'] },
  arm64: { name: 'arm64', all: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'] },
};

const known = new Map<string, OciSeccomp>();

/** The default filter for a process with these capabilities on this architecture (`process.arch`). */
export function defaultSeccomp(capabilities: readonly string[], arch: string): OciSeccomp {
  const key = `${arch} ${capabilities.join(' ')}`;
  let filter = known.get(key);
  if (filter === undefined) {
    filter = makeFilter(capabilities, arch);
    known.set(key, filter);
  }
  return filter;
}

function makeFilter(capabilities: readonly string[], arch: string): OciSeccomp {
  const machine = seccompArchitectures[arch];
  const rules = (profile.rules as readonly ProfileRule[]).filter(
    (rule) =>
      (rule.arches === undefined || (machine !== undefined && rule.arches.includes(machine.name))) &&
      (rule.ifCapability === undefined || capabilities.includes(rule.ifCapability)) &&
      (rule.unlessCapability === undefined || !capabilities.includes(rule.unlessCapability)),
  );
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: profile.errnoRet,
    ...(machine === undefined ? {} : { architectures: machine.all }),
    syscalls: [
      { names: profile.allowed, action: 'SCMP_ACT_ALLOW' },
      ...rules.map(({ names, action, errnoRet, args }) => ({
        names,
        action,
        ...(errnoRet === undefined ? {} : { errnoRet }),
        ...(args === undefined ? {} : { args }),
      })),
    ],
  };
}
