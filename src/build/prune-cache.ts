/** Takes away what builds remember. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageStore } from '../image/store/store.ts';
import type { Binding } from '../native/binding.ts';
import type { Paths } from '../state/paths.ts';
import { cacheOwner } from './cache.ts';

/**
 * Forgets all results, and empties the directories of `--mount=type=cache` that no build is using. The layers are the
 * store's to collect then.
 */
export async function pruneBuildCache(paths: Paths, store: ImageStore, native: Binding): Promise<void> {
  // The directories stay: a build may be about to write into them.
  for (const directory of ['steps', 'texts', 'files'].map((name) => join(paths.buildCache, name))) {
    for (const name of namesIn(directory)) await native.removeTree(join(directory, name));
  }
  store.catalog.unpin(cacheOwner);
  const mounts = join(paths.buildCache, 'mounts');
  for (const name of namesIn(mounts)) {
    if (!name.endsWith('.lock')) continue;
    const lock = await native.flock(join(mounts, name), { exclusive: true, nonblocking: true });
    if (lock === null) continue;
    const directory = join(mounts, name.slice(0, -'.lock'.length));
    for (const each of [directory, `${directory}.new`]) await native.removeTree(each);
    lock.release();
  }
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}
