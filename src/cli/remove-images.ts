import { isRootfsReference } from '../image/rootfs.ts';
import { collect } from '../image/store/collect.ts';
import { removeImage } from '../image/store/remove.ts';
import { imageName } from '../model/names.ts';
import type { Project } from '../model/project.ts';
import { ComposeError } from '../util/errors.ts';
import type { Context } from './context.ts';
import { mannerOf } from './globals.ts';
import { imagesInUse, withImageStore } from './image-store.ts';
import { openProgress } from './progress.ts';

/**
 * Removes images of a project: `local` are those that are built here and have no name of their own. One that is still
 * used is only warned about.
 */
export async function removeProjectImages(project: Project, which: 'local' | 'all', context: Context): Promise<void> {
  const { nameSeparator } = mannerOf(context.globals);
  const names = Object.entries(project.services)
    .filter(([, { image }]) => which === 'all' || image === undefined)
    .map(([name, service]) => imageName(project.name, name, service, nameSeparator))
    .filter((name) => !isRootfsReference(name));
  if (names.length === 0) return;
  const reporter = await openProgress(context);
  try {
    await withImageStore(context, async (store) => {
      for (const [index, name] of [...new Set(names)].entries()) {
        if (store.find(name) === null) continue;
        const step = {
          type: 'step',
          id: index,
          kind: 'image',
          resource: name,
          service: null,
          durationMs: null,
        } as const;
        const common = { ...step, operation: 'removeImage', cause: '--rmi', at: context.clock.now().toISOString() };
        reporter.report({ ...common, status: 'started', text: 'Removing', error: null });
        try {
          await removeImage(store, name, { inUse: imagesInUse(context), force: false });
          reporter.report({ ...common, status: 'done', text: 'Removed', error: null });
        } catch (error) {
          if (!(error instanceof ComposeError)) throw error;
          reporter.report({ type: 'warning', message: error.message });
          reporter.report({ ...common, status: 'done', text: 'Resource is still in use', error: null });
        }
      }
      await collect(store, { inUse: imagesInUse(context).keys(), partials: false });
    });
  } finally {
    await reporter.close();
  }
}
