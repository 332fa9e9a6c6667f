import { resolve } from 'node:path';
import { imagesToSave, saveArchive, saveDirectory } from '../../../image/archive/save.ts';
import { parsePlatform } from '../../../image/platform.ts';
import { checkOutput, streamArchive } from '../../archive-output.ts';
import { defineCommand } from '../../command.ts';
import { withImageStore } from '../../image-store.ts';

const forms = ['docker-archive', 'oci-archive', 'oci-dir'] as const;

export const imageSave = defineCommand({
  name: 'image save',
  summary: 'Write images to an archive that Docker, Podman and skopeo read',
  operands: { usage: 'IMAGE...', min: 1 },
  options: {
    output: { type: 'string', short: 'o', value: 'FILE', description: 'Write to a file instead of standard output' },
    format: {
      type: 'string',
      value: 'FORMAT',
      description: `${forms.join(', ')} (default ${forms[0]})`,
      choices: forms,
    },
    platform: {
      type: 'strings',
      value: 'PLATFORM',
      description: 'A variant of an image for several platforms; repeatable (default: all that are here)',
    },
  },
  settings: ({ output, format, platform }, names) => ({
    names,
    output,
    form: forms.find((form) => form === format) ?? 'docker-archive',
    platforms: platform.flatMap((text) => text.split(',')).map(parsePlatform),
  }),
  async run({ names, output, form, platforms }, context) {
    checkOutput(output, context);
    const path = output === undefined ? undefined : resolve(context.workingDirectory, output);
    await withImageStore(context, async (store) => {
      await using lease = await store.lease();
      const images = await imagesToSave(store, names, platforms);
      const all = images.flatMap(({ image, several }) => several?.images ?? [image]);
      lease.protect(...all.map(({ descriptor }) => descriptor.digest));
      if (form === 'oci-dir') await saveDirectory(store, images, path ?? resolve(context.workingDirectory, 'image'));
      else await streamArchive(path, context, saveArchive(store, images, form));
    });
    return 0;
  },
});
