import { defaultSettings } from '../../model/settings.ts';
import { selectedServices } from '../../plan/selection.ts';
import { defineCommand } from '../command.ts';
import { ensureImages } from '../images.ts';
import { parseScale } from '../services.ts';
import { apply, openProject } from '../session.ts';

const asServicesSay = { pull: null, build: 'policy', isQuiet: false, isPullQuiet: false } as const;

export const scale = defineCommand({
  name: 'scale',
  summary: 'Set how many containers services have',
  operands: { usage: 'SERVICE=NUMBER...', min: 1 },
  options: { noDeps: { type: 'boolean', description: 'Do not start what the services depend on' } },
  settings({ noDeps }, specifiers) {
    const counts = parseScale(specifiers);
    return {
      ...defaultSettings('scale'),
      services: Object.keys(counts),
      scale: counts,
      dependencies: noDeps ? ('exclude' as const) : ('include' as const),
    };
  },
  async run(settings, context) {
    await using session = await openProject(context, { services: settings.services, supervisor: 'start' });
    const needed = selectedServices(session.project.services, settings);
    await ensureImages(session, needed, asServicesSay, context);
    await apply(session, settings, context);
    return 0;
  },
});
