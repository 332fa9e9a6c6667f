import { readFileSync } from 'node:fs';
import { cgroupVersion } from '../util/machine.ts';
import { parseCapabilityMask } from './capabilities.ts';

/** What this machine can give a container. */
export interface HostFacts {
  readonly cgroupVersion: 1 | 2;
  /** Capabilities in our own bounding set: no container can have more. */
  readonly boundingCapabilities: readonly string[];
  readonly arch: string;
}

/** Reads the facts once; they do not change while we run. */
export function readHostFacts(): HostFacts {
  const status = readFileSync('/proc/self/status', 'utf8');
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return {
    cgroupVersion: cgroupVersion(),
    boundingCapabilities: parseCapabilityMask(bounding),
    arch: process.arch,
  };
}
