import { carryOutPulls } from '../../../engine/pull.ts';
import { parsePlatform } from '../../../image/platform.ts';
import { familiarName, parseReference, withDefaultTag } from '../../../image/reference.ts';
import { planPulls } from '../../../plan/images.ts';
import { defineCommand } from '../../command.ts';
import { mannerOf } from '../../globals.ts';
import { withImageStore } from '../../image-store.ts';
import { showProgress } from '../../progress.ts';

export const imagePull = defineCommand({
  name: 'image pull',
  summary: 'Pull images from registries',
  operands: { usage: 'NAME...', min: 1 },
  options: {
    platform: { type: 'string', value: 'PLATFORM', description: 'Of an image for several, such as linux/arm64' },
    quiet: { type: 'boolean', short: 'q', description: 'Without progress' },
  },
  settings({ platform, quiet }, names, environment) {
    const wanted = platform ?? environment.DOCKER_DEFAULT_PLATFORM ?? '';
    if (wanted !== '') parsePlatform(wanted);
    return { names: names.map(wholeName), platform: wanted || null, isQuiet: quiet ?? false };
  },
  async run({ names, platform, isQuiet }, context) {
    const { environment, signal, clock, globals } = context;
    await withImageStore(context, async (store) => {
      const policy = { when: 'always' } as const;
      const needs = names.map((reference) => ({
        reference,
        service: '',
        platform,
        policy,
        isBuildable: false,
        found: null,
      }));
      const { parallel } = mannerOf(globals);
      const failures = 'stop' as const;
      const run = { store, environment, signal, parallel, failures, clock: () => clock.now() };
      const events = carryOutPulls(planPulls(needs, clock.now().getTime()), run);
      await showProgress(events, context, { form: isQuiet ? 'quiet' : undefined });
    });
    context.stdout.write(names.map((name) => `${name}\n`).join(''));
    return 0;
  },
});

function wholeName(name: string): string {
  return familiarName(withDefaultTag(parseReference(name)));
}
