import { parsePlatform } from '../../../image/platform.ts';
import { defineCommand } from '../../command.ts';
import { pushImages } from '../../push.ts';

export const imagePush = defineCommand({
  name: 'image push',
  summary: 'Send an image to its registry',
  operands: { usage: 'NAME[:TAG]', min: 1, max: 1 },
  options: {
    platform: { type: 'string', value: 'PLATFORM', description: 'Only this variant of an image for several platforms' },
    quiet: { type: 'boolean', short: 'q', description: 'Print nothing but the digest' },
  },
  settings: ({ platform, quiet }, [name = '']) => ({
    name,
    isQuiet: quiet ?? false,
    options: platform === undefined ? {} : { platform: parsePlatform(platform) },
  }),
  async run({ name, isQuiet, options }, context) {
    const [pushed] = await pushImages([name], { ...options, isQuiet, failures: 'stop' }, context);
    context.stdout.write(`${pushed?.digest ?? ''}\n`);
    return 0;
  },
});
