import { sizeToBytes } from '../../model/bytes.ts';
import { withDependencies } from '../../plan/graph.ts';
import { ComposeError } from '../../util/errors.ts';
import { buildServices, imageNameOf, isBuilt } from '../build/services.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { mannerOf } from '../globals.ts';
import { type LoadedForCommand, loadProject } from '../load-project.ts';
import { progressForm } from '../progress.ts';
import { checkServices } from '../services.ts';
import { buildArgumentsOf } from './image/build.ts';

export const build = defineCommand({
  name: 'build',
  summary: 'Build the images of services',
  operands: { usage: '[SERVICE...]' },
  options: {
    buildArg: { type: 'strings', value: 'NAME[=VALUE]', description: 'A build argument; repeatable' },
    noCache: { type: 'boolean', description: 'Make every step anew' },
    pull: { type: 'boolean', description: 'Look for newer base images' },
    push: { type: 'boolean', description: 'Push each image once it is built' },
    quiet: { type: 'boolean', short: 'q', description: 'No progress' },
    ssh: { type: 'string', value: 'ID[=SOCKET]', description: 'An agent for RUN --mount=type=ssh' },
    withDependencies: { type: 'boolean', description: 'Also what the named services depend on' },
    memory: { type: 'string', short: 'm', value: 'SIZE', description: 'Accepted, without effect, as in Compose' },
    builder: { type: 'string', value: 'NAME', description: 'Accepted, without effect: there is one builder' },
    provenance: { type: 'string', value: 'WHAT', description: 'Accepted, without effect: there are no attestations' },
    sbom: { type: 'string', value: 'WHAT', description: 'Accepted, without effect: there are no attestations' },
    check: { type: 'boolean', description: 'Read the Dockerfiles, tell what is wrong, and build nothing' },
    print: { type: 'boolean', description: 'Show what would be built, as JSON' },
    parallel: { type: 'boolean', hidden: true, description: 'Accepted, without effect' },
    compress: { type: 'boolean', hidden: true, description: 'Accepted, without effect' },
    forceRm: { type: 'boolean', hidden: true, description: 'Accepted, without effect' },
    noRm: { type: 'boolean', hidden: true, description: 'Accepted, without effect' },
    progress: { type: 'string', hidden: true, value: 'MODE', description: 'Use the global --progress' },
  },
  settings(values, services) {
    if (values.memory !== undefined && sizeToBytes(values.memory) === undefined) {
      throw new ComposeError('USAGE', `--memory: ${JSON.stringify(values.memory)} is not a size`);
    }
    return {
      services,
      dependencies: values.withDependencies ? ('include' as const) : ('exclude' as const),
      buildArguments: values.buildArg,
      noCache: values.noCache ?? false,
      isPulling: values.pull ?? false,
      isPushing: values.push ?? false,
      ssh: values.ssh ? [values.ssh] : [],
      isQuiet: values.quiet ?? values.progress === 'quiet',
      mode: values.print ? ('print' as const) : values.check ? ('check' as const) : ('build' as const),
    };
  },
  async run(settings, context) {
    const { services, isQuiet, mode } = settings;
    const loaded = await loadProject(context, services);
    const { project } = loaded;
    checkServices(new Set(Object.keys(project.services)), services);
    const all = Object.keys(project.services);
    const meant =
      services.length === 0
        ? all
        : settings.dependencies === 'include'
          ? [...withDependencies(project.services, services)]
          : services;
    const names = meant.filter((name) => isBuilt(project.services[name]!)).sort();
    if (mode === 'print' || context.globals.dryRun) {
      const shown = names.map((name) => [name, project.services[name]?.build]);
      context.stdout.write(`${JSON.stringify(Object.fromEntries(shown), null, 2)}\n`);
      return 0;
    }
    if (names.length === 0) {
      if (!isQuiet) context.stderr.write('no service is built\n');
      return 0;
    }
    const isSilent = isQuiet || context.globals.progress === 'quiet';
    const form = isSilent ? 'quiet' : progressForm(context);
    const buildArguments = buildArgumentsOf(settings.buildArguments, context.environment);
    const { noCache, isPulling, ssh } = settings;
    if (mode === 'check') {
      const { checkServiceBuilds } = await import('../build/check.ts');
      return checkServiceBuilds(loaded, names, { buildArguments, ssh }, context);
    }
    await buildServices(loaded, names, { buildArguments, noCache, isPulling, ssh, form }, context);
    if (settings.isPushing) await pushServices(loaded, names, isSilent, context);
    return 0;
  },
});

/** Sends what was built, under all its names. */
async function pushServices(
  { project }: LoadedForCommand,
  names: readonly string[],
  isSilent: boolean,
  context: Context,
): Promise<void> {
  const { nameSeparator } = mannerOf(context.globals);
  const references = names.flatMap((name) => [
    imageNameOf(project, name, nameSeparator),
    ...(project.services[name]?.build?.tags ?? []),
  ]);
  const { pushImages } = await import('../push.ts');
  await pushImages([...new Set(references)], { isQuiet: isSilent, failures: 'stop' }, context);
}
