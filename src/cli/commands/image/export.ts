import { resolve } from 'node:path';
import { machine, parsePlatform } from '../../../image/platform.ts';
import { writeLayer } from '../../../native/archive.ts';
import { checkOutput, writeArchive } from '../../archive-output.ts';
import { defineCommand } from '../../command.ts';
import { withImageStore } from '../../image-store.ts';
import { requirePrivileges } from '../../privileges.ts';

export const imageExport = defineCommand({
  name: 'image export',
  summary: "Write an image's file system as a tar archive",
  operands: { usage: 'IMAGE', min: 1, max: 1 },
  options: {
    output: { type: 'string', short: 'o', value: 'FILE', description: 'Write to a file instead of standard output' },
    platform: { type: 'string', value: 'PLATFORM', description: 'Which variant of an image for several platforms' },
  },
  settings: ({ output, platform }, [name = '']) => ({
    name,
    output,
    platform: platform === undefined ? machine() : parsePlatform(platform),
  }),
  async run({ name, output, platform }, context) {
    checkOutput(output, context);
    // Layers are merged by a mount.
    requirePrivileges('the files of an image need');
    const { signal, workingDirectory } = context;
    await withImageStore(context, async (store) => {
      await using lease = await store.lease();
      const { layers, digest } = await store.resolveImage(name, platform);
      lease.protect(digest);
      const options = { form: 'tree', compression: 'none', sourceDateEpoch: null, signal } as const;
      const path = output === undefined ? undefined : resolve(workingDirectory, output);
      await writeArchive(path, (fd) => writeLayer(layers, fd, options));
    });
    return 0;
  },
});
