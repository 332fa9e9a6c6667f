import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { ContainerDriver } from '../../../src/container/container-driver.ts';
import type { Binding, FileLock } from '../../../src/native/binding.ts';
import { pathsUnder } from '../../../src/state/paths.ts';

describe('the container driver', () => {
  it('starts a container once its last monitor has let go, which may come after it said that it is over', async () => {
    const directory = mkdtempSync('/tmp/tsc-driver-');
    const steps: string[] = [];
    const held = Promise.withResolvers<FileLock>();
    const native = {
      flock: async () => null,
      waitForLock: () => ({ lock: held.promise, abandon() {} }),
      openForkServer: async () => ({
        fork: async () => {
          steps.push('started');
          return '{"ok":true,"pid":7}';
        },
        close() {},
      }),
    } as unknown as Binding;
    const paths = pathsUnder(`${directory}/lib`, `${directory}/run`);
    const driver = new ContainerDriver({ paths, native, monitorExecutable: '/monitor' });
    const started = driver.start('a'.repeat(64));
    held.resolve({ fd: 3, release: () => steps.push('released') });
    assert.deepEqual(await started, { pid: 7 });
    assert.deepEqual(steps, ['released', 'started']);
    rmSync(directory, { recursive: true });
  });
});
