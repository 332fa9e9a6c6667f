/** `RUN --mount=type=cache`: directories that stay between builds. */
import { chmodSync, chownSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { lockPath, tryLockPath } from '../image/store/lock.ts';
import type { FileLock } from '../native/binding.ts';
import { sha256 } from '../native/digest.ts';
import type { StepMount } from './graph/steps.ts';
import type { RunMountInput } from './run-mounts.ts';

/** Locks what one command mounts, until the stack is disposed of. Directories by the mounts' ids. */
export async function openCaches(
  input: RunMountInput,
  stack: AsyncDisposableStack,
): Promise<ReadonlyMap<string, string>> {
  const byName = new Map<string, StepMount>();
  for (const mount of input.mounts) {
    if (mount.type !== 'cache') continue;
    const name = sha256(mount.id).slice(0, 32);
    const other = byName.get(name);
    // One command may mount one cache twice; what it asks for most strictly holds.
    if (other === undefined || strictness[mount.sharing] > strictness[other.sharing]) byName.set(name, mount);
  }
  const directories = new Map<string, string>();
  // In one order everywhere: two commands would else wait for each other.
  for (const name of [...byName.keys()].sort()) {
    const mount = byName.get(name) as StepMount;
    directories.set(mount.id, await openCache(input, mount, name, stack));
  }
  return directories;
}

const strictness = { shared: 0, private: 1, locked: 2 };

async function openCache(
  input: RunMountInput,
  mount: StepMount,
  name: string,
  stack: AsyncDisposableStack,
): Promise<string> {
  const parent = join(input.paths.buildCache, 'mounts');
  mkdirSync(parent, { recursive: true, mode: 0o711 });
  const isShared = mount.sharing === 'shared';
  for (let attempt = 0; ; ) {
    const directory = join(parent, attempt === 0 ? name : `${name}-${attempt}`);
    const lockFile = `${directory}.lock`;
    if (isShared && !existsSync(directory)) {
      await fillShared(input, mount, directory, lockFile);
      continue;
    }
    const lock = await lockOf(lockFile, mount, input.signal);
    if (lock === null) {
      attempt += 1; // a private one that is in use is not waited for: there is another one
      continue;
    }
    if (isShared) {
      if (existsSync(directory)) {
        stack.defer(() => lock.release());
        return directory;
      }
      lock.release(); // pruned before the lock was had
      continue;
    }
    using held = new DisposableStack();
    held.defer(() => lock.release());
    await fillCache(input, mount, directory);
    stack.use(held.move());
    return directory;
  }
}

/**
 * Fills it, or waits for who does: with a lock that he who then uses it has too, because to have it alone would mean to wait
 * until all have ended.
 */
async function fillShared(input: RunMountInput, mount: StepMount, directory: string, lockFile: string): Promise<void> {
  const alone = tryLockPath(lockFile);
  const lock = alone ?? (await lockPath(lockFile, input.signal, false));
  try {
    if (alone !== null) await fillCache(input, mount, directory);
  } finally {
    lock.release();
  }
}

async function lockOf(path: string, mount: StepMount, signal: AbortSignal): Promise<FileLock | null> {
  return mount.sharing === 'private' ? tryLockPath(path) : await lockPath(path, signal, mount.sharing === 'locked');
}

/** Whole or not at all, should this process be killed meanwhile. The exclusive lock is held. */
async function fillCache({ native, layersOf }: RunMountInput, mount: StepMount, directory: string): Promise<void> {
  if (existsSync(directory)) return;
  const beside = `${directory}.new`;
  await native.removeTree(beside);
  mkdirSync(beside, { recursive: true });
  if (mount.from.kind === 'scratch') {
    chownSync(beside, mount.uid ?? 0, mount.gid ?? 0);
    chmodSync(beside, mount.mode ?? 0o755);
  } else {
    await native.copyFromLayers(await layersOf(mount.from), mount.source, beside);
  }
  renameSync(beside, directory);
}
