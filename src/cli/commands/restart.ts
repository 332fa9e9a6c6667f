import { defaultSettings } from '../../model/settings.ts';
import { defineCommand } from '../command.ts';
import { timeoutMs } from '../services.ts';
import { apply, openProjectOrName } from '../session.ts';

export const restart = defineCommand({
  name: 'restart',
  summary: 'Stop containers and start them again, as they are',
  operands: { usage: '[SERVICE...]' },
  options: {
    timeout: { type: 'integer', short: 't', value: 'SECONDS', description: 'How long they may take before SIGKILL' },
    noDeps: { type: 'boolean', description: 'Leave services alone that restart with the named ones' },
  },
  settings: ({ timeout, noDeps }, services) => ({
    ...defaultSettings('restart'),
    services,
    dependencies: noDeps ? ('exclude' as const) : ('include' as const),
    stopTimeoutMs: timeoutMs(timeout),
  }),
  async run(settings, context) {
    await using session = await openProjectOrName(context, { services: settings.services, supervisor: 'start' });
    await apply(session, settings, context);
    return 0;
  },
});
