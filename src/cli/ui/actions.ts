/** What the full-screen view can do to the stack, in words of the commands that do the same. */
import { readFile } from 'node:fs/promises';
import { execProcess, readAccounts } from '../../container/exec-process.ts';
import { MonitorClient } from '../../container/monitor-client.ts';
import type { OciSpec } from '../../container/oci.ts';
import { type ApplySettings, defaultSettings } from '../../model/settings.ts';
import type { ObservedContainer } from '../../plan/observed.ts';
import { selectedServices } from '../../plan/selection.ts';
import type { Effect } from '../../ui/full/effects.ts';
import type { Context } from '../context.ts';
import { ensureImages, type ImageSettings } from '../images.ts';
import { apply, openProject, openProjectOrName } from '../session.ts';
import { bridge } from '../stream.ts';

type Apply = Extract<Effect, { type: 'apply' | 'scale' }>;

const asServicesSay: ImageSettings = { pull: null, build: 'policy', isQuiet: false, isPullQuiet: false };

/** Carries it out, the way the command of that name does; `context` has the stream that shows the progress. */
export async function carryOut(effect: Apply, context: Context): Promise<void> {
  if (effect.type === 'scale') {
    const { service, count } = effect;
    const scale = { [service]: count };
    return await applyWithImages({ ...defaultSettings('scale'), services: [service], scale }, asServicesSay, context);
  }
  const { action, services } = effect;
  if (action === 'up') {
    return await applyWithImages({ ...defaultSettings('up'), services }, asServicesSay, context);
  }
  if (action === 'rebuild') return await rebuild(services, context);
  await using session = await openProjectOrName(context, { services, supervisor: 'start' });
  await apply(session, { ...defaultSettings(action), services }, context);
}

async function applyWithImages(settings: ApplySettings, images: ImageSettings, context: Context): Promise<void> {
  const { services } = settings;
  await using session = await openProject(context, { services, supervisor: 'start' });
  await ensureImages(session, selectedServices(session.project.services, settings), images, context);
  await apply(session, settings, context);
}

/** A failing build leaves what runs alone: it comes first. */
async function rebuild(services: readonly string[], context: Context): Promise<void> {
  await using session = await openProject(context, { services, supervisor: 'start' });
  const { buildServices, isBuilt } = await import('../build/services.ts');
  const named = services.length > 0 ? services : Object.keys(session.project.services);
  const built = named.filter((name) => {
    const service = session.project.services[name];
    return service !== undefined && isBuilt(service);
  });
  if (built.length === 0) {
    context.stderr.write('no image is built for it\n');
    return;
  }
  const settings = { buildArguments: new Map(), noCache: false, isPulling: false, ssh: [], form: 'plain' } as const;
  await buildServices(session, built, settings, context);
  await apply(session, { ...defaultSettings('up'), services: built, dependencies: 'exclude' }, context);
}

/** The best shell that is there. */
const shell = ['/bin/sh', '-c', 'exec "$(command -v bash || command -v ash || echo sh)"'];

/** A shell in a container, on this terminal, until it ends. */
export async function runShell({ record, state }: ObservedContainer, context: Context): Promise<number> {
  const paths = context.paths.container(record.id);
  const spec = JSON.parse(await readFile(paths.config, 'utf8')) as OciSpec;
  const settings = { args: shell, environment: {}, user: null, workingDir: null, terminal: true };
  const process = execProcess(spec, settings, await readAccounts(state.pid ?? 0));
  const stream = await new MonitorClient(paths.socket).exec({ process, privileged: false }, { signal: context.signal });
  return await bridge(stream, { terminal: true, stdin: 'attached', signals: 'forwarded' }, context);
}
