/** What the full-screen view can do to the stack, in words of the commands that do the same. */
import { readFile } from 'node:fs/promises';
import { execProcess, readAccounts } from '../../container/exec-process.ts';
import { MonitorClient } from '../../container/monitor-client.ts';
import type { OciSpec } from '../../container/oci.ts';
import { defaultSettings } from '../../model/settings.ts';
import type { ObservedContainer } from '../../plan/observed.ts';
import type { Effect } from '../../ui/full/effects.ts';
import { ComposeError } from '../../util/errors.ts';
import type { Command } from '../command.ts';
import type { Context } from '../context.ts';
import { apply, openProject } from '../session.ts';
import { bridge } from '../stream.ts';

type Apply = Extract<Effect, { type: 'apply' | 'scale' }>;

/** Carries it out with the command of that name; `context` has the stream that shows the progress. */
export async function carryOut(effect: Apply, context: Context): Promise<void> {
  if (effect.type === 'scale') {
    const { scale } = await import('../commands/scale.ts');
    await scale.execute(['--', `${effect.service}=${effect.count}`], context);
    return;
  }
  const { action, services } = effect;
  if (action === 'rebuild') return await rebuild(services, context);
  const command = await commandOf(action);
  await command.execute([...(action === 'up' ? ['--detach'] : []), '--', ...services], context);
}

async function commandOf(action: 'up' | 'start' | 'stop' | 'restart'): Promise<Command> {
  switch (action) {
    case 'up':
      return (await import('../commands/up.ts')).up;
    case 'start':
      return (await import('../commands/start.ts')).start;
    case 'stop':
      return (await import('../commands/stop.ts')).stop;
    case 'restart':
      return (await import('../commands/restart.ts')).restart;
  }
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
    throw new ComposeError('USAGE', `nothing to build: ${services.join(', ') || 'no service'} has no build section`);
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
