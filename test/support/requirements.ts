import { existsSync } from 'node:fs';

/** True where every controller is in one cgroup v2 tree; false with v1, hybrid or not. */
export const isUnifiedCgroup = existsSync('/sys/fs/cgroup/cgroup.controllers');

/**
 * Skips the running test where the machine lacks something, with the reason; under TSCOMPOSE_TEST_STRICT=1 that is a
 * failure. What belongs to one cgroup version only is not a lack: define such a test with describeOn.
 */
export function require(context: Mocha.Context, isThere: boolean, what: string): void {
  if (isThere) return;
  if (process.env.TSCOMPOSE_TEST_STRICT === '1') throw new Error(`this machine lacks ${what}`);
  console.log(`      lacks ${what}`);
  context.skip();
}

/** Defines a suite on machines with this version of cgroups only. */
export function describeOn(version: 'v1' | 'v2', title: string, body: () => void): void {
  if ((version === 'v2') === isUnifiedCgroup) describe(title, body);
}
