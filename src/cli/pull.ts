import { carryOutPulls, imageNeeds } from '../engine/pull.ts';
import { isRootfsReference } from '../image/rootfs.ts';
import type { Project } from '../model/project.ts';
import { planPulls } from '../plan/images.ts';
import type { Context } from './context.ts';
import { mannerOf } from './globals.ts';
import { withImageStore } from './image-store.ts';
import { showProgress } from './progress.ts';

export interface PullSettings {
  readonly isQuiet: boolean;
  /** Whether an image that cannot be pulled is only warned about. */
  readonly failures: 'stop' | 'warn';
}

/** Pulls the images of `services` that their policies want pulled, showing the progress. */
export async function pullServices(
  project: Project,
  services: Iterable<string>,
  settings: PullSettings,
  context: Context,
): Promise<void> {
  const names = [...services].filter((name) => !isRootfsReference(project.services[name]?.image ?? ''));
  if (names.length === 0) return;
  const { environment, signal, clock, globals } = context;
  const { nameSeparator, parallel } = mannerOf(globals);
  await withImageStore(context, async (store) => {
    const needs = imageNeeds(project, names, { store, environment, nameSeparator });
    const plan = planPulls(needs, clock.now().getTime());
    if (plan.nodes.length === 0) return;
    const run = { store, environment, signal, parallel, failures: settings.failures, clock: () => clock.now() };
    await showProgress(carryOutPulls(plan, run), context, { form: settings.isQuiet ? 'quiet' : undefined });
  });
}
