import { pruneBuildCache } from '../../../build/prune-cache.ts';
import { pruneImages } from '../../../image/store/prune.ts';
import { formatImageSize } from '../../../model/bytes.ts';
import { native } from '../../../native/binding.ts';
import { ComposeError } from '../../../util/errors.ts';
import { defineCommand } from '../../command.ts';
import { imagesInUse, withImageStore } from '../../image-store.ts';
import { confirm } from '../../prompt.ts';

export const imagePrune = defineCommand({
  name: 'image prune',
  summary: 'Remove images that nothing uses',
  options: {
    all: { type: 'boolean', short: 'a', description: 'All that no container uses, not only those without a name' },
    buildCache: { type: 'boolean', description: 'Also what builds remember, cache mounts included' },
    force: { type: 'boolean', short: 'f', description: 'Do not ask' },
  },
  settings: ({ all, force, buildCache }) => ({
    scope: all ? ('all' as const) : ('dangling' as const),
    buildCache: buildCache ? ('forgotten' as const) : ('kept' as const),
    isForced: force ?? false,
  }),
  async run({ scope, buildCache, isForced }, context) {
    if (!isForced) {
      if (!context.stdin.isTTY) {
        throw new ComposeError('USAGE', 'image prune asks before it removes', {
          hint: 'without a terminal, give --force',
        });
      }
      const which = scope === 'all' ? 'all images that no container uses' : 'all images without a name';
      if (!(await confirm(`Remove ${which}?`, context))) return 0;
    }
    const inUse = new Set(imagesInUse(context).keys());
    const { untagged, deleted, layers, reclaimedBytes } = await withImageStore(context, async (store) => {
      if (buildCache === 'forgotten') await pruneBuildCache(context.paths, store, native());
      return await pruneImages(store, { inUse, scope });
    });
    const { stdout } = context;
    for (const name of untagged) stdout.write(`Untagged: ${name}\n`);
    for (const id of deleted) stdout.write(`Deleted: ${id}\n`);
    for (const diffId of layers) stdout.write(`Deleted: layer ${diffId}\n`);
    stdout.write(`Total reclaimed space: ${formatImageSize(reclaimedBytes)}\n`);
    return 0;
  },
});
