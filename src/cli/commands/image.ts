import { defineGroup } from '../command-group.ts';

/** One file a verb in `image/`, in the order in which the help shows them. */
export const image = defineGroup({
  name: 'image',
  summary: 'Work with images',
  aliases: { list: 'ls', remove: 'rm' },
  commands: {
    ls: async () => (await import('./image/ls.ts')).imageLs,
    rm: async () => (await import('./image/rm.ts')).imageRm,
    build: async () => (await import('./image/build.ts')).imageBuild,
    tag: async () => (await import('./image/tag.ts')).imageTag,
  },
});
