import { readFileSync } from 'node:fs';
import { cgroupVersion } from '../util/machine.ts';
import { parseCapabilityMask } from './capabilities.ts';
import { type CgroupFacts, readCgroupFacts } from './cgroup-facts.ts';

/** What this machine can give a container. */
export interface HostFacts {
  readonly cgroupVersion: 1 | 2;
  /** Looked at when it is asked for first. */
  readonly cgroups: CgroupFacts;
  /** Capabilities in our own bounding set: no container can have more. */
  readonly boundingCapabilities: readonly string[];
  readonly arch: string;
  /** As uname(2) tells it. */
  readonly kernelRelease: string;
}

/** Reads the facts once; they do not change while we run. */
export function readHostFacts(): HostFacts {
  const status = readFileSync('/proc/self/status', 'utf8');
  let cgroups: CgroupFacts | undefined;
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return {
    cgroupVersion: cgroupVersion(),
    get cgroups() {
      cgroups ??= readCgroupFacts();
      return cgroups;
    },
    boundingCapabilities: parseCapabilityMask(bounding),
    arch: process.arch,
    kernelRelease: readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim(),
  };
}
