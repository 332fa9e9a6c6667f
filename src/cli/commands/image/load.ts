import { resolve } from 'node:path';
import { openInput } from '../../../image/archive/input.ts';
import { loadArchive } from '../../../image/archive/load.ts';
import { parsePlatform } from '../../../image/platform.ts';
import { familiarName, parseReference } from '../../../image/reference.ts';
import { ComposeError } from '../../../util/errors.ts';
import { defineCommand } from '../../command.ts';
import { withImageStore } from '../../image-store.ts';

export const imageLoad = defineCommand({
  name: 'image load',
  summary: 'Read images from an archive of Docker, Podman or skopeo',
  options: {
    input: {
      type: 'string',
      short: 'i',
      value: 'FILE',
      description: 'Read this file or OCI layout, not standard input',
    },
    platform: { type: 'string', value: 'PLATFORM', description: 'Which variant of an image for several platforms' },
    quiet: { type: 'boolean', short: 'q', description: 'Print nothing but the names' },
  },
  settings: ({ input, platform }) => ({
    input,
    options: platform === undefined ? {} : { platform: parsePlatform(platform) },
  }),
  async run({ input, options }, context) {
    const { stdin, stdout, signal, workingDirectory } = context;
    const path = input === undefined || input === '-' ? null : resolve(workingDirectory, input);
    if (path === null && stdin.isTTY === true) {
      throw new ComposeError('USAGE', 'there is nothing to load', { hint: 'name a file with --input' });
    }
    await withImageStore(context, async (store) => {
      await using archive = await openInput({ path, stdin }, store.layout, signal);
      for (const { image, names } of await loadArchive(store, archive, { ...options, signal })) {
        for (const name of names) stdout.write(`Loaded image: ${familiarName(parseReference(name))}\n`);
        if (names.length === 0) stdout.write(`Loaded image ID: ${image.id}\n`);
      }
    });
    return 0;
  },
});
