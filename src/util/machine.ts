import { statfsSync } from 'node:fs';

const cgroup2Magic = 0x63677270; // statfs(2), CGROUP2_SUPER_MAGIC

/** The version of cgroups that limits are set with here. Where there are none nothing runs, and files can still be read. */
export function cgroupVersion(): 1 | 2 {
  try {
    return statfsSync('/sys/fs/cgroup').type === cgroup2Magic ? 2 : 1;
  } catch {
    return 2;
  }
}

/** This machine as `platform` names it: `linux/amd64`. */
export function platform(): string {
  return `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`;
}
