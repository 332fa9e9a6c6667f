/** What commands that start containers need built first. */
import { openImageStore } from '../../image/store/store.ts';
import type { Project } from '../../model/project.ts';
import { ComposeError } from '../../util/errors.ts';
import type { Context } from '../context.ts';
import { mannerOf } from '../globals.ts';
import type { BuildSettings } from '../images.ts';
import { progressForm } from '../progress.ts';
import { buildServices, imageNameOf, isBuilt } from './services.ts';

/** Builds images of `services` that are missing, or that their policy says to build. */
export async function ensureBuilt(
  loaded: { readonly project: Project; readonly variables: Readonly<Record<string, string>> },
  services: Iterable<string>,
  { build, isQuiet }: BuildSettings,
  context: Context,
): Promise<void> {
  const { project } = loaded;
  const { nameSeparator } = mannerOf(context.globals);
  const needed: string[] = [];
  {
    using store = openImageStore(context.paths);
    for (const name of services) {
      const service = project.services[name];
      if (service === undefined || !isBuilt(service)) continue;
      const isMissing = store.find(imageNameOf(project, name, nameSeparator)) === null;
      if (build === 'never' && isMissing) {
        const message = `service ${name}: image ${imageNameOf(project, name, nameSeparator)} is not on this machine, and is not to be built`;
        throw new ComposeError('IMAGE_NOT_FOUND', message, { path: ['services', name, 'build'] });
      }
      if (isMissing || (service.pull_policy === 'build' && build !== 'never')) needed.push(name);
    }
  }
  if (needed.length === 0) return;
  const form = isQuiet ? 'quiet' : progressForm(context);
  const settings = {
    buildArguments: new Map<string, string>(),
    noCache: false,
    isPulling: false,
    ssh: [],
    form,
  } as const;
  await buildServices(loaded, needed, settings, context);
}
