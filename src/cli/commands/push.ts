import { canonicalName } from '../../image/store/store.ts';
import type { Project } from '../../model/project.ts';
import { withDependencies } from '../../plan/graph.ts';
import { defineCommand } from '../command.ts';
import { loadProject } from '../load-project.ts';
import { pushImages } from '../push.ts';
import { checkServices } from '../services.ts';

export const push = defineCommand({
  name: 'push',
  summary: 'Send the images of services to their registries',
  operands: { usage: '[SERVICE...]' },
  options: {
    ignorePushFailures: { type: 'boolean', description: 'Go on when an image cannot be sent' },
    includeDeps: { type: 'boolean', description: 'Also those that the named services depend on' },
    quiet: { type: 'boolean', short: 'q', description: 'Show no progress' },
  },
  settings: ({ ignorePushFailures, includeDeps, quiet }, services) => ({
    services,
    includesDependencies: includeDeps ?? false,
    failures: ignorePushFailures ? ('warn' as const) : ('stop' as const),
    isQuiet: quiet ?? false,
  }),
  async run({ services, includesDependencies, failures, isQuiet }, context) {
    const { project } = await loadProject(context, services);
    checkServices(new Set(Object.keys(project.services)), services);
    const chosen =
      includesDependencies && services.length > 0 ? withDependencies(project.services, services) : services;
    const images = imagesToPush(project, [...chosen], (name, reason) => {
      if (!isQuiet) context.stderr.write(`Service ${name}  Skipped: ${reason}\n`);
    });
    if (context.globals.dryRun) {
      for (const image of images) context.stderr.write(`DRY-RUN MODE -  Image ${image}  Pushed\n`);
      return 0;
    }
    await pushImages(images, { isQuiet, failures }, context);
    return 0;
  },
});

/** Of services that are built and say what the result is called, as Compose has it; each name once. */
function imagesToPush(
  project: Project,
  services: readonly string[],
  skip: (service: string, reason: string) => void,
): readonly string[] {
  const images = new Map<string, string>();
  for (const [name, service] of Object.entries(project.services)) {
    if (services.length > 0 && !services.includes(name)) continue;
    if (service.build === undefined) skip(name, 'it is not built here');
    else if (service.image === undefined) skip(name, 'it has no image to name what is built');
    else for (const image of [service.image, ...(service.build.tags ?? [])]) images.set(canonicalName(image), image);
  }
  return [...images.values()];
}
