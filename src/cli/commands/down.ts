import { hasProviders, namedServices } from '../../model/providers.ts';
import { type ApplySettings, defaultSettings } from '../../model/settings.ts';
import { ComposeError } from '../../util/errors.ts';
import { defineCommand } from '../command.ts';
import { isTruthy } from '../environment.ts';
import { withRecords } from '../observation.ts';
import { timeoutMs } from '../services.ts';
import { apply, openProjectOrName } from '../session.ts';

export const down = defineCommand({
  name: 'down',
  summary: 'Stop and remove containers and networks',
  operands: { usage: '[SERVICE...]' },
  options: {
    removeOrphans: { type: 'boolean', description: 'Also containers of services that are not in the file any more' },
    timeout: { type: 'integer', short: 't', value: 'SECONDS', description: 'How long they may take before SIGKILL' },
    volumes: {
      type: 'boolean',
      short: 'v',
      aliases: ['volume'],
      description: 'Also named volumes of the file and anonymous ones',
    },
    rmi: { type: 'string', value: 'WHICH', description: 'Also images: local (without a name of their own) or all' },
  },
  settings: ({ removeOrphans, timeout, volumes, rmi }, services, environment): ApplySettings => ({
    ...defaultSettings('down'),
    services,
    orphans: (removeOrphans ?? isTruthy(environment.COMPOSE_REMOVE_ORPHANS)) ? 'remove' : 'warn',
    stopTimeoutMs: timeoutMs(timeout),
    removeVolumes: volumes ?? false,
    removeImages: imagesToRemove(rmi),
  }),
  async run(settings, context) {
    await using session = await openProjectOrName(context, { services: settings.services, supervisor: 'start' });
    const { removeImages } = settings;
    // What was applied last is forgotten with the containers.
    const stored = withRecords(context, (database) => database.project(session.projectName)?.project ?? null);
    const plan = await apply(session, settings, context);
    if (plan?.nodes.length === 0) {
      context.stderr.write(`warning: no resource found to remove for project ${JSON.stringify(session.projectName)}\n`);
    }
    const project = session.project ?? stored;
    if (project !== null && !context.globals.dryRun && hasProviders(project)) {
      const { askProviders } = await import('../providers.ts');
      await askProviders(project, namedServices(project, settings.services), 'down', context);
    }
    if (removeImages !== 'none' && project !== null && !context.globals.dryRun) {
      const { removeProjectImages } = await import('../remove-images.ts');
      await removeProjectImages(project, removeImages, context);
    }
    return 0;
  },
});

function imagesToRemove(which: string | undefined): ApplySettings['removeImages'] {
  if (which === undefined || which === '') return 'none';
  if (which === 'local' || which === 'all') return which;
  throw new ComposeError('USAGE', `invalid value for --rmi: ${JSON.stringify(which)}`, { hint: 'it is local or all' });
}
