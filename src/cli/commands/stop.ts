import { hasProviders, namedServices } from '../../model/providers.ts';
import { defaultSettings } from '../../model/settings.ts';
import { defineCommand } from '../command.ts';
import { withRecords } from '../observation.ts';
import { timeoutMs } from '../services.ts';
import { apply, openProjectOrName } from '../session.ts';

export const stop = defineCommand({
  name: 'stop',
  summary: 'Stop containers and keep them',
  operands: { usage: '[SERVICE...]' },
  options: {
    timeout: { type: 'integer', short: 't', value: 'SECONDS', description: 'How long they may take before SIGKILL' },
  },
  settings: ({ timeout }, services) => ({
    ...defaultSettings('stop'),
    services,
    stopTimeoutMs: timeoutMs(timeout),
  }),
  async run(settings, context) {
    await using session = await openProjectOrName(context, { services: settings.services, supervisor: 'start' });
    await apply(session, settings, context);
    const project =
      session.project ?? withRecords(context, (database) => database.project(session.projectName)?.project ?? null);
    if (project !== null && !context.globals.dryRun && hasProviders(project)) {
      const { askProviders } = await import('../providers.ts');
      await askProviders(project, namedServices(project, settings.services), 'stop', context);
    }
    return 0;
  },
});
