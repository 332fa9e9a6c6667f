import { defaultSettings } from '../../model/settings.ts';
import { defineCommand } from '../command.ts';
import { apply, openProjectOrName } from '../session.ts';

export const unpause = defineCommand({
  name: 'unpause',
  summary: 'Thaw containers that were paused',
  operands: { usage: '[SERVICE...]' },
  options: {},
  settings: (_values, services) => ({ ...defaultSettings('unpause'), services }),
  async run(settings, context) {
    await using session = await openProjectOrName(context, { services: settings.services, supervisor: 'start' });
    await apply(session, settings, context);
    return 0;
  },
});
