import { defaultSettings } from '../../model/settings.ts';
import { defineCommand } from '../command.ts';
import { isTruthy } from '../environment.ts';
import { apply, openProjectOrName } from '../session.ts';

export const kill = defineCommand({
  name: 'kill',
  summary: 'Send a signal to running containers',
  operands: { usage: '[SERVICE...]' },
  options: {
    removeOrphans: { type: 'boolean', description: 'Also containers of services that are not in the file any more' },
    signal: { type: 'string', short: 's', value: 'SIGNAL', default: 'SIGKILL', description: 'Which signal' },
  },
  settings: ({ removeOrphans, signal }, services, environment) => ({
    ...defaultSettings('kill'),
    services,
    signal: signalName(signal ?? 'SIGKILL'),
    orphans:
      (removeOrphans ?? isTruthy(environment.COMPOSE_REMOVE_ORPHANS)) ? ('remove' as const) : ('ignore' as const),
  }),
  async run(settings, context) {
    await using session = await openProjectOrName(context, { services: settings.services, supervisor: 'start' });
    const plan = await apply(session, settings, context);
    if (plan !== undefined && plan.nodes.length === 0) context.stderr.write('no container to kill\n');
    return 0;
  },
});

/** `HUP` → `SIGHUP`; numbers stay, the core knows both. */
function signalName(text: string): string {
  const upper = text.toUpperCase();
  return upper.startsWith('SIG') || /^\d+$/.test(upper) ? upper : `SIG${upper}`;
}
