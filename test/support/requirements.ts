import { existsSync } from 'node:fs';
import { release } from 'node:os';

/** True where every controller is in one cgroup v2 tree; false with v1, hybrid or not. */
export const isUnifiedCgroup = existsSync('/sys/fs/cgroup/cgroup.controllers');

/** PIDFD_GET_INFO tells how a process ended to others than its parent since Linux 6.15 (ioctl_pidfd(2)). */
const [major = 0, minor = 0] = release().split('.').map(Number);
export const tellsExitOfStrangers = major > 6 || (major === 6 && minor >= 15);

/**
 * Skips the running test or suite where the machine lacks what somebody could provide: root, a package, set-up. Under
 * TSCOMPOSE_TEST_STRICT=1 that is a failure.
 */
export function require(context: Mocha.Context, isThere: boolean, what: string): void {
  if (isThere) return;
  if (process.env.TSCOMPOSE_TEST_STRICT === '1') throw new Error(`this machine lacks ${what}`);
  console.log(`      lacks ${what}`);
  context.skip();
}

/**
 * Skips the running test where the kernel cannot do what it asks for, as an observation of this kernel shows, not its
 * version. That is no failure as long as the test passes in another lane (scripts/lanes.ts).
 */
export function requireKernel(context: Mocha.Context, isAble: boolean, what: string): void {
  if (isAble) return;
  Object.assign(context.runnable(), { kernelLacks: what });
  context.skip();
}

/** Defines a suite on machines with this version of cgroups only. */
export function describeOn(version: 'v1' | 'v2', title: string, body: () => void): void {
  if ((version === 'v2') === isUnifiedCgroup) describe(title, body);
}
