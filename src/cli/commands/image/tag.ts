import { absent } from '../../../image/store/store.ts';
import { defineCommand } from '../../command.ts';
import { withImageStore } from '../../image-store.ts';

export const imageTag = defineCommand({
  name: 'image tag',
  summary: 'Give an image another name',
  operands: { usage: 'IMAGE NAME', min: 2, max: 2 },
  options: {},
  settings: (_values, [source = '', name = '']) => ({ source, name }),
  async run({ source, name }, context) {
    await withImageStore(context, async (store) => {
      await using lease = await store.lease();
      const target = store.find(source);
      if (target === null) throw absent(source);
      lease.protect(target.digest);
      store.tag(name, target);
    });
    return 0;
  },
});
