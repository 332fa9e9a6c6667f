import { resolve } from 'node:path';
import { nameOf, openInput } from '../../../image/archive/input.ts';
import { type LoadedImage, loadArchive } from '../../../image/archive/load.ts';
import { parsePlatform } from '../../../image/platform.ts';
import type { LayerProgress } from '../../../image/pull-layer.ts';
import { familiarName, parseReference } from '../../../image/reference.ts';
import type { LayerEvent } from '../../../model/events.ts';
import { ComposeError } from '../../../util/errors.ts';
import { defineCommand } from '../../command.ts';
import { withImageStore } from '../../image-store.ts';
import { runSteps } from '../../steps.ts';

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
  settings: ({ input, platform, quiet }) => ({
    input,
    isQuiet: quiet ?? false,
    options: platform === undefined ? {} : { platform: parsePlatform(platform) },
  }),
  async run({ input, isQuiet, options }, context) {
    const { stdin, stdout, signal, workingDirectory } = context;
    const path = input === undefined || input === '-' ? null : resolve(workingDirectory, input);
    if (path === null && stdin.isTTY === true) {
      throw new ComposeError('USAGE', 'there is nothing to load', { hint: 'name a file with --input' });
    }
    const loaded: LoadedImage[] = [];
    await withImageStore(context, async (store) => {
      const steps = {
        operation: 'loadImage',
        kind: 'image',
        texts: ['Loading', 'Loaded'],
        isQuiet,
        failures: 'stop',
      } as const;
      await runSteps([nameOf({ path, stdin })], steps, context, async (_name, report) => {
        const onLayer = (layer: LayerProgress) => report({ ...layer, status: statuses[layer.status] ?? layer.status });
        await using archive = await openInput({ path, stdin }, store.layout, signal);
        loaded.push(...(await loadArchive(store, archive, { ...options, signal, onLayer })));
      });
    });
    for (const { image, names } of loaded) {
      for (const name of names) stdout.write(`Loaded image: ${familiarName(parseReference(name))}\n`);
      if (names.length === 0) stdout.write(`Loaded image ID: ${image.id}\n`);
    }
    return 0;
  },
});

/** Nothing is downloaded: what is copied is on its way to be unpacked. */
const statuses: Partial<Record<LayerProgress['status'], LayerEvent['status']>> = {
  downloading: 'unpacking',
  done: 'loaded',
};
