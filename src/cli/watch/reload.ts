/** The project's own files changed: what they say now is planned, shown and carried out. */
import { isDeepStrictEqual } from 'node:util';
import type { Project } from '../../model/project.ts';
import { hasProviders } from '../../model/providers.ts';
import type { ApplySettings } from '../../model/settings.ts';
import { selectedServices } from '../../plan/selection.ts';
import { buildServices, isBuilt } from '../build/services.ts';
import type { Context } from '../context.ts';
import { ensureImages, type ImageSettings, withImagePolicy } from '../images.ts';
import { loadProject } from '../load-project.ts';
import type { Session } from '../session.ts';
import type { WatchHost } from './watch.ts';
import { change } from './work.ts';

export interface ReloadSettings {
  readonly apply: ApplySettings;
  readonly images: ImageSettings;
}

/** Reads the project anew. Throws what is wrong with it. */
export async function readAgain(
  session: Session<Project>,
  { images }: ReloadSettings,
  services: readonly string[],
  context: Context,
): Promise<Session<Project>> {
  const loaded = await loadProject(context, services);
  return { ...session, ...loaded, project: withImagePolicy(loaded.project, images) };
}

/** Makes the world as the project says now; answers whether anything was done. */
export async function carryOut(
  /** The project that was carried out last, and whose Dockerfiles have changed since. */
  before: { readonly project: Project; readonly staleBuilds: ReadonlySet<string> },
  session: Session<Project>,
  settings: ReloadSettings,
  host: WatchHost,
  context: Context,
): Promise<boolean> {
  const apply = reloadSettings(settings.apply, session.project);
  const selected = selectedServices(session.project.services, apply);
  const own = { ...context, signal: host.signal };
  await ensureImages(session, selected, { ...settings.images, isPullQuiet: host.buildForm === 'quiet' }, own);
  const builds = [...selected].filter((name) => {
    const service = session.project.services[name];
    if (service === undefined || !isBuilt(service)) return false;
    const earlier = before.project.services[name];
    return before.staleBuilds.has(name) || (earlier !== undefined && !isDeepStrictEqual(earlier.build, service.build));
  });
  if (builds.length > 0) {
    const build = { buildArguments: new Map<string, string>(), noCache: false, isPulling: false, ssh: [] } as const;
    await buildServices(session, builds, { ...build, form: host.buildForm }, own);
  }
  let current = session;
  if (hasProviders(session.project)) {
    const { askProviders } = await import('../providers.ts');
    current = { ...session, project: await askProviders(session.project, selected, 'up', own) };
  }
  let isChanged = false;
  const seen: WatchHost = {
    ...host,
    report: (event) => {
      if (event.type === 'plan' && event.nodes.length > 0) {
        isChanged = true;
        host.tell({ type: 'planned', nodes: event.nodes });
      }
      host.report(event);
    },
  };
  await change(current, apply, seen, context);
  return isChanged;
}

/** What an `up` was told, but for what it was told to do once. */
function reloadSettings(settings: ApplySettings, { services }: Project): ApplySettings {
  return {
    ...settings,
    services: settings.services.filter((name) => services[name] !== undefined),
    recreate: 'diverged',
    recreateDependencies: 'diverged',
    replacement: 'start-first',
    wait: 'started',
    waitTimeoutMs: null,
  };
}
