/** Where a build works, and what is taken away when it was killed there. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildContainerPrefix } from '../model/names.ts';
import type { Binding, FileLock } from '../native/binding.ts';
import { randomHex } from '../native/digest.ts';
import type { Paths } from '../state/paths.ts';

/**
 * `S/builds/<id>/` has one directory a step, `S/builds/<id>.lock` is held while the build lives. Its containers have the ids
 * `<id>-<number>`, so what a killed build leaves is found by name.
 */
export interface Workspace extends AsyncDisposable {
  readonly id: string;
  readonly directory: string;
  /** On a tmpfs: what it holds is on no disk. */
  readonly privateDirectory: string;
  /** A new directory for a step; `containerId` is that of the step's container, should it have one. */
  step(): { readonly directory: string; readonly containerId: string };
}

export async function openWorkspace(paths: Paths, native: Binding): Promise<Workspace> {
  const id = randomHex(6);
  const directory = join(paths.builds, id);
  mkdirSync(paths.builds, { recursive: true, mode: 0o711 });
  const lock = await lockNew(join(paths.builds, `${id}.lock`), native);
  mkdirSync(directory, { mode: 0o711 });
  const privateDirectory = join(paths.runDir, 'builds', id);
  mkdirSync(privateDirectory, { recursive: true, mode: 0o711 });
  let steps = 0;
  return {
    id,
    directory,
    privateDirectory,
    step() {
      const number = steps++;
      const own = join(directory, String(number));
      mkdirSync(own, { mode: 0o711 });
      return { directory: own, containerId: `${buildContainerPrefix}${id}-${number}` };
    },
    async [Symbol.asyncDispose]() {
      try {
        await removeMounts(directory, native);
        for (const each of [privateDirectory, directory]) await removeDirectory(each, native);
        rmSync(join(paths.builds, `${id}.lock`), { force: true });
      } finally {
        lock.release();
      }
    },
  };
}

/** A build that had nothing to do has nothing in it. */
async function removeDirectory(path: string, native: Binding): Promise<void> {
  try {
    rmdirSync(path);
  } catch {
    await native.removeTree(path);
  }
}

/** Ends and removes what builds have left that were killed. `removeNetwork` takes away the network of a build's id. */
export async function sweepBuilds(
  paths: Paths,
  native: Binding,
  removeNetwork: (buildId: string) => Promise<void>,
): Promise<void> {
  if (!existsSync(paths.builds)) return;
  const ids = new Set(readdirSync(paths.builds).map((name) => name.replace(/\.lock$/, '')));
  for (const id of ids) {
    const lockFile = join(paths.builds, `${id}.lock`);
    const lock = await native.flock(lockFile, { exclusive: true, nonblocking: true });
    if (lock === null) continue;
    try {
      const directory = join(paths.builds, id);
      for (const number of existsSync(directory) ? readdirSync(directory) : []) {
        await destroyContainer(`${buildContainerPrefix}${id}-${number}`, paths, native);
      }
      await removeNetwork(id);
      await removeMounts(directory, native);
      await native.removeTree(join(paths.runDir, 'builds', id));
      await native.removeTree(directory);
      await native.removeTree(lockFile);
    } finally {
      lock.release();
    }
  }
}

/** The OCI path of the cgroup of a build's container. */
export function buildCgroup(containerId: string): string {
  return `/tscompose/${containerId}`;
}

/** Ends a build's container with all that it has started. */
export async function destroyContainer(containerId: string, paths: Paths, native: Binding): Promise<void> {
  const cgroup = buildCgroup(containerId);
  if (native.cgroupExists(cgroup)) {
    await native.cgroupKill(cgroup);
    await native.cgroupRemove(cgroup);
  }
  const namespace = paths.networkNamespace(containerId);
  if (existsSync(namespace)) await native.unplug([namespace], [], []);
}

/** Sources of bind mounts are mounted in the workspace. */
async function removeMounts(directory: string, native: Binding): Promise<void> {
  const below = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? [])
    .filter((place) => place.startsWith(`${directory}/`));
  for (const place of below.reverse()) await native.unmount(place);
}

async function lockNew(path: string, native: Binding): Promise<FileLock> {
  for (;;) {
    // Nobody else knows the name but who sweeps, and to wait takes a thread.
    const lock =
      native.tryLock(path, { exclusive: true }) ?? (await native.flock(path, { exclusive: true, nonblocking: false }));
    // A sweep may have met the file before it was locked, and removed it.
    if (lock !== null && existsSync(path)) return lock;
    lock?.release();
  }
}
