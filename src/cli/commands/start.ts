import { defaultSettings } from '../../model/settings.ts';
import { defineCommand } from '../command.ts';
import { apply, openProjectOrName } from '../session.ts';

export const start = defineCommand({
  name: 'start',
  summary: 'Start containers that exist',
  operands: { usage: '[SERVICE...]' },
  options: {
    wait: { type: 'boolean', description: 'Return when they are running or healthy' },
    waitTimeout: { type: 'integer', value: 'SECONDS', description: 'How long --wait waits at most' },
  },
  settings: ({ wait, waitTimeout }, services) => ({
    ...defaultSettings('start'),
    services,
    wait: wait ? ('healthy' as const) : ('started' as const),
    waitTimeoutMs: waitTimeout === undefined || waitTimeout <= 0 ? null : waitTimeout * 1000,
  }),
  async run(settings, context) {
    await using session = await openProjectOrName(context, { services: settings.services, supervisor: 'start' });
    await apply(session, settings, context);
    return 0;
  },
});
