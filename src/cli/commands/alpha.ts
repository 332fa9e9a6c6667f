/** Commands of Docker Compose that have nothing to stand on here. */
import { defineGroup } from '../command-group.ts';
import { defineRefusal } from '../refusal.ts';

export const alpha = defineGroup({
  name: 'alpha',
  summary: 'Experiments of Docker Compose',
  hidden: true,
  commands: {
    generate: async () => defineRefusal('alpha generate', 'the containers of other programs are not ours to read'),
    publish: async () => (await import('./publish.ts')).publish,
    viz: async () => defineRefusal('alpha viz', 'graphs are not drawn; plan --format json has every dependency'),
  },
});

export const bridge = defineRefusal(
  'bridge',
  'its transformers are images for other platforms; they read config --format json',
);
