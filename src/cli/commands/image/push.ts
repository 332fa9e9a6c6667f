import { parsePlatform } from '../../../image/platform.ts';
import { pushImage } from '../../../image/push.ts';
import { defineCommand } from '../../command.ts';
import { withImageStore } from '../../image-store.ts';
import { pushReporter } from '../../push-progress.ts';
import { openRegistries } from '../../registry-client.ts';

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
    using client = await openRegistries(context);
    const reporter = isQuiet ? { report() {}, close() {} } : pushReporter(name, context);
    try {
      const { digest } = await withImageStore(context, (store) =>
        pushImage(store, client, name, { ...options, signal: context.signal, report: reporter.report }),
      );
      context.stdout.write(`${digest}\n`);
    } finally {
      reporter.close();
    }
    return 0;
  },
});
