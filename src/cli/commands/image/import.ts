import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { changeConfig } from '../../../build/change.ts';
import { asSpaceError } from '../../../image/archive/input.ts';
import { createImage, layerOfArchive } from '../../../image/create.ts';
import { machine, parsePlatform } from '../../../image/platform.ts';
import { hasErrno } from '../../../util/errno.ts';
import { ComposeError } from '../../../util/errors.ts';
import { defineCommand } from '../../command.ts';
import { withImageStore } from '../../image-store.ts';

export const imageImport = defineCommand({
  name: 'image import',
  summary: 'Make an image of a file system in a tar archive',
  operands: { usage: 'FILE|- [NAME[:TAG]]', min: 1, max: 2 },
  options: {
    change: {
      type: 'strings',
      short: 'c',
      value: 'INSTRUCTION',
      description: 'Instruction of a Dockerfile; repeatable',
    },
    message: { type: 'string', short: 'm', value: 'TEXT', description: 'What the history says' },
    platform: { type: 'string', value: 'PLATFORM', description: 'What the image is for, such as linux/arm64' },
  },
  settings: ({ change, message, platform }, [file = '', name]) => ({
    file,
    name,
    config: changeConfig({}, change),
    message: message ?? `Imported from ${file}`,
    platform: platform === undefined ? machine() : parsePlatform(platform),
  }),
  async run({ file, name, config, message, platform }, context) {
    const { signal, stdin, stdout, clock, workingDirectory } = context;
    const path = file === '-' ? null : resolve(workingDirectory, file);
    await withImageStore(context, async (store) => {
      await using lease = await store.lease();
      const spool = join(store.layout.ingest, `import-${randomUUID()}`);
      try {
        const target = await open(spool, 'wx', 0o600);
        await pipeline(path === null ? stdin : createReadStream(path), target.createWriteStream(), { signal });
        const layer = await layerOfArchive(store, lease, spool, signal);
        const created = { base: null, layer, config, platform, created: clock.now(), comment: message };
        const image = await createImage(store, lease, created);
        if (name !== undefined) store.tag(name, image.descriptor);
        stdout.write(`${image.id}\n`);
      } catch (error) {
        if (hasErrno(error, 'ENOENT')) throw new ComposeError('FILE_NOT_FOUND', `there is no file ${file}`);
        throw asSpaceError(error, `read ${file}`);
      } finally {
        await unlink(spool).catch(() => {});
      }
    });
    return 0;
  },
});
