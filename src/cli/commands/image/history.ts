import { formatImageSize } from '../../../model/bytes.ts';
import { formatAge } from '../../../ui/age.ts';
import { formatList } from '../../../ui/list.ts';
import { defineCommand } from '../../command.ts';
import { withImageStore } from '../../image-store.ts';

export const imageHistory = defineCommand({
  name: 'image history',
  summary: 'Show what an image was made by, latest first',
  operands: { usage: 'IMAGE', min: 1, max: 1 },
  options: {
    format: { type: 'string', value: 'FORMAT', description: 'table, json or a template' },
    noTrunc: { type: 'boolean', description: 'Whole commands' },
    quiet: { type: 'boolean', short: 'q', description: 'Only the ids of layers' },
  },
  settings: ({ format, noTrunc, quiet }, [name = '']) => ({
    name,
    format,
    isWhole: noTrunc ?? false,
    isQuiet: quiet ?? false,
  }),
  async run({ name, format, isWhole, isQuiet }, context) {
    const rows = await withImageStore(context, async (store) => {
      const { document } = await store.image(name);
      const { history = [], rootfs } = document;
      const layers = rootfs.diff_ids.values();
      const entries = history.length > 0 ? history : rootfs.diff_ids.map(() => ({}) as (typeof history)[number]);
      const now = context.clock.now().getTime();
      return entries
        .map(({ created, created_by = '', comment = '', empty_layer: isEmpty }) => {
          const diffId = isEmpty ? undefined : layers.next().value;
          const sizeBytes = diffId === undefined ? 0 : (store.catalog.layer(diffId)?.sizeBytes ?? 0);
          const ageMs = created === undefined ? Number.NaN : now - Date.parse(created);
          const command = created_by.replaceAll(/\s+/g, ' ');
          return {
            Layer: diffId?.slice('sha256:'.length, 19) ?? '<none>',
            CreatedSince: Number.isNaN(ageMs) ? 'N/A' : `${formatAge(Math.max(0, ageMs))} ago`,
            CreatedAt: created ?? 'N/A',
            CreatedBy: isWhole || command.length <= 45 ? command : `${command.slice(0, 44)}…`,
            Size: formatImageSize(sizeBytes),
            Comment: comment,
          };
        })
        .reverse();
    });
    if (isQuiet) context.stdout.write(rows.map(({ Layer }) => `${Layer}\n`).join(''));
    else {
      const columns = [
        ['LAYER', 'Layer'],
        ['CREATED', 'CreatedSince'],
        ['CREATED BY', 'CreatedBy'],
        ['SIZE', 'Size'],
        ['COMMENT', 'Comment'],
      ] as const;
      context.stdout.write(formatList(format, rows, { columns }));
    }
    return 0;
  },
});
