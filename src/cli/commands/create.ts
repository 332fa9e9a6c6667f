import { hasProviders } from '../../model/providers.ts';
import { type ApplySettings, defaultSettings } from '../../model/settings.ts';
import { selectedServices } from '../../plan/selection.ts';
import { defineCommand, refuseTogether } from '../command.ts';
import { isTruthy } from '../environment.ts';
import { ensureImages, imageOptions, imageSettings, withImagePolicy } from '../images.ts';
import { checkServices, parseScale } from '../services.ts';
import { apply, openProject } from '../session.ts';

export const create = defineCommand({
  name: 'create',
  summary: 'Create containers, and do not start them',
  operands: { usage: '[SERVICE...]' },
  options: {
    ...imageOptions,
    forceRecreate: { type: 'boolean', description: 'Replace every container, changed or not' },
    noRecreate: { type: 'boolean', description: 'Leave existing containers as they are' },
    removeOrphans: { type: 'boolean', description: 'Remove containers of services that are not in the file any more' },
    scale: { type: 'strings', value: 'SERVICE=N', description: 'How many containers a service has; repeatable' },
    yes: { type: 'boolean', short: 'y', aliases: ['y'], description: 'Answer every question with yes' },
  },
  settings(values, services, environment) {
    refuseTogether(values, 'build', 'noBuild');
    refuseTogether(values, 'forceRecreate', 'noRecreate');
    const removesOrphans = values.removeOrphans ?? isTruthy(environment.COMPOSE_REMOVE_ORPHANS);
    const settings: ApplySettings = {
      ...defaultSettings('create'),
      services,
      recreate: values.noRecreate ? 'never' : values.forceRecreate ? 'force' : 'diverged',
      recreateDependencies: values.noRecreate ? 'never' : 'diverged',
      orphans: removesOrphans ? 'remove' : 'warn',
      scale: parseScale(values.scale),
      divergedVolumes: values.yes ? 'recreate' : 'keep',
    };
    return { apply: settings, images: imageSettings(values) };
  },
  async run({ apply: settings, images }, context) {
    await using session = await openProject(context, { services: settings.services, supervisor: 'start' });
    checkServices(new Set(Object.keys(session.project.services)), Object.keys(settings.scale));
    const wanted = { ...session, project: withImagePolicy(session.project, images) };
    await ensureImages(wanted, selectedServices(wanted.project.services, settings), images, context);
    if (hasProviders(wanted.project)) {
      const { askProviders } = await import('../providers.ts');
      wanted.project = await askProviders(
        wanted.project,
        selectedServices(wanted.project.services, settings),
        'up',
        context,
      );
    }
    await apply(wanted, settings, context);
    return 0;
  },
});
