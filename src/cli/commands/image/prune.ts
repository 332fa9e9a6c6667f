import { pruneImages } from '../../../image/store/prune.ts';
import { formatBytes } from '../../../model/bytes.ts';
import { ComposeError } from '../../../util/errors.ts';
import { defineCommand } from '../../command.ts';
import { imagesInUse, withImageStore } from '../../image-store.ts';
import { confirm } from '../../prompt.ts';

export const imagePrune = defineCommand({
  name: 'image prune',
  summary: 'Remove images that nothing uses',
  options: {
    all: { type: 'boolean', short: 'a', description: 'All that no container uses, not only those without a name' },
    force: { type: 'boolean', short: 'f', description: 'Do not ask' },
  },
  settings: ({ all, force }) => ({ scope: all ? ('all' as const) : ('dangling' as const), isForced: force ?? false }),
  async run({ scope, isForced }, context) {
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
    const { untagged, deleted, layers, reclaimedBytes } = await withImageStore(context, (store) =>
      pruneImages(store, { inUse, scope }),
    );
    const { stdout } = context;
    for (const name of untagged) stdout.write(`Untagged: ${name}\n`);
    for (const id of deleted) stdout.write(`Deleted: ${id}\n`);
    for (const diffId of layers) stdout.write(`Deleted: layer ${diffId}\n`);
    stdout.write(`Total reclaimed space: ${formatBytes(reclaimedBytes)}\n`);
    return 0;
  },
});
