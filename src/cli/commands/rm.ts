import { defaultSettings } from '../../model/settings.ts';
import type { ObservedContainer } from '../../plan/observed.ts';
import { defineCommand } from '../command.ts';
import { containersOf, isActive, observeProject } from '../observation.ts';
import { confirm } from '../prompt.ts';
import { apply, openProjectOrName } from '../session.ts';

export const rm = defineCommand({
  name: 'rm',
  summary: 'Remove stopped containers',
  operands: { usage: '[SERVICE...]' },
  options: {
    force: { type: 'boolean', short: 'f', description: 'Do not ask' },
    stop: { type: 'boolean', short: 's', description: 'Stop running containers first' },
    volumes: { type: 'boolean', short: 'v', description: 'Also their anonymous volumes' },
    all: { type: 'boolean', short: 'a', hidden: true, description: 'Without effect' },
  },
  settings: ({ force, stop, volumes }, services) => ({
    consent: force ? ('given' as const) : ('asked' as const),
    apply: { ...defaultSettings('rm'), services, stopFirst: stop ?? false, removeVolumes: volumes ?? false },
  }),
  async run(settings, context) {
    const { services, stopFirst } = settings.apply;
    await using session = await openProjectOrName(context, { services, supervisor: 'start' });
    const observed = await observeProject(session.projectName, context);
    const names = containersOf(observed, services)
      .filter((container: ObservedContainer) => stopFirst || !isActive(container))
      .map(({ record }) => record.name)
      .sort();
    if (names.length === 0) {
      context.stderr.write('No stopped containers\n');
      return 0;
    }
    context.stdout.write(`Going to remove ${names.join(', ')}\n`);
    if (settings.consent === 'asked' && !(await confirm('Are you sure?', context))) return 0;
    await apply(session, settings.apply, context);
    return 0;
  },
});
