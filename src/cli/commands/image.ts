import { defineGroup } from '../command-group.ts';

/** One file a verb in `image/`, in the order in which the help shows them. */
export const image = defineGroup({
  name: 'image',
  summary: 'Work with images',
  aliases: { list: 'ls', remove: 'rm' },
  commands: {
    ls: async () => (await import('./image/ls.ts')).imageLs,
    export: async () => (await import('./image/export.ts')).imageExport,
    import: async () => (await import('./image/import.ts')).imageImport,
    load: async () => (await import('./image/load.ts')).imageLoad,
    push: async () => (await import('./image/push.ts')).imagePush,
    save: async () => (await import('./image/save.ts')).imageSave,
    pull: async () => (await import('./image/pull.ts')).imagePull,
    rm: async () => (await import('./image/rm.ts')).imageRm,
    build: async () => (await import('./image/build.ts')).imageBuild,
    inspect: async () => (await import('./image/inspect.ts')).imageInspect,
    history: async () => (await import('./image/history.ts')).imageHistory,
    prune: async () => (await import('./image/prune.ts')).imagePrune,
    verify: async () => (await import('./image/verify.ts')).imageVerify,
    tag: async () => (await import('./image/tag.ts')).imageTag,
  },
});
