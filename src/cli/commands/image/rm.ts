import { familiarName, parseReference } from '../../../image/reference.ts';
import { collect } from '../../../image/store/collect.ts';
import { removeImage } from '../../../image/store/remove.ts';
import { ComposeError, joinErrors } from '../../../util/errors.ts';
import { defineCommand } from '../../command.ts';
import { imagesInUse, withImageStore } from '../../image-store.ts';

export const imageRm = defineCommand({
  name: 'image rm',
  summary: 'Remove images',
  operands: { usage: 'IMAGE...', min: 1 },
  options: {
    force: { type: 'boolean', short: 'f', description: 'Also an image with several names, by its id' },
  },
  settings: ({ force }, names) => ({ names, force: force ?? false }),
  async run({ names, force }, context) {
    const inUse = imagesInUse(context);
    const errors: ComposeError[] = [];
    await withImageStore(context, async (store) => {
      for (const name of names) {
        try {
          const { untagged, deleted } = await removeImage(store, name, { inUse, force });
          const lines = [
            ...untagged.map((reference) => `Untagged: ${familiarName(parseReference(reference))}\n`),
            ...deleted.map((id) => `Deleted: ${id}\n`),
          ];
          context.stdout.write(lines.join(''));
        } catch (error) {
          if (!(error instanceof ComposeError)) throw error;
          errors.push(error);
        }
      }
      await collect(store, { inUse: imagesInUse(context).keys(), partials: false });
    });
    if (errors.length > 0) throw joinErrors(errors);
    return 0;
  },
});
