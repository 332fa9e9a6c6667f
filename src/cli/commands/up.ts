import { hasProviders } from '../../model/providers.ts';
import { type ApplySettings, defaultSettings, type Recreate } from '../../model/settings.ts';
import { selectedServices } from '../../plan/selection.ts';
import { ComposeError } from '../../util/errors.ts';
import type { ApprovedPlan } from '../approval.ts';
import type { AttachSettings } from '../attached/scope.ts';
import { defineCommand, refuseTogether } from '../command.ts';
import { isTruthy } from '../environment.ts';
import { mannerOf } from '../globals.ts';
import { ensureImages, imageOptions, imageSettings, withImagePolicy } from '../images.ts';
import { checkServices, parseScale, timeoutMs } from '../services.ts';
import { apply, openProject } from '../session.ts';

const detaching = ['abortOnContainerExit', 'abortOnContainerFailure', 'attach', 'attachDependencies', 'watch'] as const;

export const up = defineCommand({
  name: 'up',
  summary: 'Create and start containers',
  operands: { usage: '[SERVICE...]' },
  options: {
    detach: { type: 'boolean', short: 'd', description: 'Leave them in the background and return' },
    ...imageOptions,
    quietBuild: { type: 'boolean', description: 'Build without progress' },
    removeOrphans: { type: 'boolean', description: 'Remove containers of services that are not in the file any more' },
    scale: { type: 'strings', value: 'SERVICE=N', description: 'How many containers a service has; repeatable' },
    noColor: { type: 'boolean', description: 'No colours' },
    noLogPrefix: { type: 'boolean', description: 'No names before the lines' },
    timestamps: { type: 'boolean', description: 'Show when each line was printed' },
    forceRecreate: { type: 'boolean', description: 'Replace every container, changed or not' },
    noRecreate: { type: 'boolean', description: 'Leave existing containers as they are' },
    alwaysRecreateDeps: { type: 'boolean', description: 'Replace dependencies of the named services too' },
    renewAnonVolumes: { type: 'boolean', short: 'V', description: 'New anonymous volumes for new containers' },
    noStart: { type: 'boolean', description: 'Create, and do not start' },
    noDeps: { type: 'boolean', description: 'Leave dependencies of the named services alone' },
    abortOnContainerExit: { type: 'boolean', description: 'Stop everything when one container exits' },
    abortOnContainerFailure: { type: 'boolean', description: 'Stop everything when one container fails' },
    exitCodeFrom: { type: 'string', value: 'SERVICE', description: "Exit with this service's code; stops on any exit" },
    timeout: {
      type: 'integer',
      short: 't',
      value: 'SECONDS',
      description: 'How long stopping may take before SIGKILL',
    },
    attach: { type: 'strings', value: 'SERVICE', description: 'Only the logs of this service; repeatable' },
    noAttach: { type: 'strings', value: 'SERVICE', description: 'Not the logs of this service; repeatable' },
    attachDependencies: { type: 'boolean', description: 'Also the logs of dependencies' },
    wait: { type: 'boolean', description: 'Return when all are running or healthy; implies --detach' },
    waitTimeout: { type: 'integer', value: 'SECONDS', description: 'How long --wait waits at most' },
    watch: { type: 'boolean', short: 'w', description: 'Follow changes of files, as develop.watch says' },
    watchConfig: {
      type: 'boolean',
      default: true,
      description:
        'With --watch: also apply changes of the Compose files, .env, env files, configs, secrets, Dockerfiles',
    },
    menu: { type: 'boolean', description: 'Show the state of the stack below the logs (default on a terminal)' },
    ask: { type: 'boolean', description: 'Show the plan and ask before carrying it out' },
    planHash: {
      type: 'string',
      value: 'HASH',
      description: 'Carry out this plan alone: the hash of plan --format json',
    },
    yes: { type: 'boolean', short: 'y', aliases: ['y'], description: 'Answer every question with yes' },
  },
  settings(values, services, environment) {
    refuseTogether(values, 'abortOnContainerExit', 'abortOnContainerFailure');
    refuseTogether(values, 'forceRecreate', 'noRecreate');
    refuseTogether(values, 'alwaysRecreateDeps', 'noRecreate');
    refuseTogether(values, 'renewAnonVolumes', 'noRecreate');
    refuseTogether(values, 'attach', 'attachDependencies');
    refuseTogether(values, 'build', 'noBuild');
    refuseTogether(values, 'noBuild', 'watch');
    refuseTogether(values, 'wait', ...detaching);
    refuseTogether(values, 'detach', ...detaching);
    const ignoresOrphans = isTruthy(environment.COMPOSE_IGNORE_ORPHANS);
    const removesOrphans = values.removeOrphans ?? isTruthy(environment.COMPOSE_REMOVE_ORPHANS);
    if (ignoresOrphans && removesOrphans) {
      throw new ComposeError('USAGE', 'COMPOSE_IGNORE_ORPHANS and --remove-orphans are incompatible');
    }
    if ((values.waitTimeout ?? 0) < 0) {
      throw new ComposeError('USAGE', `--wait-timeout must not be negative, and is ${values.waitTimeout}`);
    }
    const settings: ApplySettings = {
      ...defaultSettings(values.noStart ? 'create' : 'up'),
      services,
      dependencies: values.noDeps ? 'exclude' : 'include',
      recreate: recreateFrom(values),
      recreateDependencies: values.noRecreate ? 'never' : values.alwaysRecreateDeps ? 'force' : 'diverged',
      anonymousVolumes: values.renewAnonVolumes ? 'renew' : 'inherit',
      orphans: removesOrphans ? 'remove' : ignoresOrphans ? 'ignore' : 'warn',
      scale: parseScale(values.scale),
      stopTimeoutMs: timeoutMs(values.timeout),
      wait: values.wait ? 'healthy' : 'started',
      waitTimeoutMs: values.waitTimeout ? values.waitTimeout * 1000 : null,
      divergedVolumes: values.yes ? 'recreate' : 'keep',
    };
    const attach: AttachSettings = {
      only: values.attach,
      except: values.noAttach,
      dependencies: values.attachDependencies ? 'shown' : 'hidden',
      abortOn: abortFrom(values),
      exitCodeFrom: values.exitCodeFrom || null,
      color: values.noColor ? 'never' : 'auto',
      prefix: values.noLogPrefix ? 'none' : 'name',
      timestamps: values.timestamps ? 'shown' : 'hidden',
      watch: values.watch ? 'on' : 'off',
      projectFiles: values.watchConfig === false ? 'left' : 'watched',
      menu: (values.menu ?? isTruthy(environment.COMPOSE_MENU || 'true')) ? 'shown' : 'hidden',
    };
    return {
      apply: settings,
      images: imageSettings(values),
      approval: values.ask ? (values.yes ? ('given' as const) : ('asked' as const)) : ('none' as const),
      planHash: values.planHash || null,
      mode: values.detach || values.wait || values.noStart ? ('detached' as const) : ('attached' as const),
      attach,
    };
  },
  async run(settings, context) {
    const { images, mode, attach } = settings;
    const { services, scale } = settings.apply;
    if (context.globals.dryRun) {
      const { showPlan } = await import('../show-plan.ts');
      return await showPlan({ settings: settings.apply, form: 'text' }, context);
    }
    await using loaded = await openProject(context, { services, supervisor: 'start' });
    checkServices(new Set(Object.keys(loaded.project.services)), [...Object.keys(scale), ...attach.only]);
    const session = { ...loaded, project: withImagePolicy(loaded.project, images) };
    if (Object.keys(session.project.services).length === 0 && !context.globals.allResources) {
      throw new ComposeError('NO_SERVICE', 'no service selected');
    }
    const selected = selectedServices(session.project.services, settings.apply);
    await ensureImages(session, selected, images, context);
    const wanted = { ...settings.apply, manner: mannerOf(context.globals) };
    let plan: ApprovedPlan = { expectedPlanHash: settings.planHash, expectedPlan: [] };
    if (settings.approval !== 'none') {
      const { askForPlan } = await import('../approval.ts');
      const approved = await askForPlan(session, wanted, settings.approval, context);
      if (approved === null) return 1;
      plan = settings.planHash === null ? approved : plan;
    }
    if (hasProviders(session.project)) {
      const { askProviders } = await import('../providers.ts');
      session.project = await askProviders(session.project, selected, 'up', context);
      // What they tell was not known to who agreed.
      if (settings.planHash === null) plan = { expectedPlanHash: null, expectedPlan: [] };
    }
    if (mode === 'attached') {
      const { attachedUp } = await import('../attached/up.ts');
      return await attachedUp(session, wanted, attach, plan, images, context);
    }
    await apply(session, wanted, context, { plan });
    return 0;
  },
});

function recreateFrom(values: {
  readonly forceRecreate: boolean | undefined;
  readonly noRecreate: boolean | undefined;
  readonly renewAnonVolumes: boolean | undefined;
}): Recreate {
  if (values.noRecreate) return 'never';
  return values.forceRecreate || values.renewAnonVolumes ? 'force' : 'diverged';
}

function abortFrom(values: {
  readonly abortOnContainerExit: boolean | undefined;
  readonly abortOnContainerFailure: boolean | undefined;
  readonly exitCodeFrom: string | undefined;
}): AttachSettings['abortOn'] {
  if (values.abortOnContainerFailure) return 'failure';
  return values.abortOnContainerExit || values.exitCodeFrom ? 'exit' : 'never';
}
