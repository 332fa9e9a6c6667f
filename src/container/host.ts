import { readFileSync, statfsSync } from 'node:fs';
import { parseCapabilityMask } from './capabilities.ts';

/** What this machine can give a container. */
export interface HostFacts {
  readonly cgroupVersion: 1 | 2;
  /** Capabilities in our own bounding set: no container can have more. */
  readonly boundingCapabilities: readonly string[];
  readonly arch: string;
}

const cgroup2Magic = 0x63677270; // statfs(2), CGROUP2_SUPER_MAGIC

/** Reads the facts once; they do not change while we run. */
export function readHostFacts(): HostFacts {
  const status = readFileSync('/proc/self/status', 'utf8');
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return {
    cgroupVersion: statfsSync('/sys/fs/cgroup').type === cgroup2Magic ? 2 : 1,
    boundingCapabilities: parseCapabilityMask(bounding),
    arch: process.arch,
  };
}
