import type { Project } from '../../model/project.ts';
import { hasProviders } from '../../model/providers.ts';
import type { Service } from '../../model/service.ts';
import { defaultSettings } from '../../model/settings.ts';
import { selectedServices } from '../../plan/selection.ts';
import { LogFormat } from '../../ui/log-format.ts';
import { isBuilt } from '../build/services.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { mannerOf } from '../globals.ts';
import { ensureImages, imageSettings } from '../images.ts';
import { isColored, openProgress, progressForm } from '../progress.ts';
import { apply, openProject } from '../session.ts';
import { projectRules, requireWatchable } from '../watch/project-rules.ts';
import { watchProject } from '../watch/watch.ts';
import { formatWatchEvent } from '../watch-output.ts';

export const watch = defineCommand({
  name: 'watch',
  summary: 'Bring changes of files into containers, as develop.watch says',
  operands: { usage: '[SERVICE...]' },
  options: {
    noUp: { type: 'boolean', description: 'Do not build and start the services first' },
    prune: { type: 'boolean', default: true, description: 'Remove images that a rebuild leaves without a name' },
    quiet: { type: 'boolean', description: 'Build without progress' },
    watchConfig: {
      type: 'boolean',
      description: 'Also apply changes of the Compose files, .env, env files, configs, secrets, Dockerfiles',
    },
  },
  examples: [
    ['watch', 'build and start what is there, then follow the files'],
    ['watch --no-up web', 'follow the files of web, whose containers are there already'],
  ],
  settings: (values, services) => ({
    up: values.noUp ? ('left' as const) : ('first' as const),
    isQuiet: values.quiet ?? false,
    apply: { ...defaultSettings('up'), services },
    images: imageSettings({ pull: undefined, build: undefined, quietBuild: values.quiet }),
    services,
    oldImages: values.prune === false ? ('kept' as const) : ('pruned' as const),
    projectFiles: values.watchConfig ? ('watched' as const) : ('left' as const),
  }),
  async run({ up, isQuiet, ...settings }, context) {
    const { services } = settings;
    const since = context.clock.now();
    await using loaded = await openProject(context, { services, supervisor: 'start' });
    const wanted = { ...settings.apply, manner: mannerOf(context.globals) };
    let session = { ...loaded, project: up === 'first' ? withBuilds(loaded.project) : loaded.project };
    requireWatchable(session, settings);
    if (context.globals.dryRun) {
      if (up === 'first') await apply(session, wanted, context);
      showRules(session.project, services, session.origin.workingDirectory, context);
      return 0;
    }
    if (up === 'first') {
      const selected = selectedServices(session.project.services, wanted);
      await ensureImages(session, selected, settings.images, context);
      if (hasProviders(session.project)) {
        const { askProviders } = await import('../providers.ts');
        session = { ...session, project: await askProviders(session.project, selected, 'up', context) };
      }
      await apply(session, wanted, context);
    }
    // Only the first time: what changes later is built because it changed.
    session = { ...session, project: { ...session.project, services: loaded.project.services } };
    const { stdout, signal } = context;
    const isPainted = isColored(context, stdout);
    const format = new LogFormat({ prefix: 'none', timestamps: 'hidden', isColored: isPainted });
    const form = progressForm(context);
    // Progress that redraws itself would write over what is said in between.
    const lines = form === 'tty' ? 'plain' : form;
    const reporter = await openProgress(context, lines);
    try {
      await watchProject(
        session,
        { ...settings, since: up === 'first' ? since : context.clock.now() },
        {
          signal,
          tell: (event) => void stdout.write(formatWatchEvent(event, format, context, isPainted)),
          report: (event) => {
            reporter.report(event);
            if (event.type === 'output') stdout.write(`${event.source} -> ${event.text}\n`);
          },
          buildForm: isQuiet ? 'quiet' : lines,
        },
        { ...context, globals: { ...context.globals, progress: lines } },
      );
    } finally {
      await reporter.close();
    }
    signal.throwIfAborted();
    return 0;
  },
});

/** Services that are watched and built are built first, so that the containers begin with the files as they are. */
function withBuilds(project: Project): Project {
  const services = Object.entries(project.services).map(([name, service]): [string, Service] => [
    name,
    service.develop !== undefined && isBuilt(service) ? { ...service, pull_policy: 'build' } : service,
  ]);
  return { ...project, services: Object.fromEntries(services) };
}

function showRules(project: Project, services: readonly string[], directory: string, { stdout }: Context): void {
  const { rules, warnings } = projectRules(project, services, directory);
  for (const warning of warnings) stdout.write(`warning: ${warning}\n`);
  for (const { service, action, path, target } of rules) {
    stdout.write(`would watch ${path} for ${service}: ${action}${target === null ? '' : ` to ${target}`}\n`);
  }
}
