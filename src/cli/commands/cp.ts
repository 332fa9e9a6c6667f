import type { Observed, ObservedContainer } from '../../plan/observed.ts';
import { ComposeError } from '../../util/errors.ts';
import { checkOutput } from '../archive-output.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { packToStdout, unpackStdin } from '../copy/archive.ts';
import { type ContainerPlace, type CopyRoute, parseRoute, writtenPath } from '../copy/place.ts';
import { containerPlace, machinePlace } from '../copy/root.ts';
import { type CopyEnd, type CopyOptions, copyTree } from '../copy/tree.ts';
import { containersOf, observeProject } from '../observation.ts';
import { checkKnownServices, viewProject } from '../project-name.ts';
import { runSteps } from '../steps.ts';

export const cp = defineCommand({
  name: 'cp',
  summary: 'Copy files to or from containers',
  operands: { usage: 'SERVICE:PATH PATH|-\n       tscompose cp [OPTIONS] PATH|- SERVICE:PATH', min: 2, max: 2 },
  options: {
    index: { type: 'integer', value: 'N', description: 'Which replica (default: into all, out of the first)' },
    all: { type: 'boolean', description: 'Also containers that run made' },
    followLink: { type: 'boolean', short: 'L', description: 'Copy what a symbolic link leads to' },
    archive: { type: 'boolean', short: 'a', description: 'Keep the owners of what is copied out' },
  },
  examples: [
    ['cp web:/etc/nginx/nginx.conf .', 'a file, out of the first replica of web'],
    ['cp site/. web:/srv/www', 'what is in a directory, into all replicas'],
    ['cp web:/var/log - | tar t', 'as an archive'],
  ],
  settings: ({ archive, followLink, index, all }, [source = '', destination = '']) => ({
    route: parseRoute(source, destination),
    index: index === 0 ? undefined : index,
    oneOffs: all ? ('include' as const) : ('exclude' as const),
    owners: archive ? ('kept' as const) : ('ours' as const),
    links: followLink ? ('followed' as const) : ('copied' as const),
  }),
  async run({ route, index, oneOffs, owners, links }, context) {
    const { signal } = context;
    const { service } = route.direction === 'in' ? route.to : route.from;
    if (route.direction === 'out' && route.to.at === 'stream') checkOutput(undefined, context);
    const view = await viewProject(context);
    const observed = await observeProject(view.name, context);
    await checkKnownServices([service], observed, view);
    const containers = chosenContainers(observed, service, index, oneOffs);
    if (route.direction === 'in') await copyIn(route, containers, { links, owner: null, signal }, context);
    else {
      const owner = owners === 'kept' || route.to.at === 'stream' ? null : ourselves();
      await copyOut(route, containers.slice(0, 1), { links, owner, signal }, context);
    }
    return 0;
  },
});

type Routed<D extends CopyRoute['direction']> = Extract<CopyRoute, { direction: D }>;

async function copyIn(
  { from, to }: Routed<'in'>,
  containers: readonly ObservedContainer[],
  options: CopyOptions,
  context: Context,
): Promise<void> {
  await using archive = from.at === 'stream' ? await unpackStdin(context) : null;
  await eachContainer(containers, context, async (container) => {
    await using target = await containerEnd(container, to, context);
    await using source = machineEnd(
      from.at === 'stream' ? `${archive?.directory}/.` : from.path,
      from.at === 'stream' ? 'standard input' : from.path,
      context,
    );
    // An archive is unpacked in a directory that is there.
    await copyTree(source, from.at === 'stream' ? { ...target, isThere: true } : target, options);
  });
}

async function copyOut(
  { from, to }: Routed<'out'>,
  containers: readonly ObservedContainer[],
  options: CopyOptions,
  context: Context,
): Promise<void> {
  await eachContainer(containers, context, async (container) => {
    await using source = await containerEnd(container, from, context);
    if (to.at === 'stream') return await packToStdout(source, options, context);
    await using target = machineEnd(to.path, to.path, context);
    await copyTree(source, target, options);
  });
}

/** Those that files are copied into, the one that they are copied out of first; running or not. */
function chosenContainers(
  observed: Observed,
  service: string,
  index: number | undefined,
  oneOffs: 'include' | 'exclude',
): ObservedContainer[] {
  const own = containersOf(observed, [service], { oneOffs }).sort(
    (a, b) => Number(a.record.oneOff) - Number(b.record.oneOff) || a.record.number - b.record.number,
  );
  const chosen = index === undefined ? own : own.filter(({ record }) => record.number === index);
  if (chosen.length > 0) return chosen;
  const which = index === undefined ? '' : ` #${index}`;
  throw new ComposeError('CONTAINER_NOT_FOUND', `no container${which} found for service ${JSON.stringify(service)}`, {
    hint: `make one with: tscompose create ${service}`,
  });
}

async function eachContainer(
  containers: readonly ObservedContainer[],
  context: Context,
  copy: (container: ObservedContainer) => Promise<void>,
): Promise<void> {
  const steps = { operation: 'copyFiles', kind: 'container', isQuiet: false, failures: 'stop' } as const;
  const byName = new Map(containers.map((container) => [container.record.name, container]));
  await runSteps([...byName.keys()], { ...steps, texts: ['Copying', 'Copied'] }, context, async (name) => {
    const container = byName.get(name);
    if (container !== undefined && !context.globals.dryRun) await copy(container);
  });
}

type OpenEnd = CopyEnd & AsyncDisposable;

async function containerEnd(
  container: ObservedContainer,
  { path }: ContainerPlace,
  context: Context,
): Promise<OpenEnd> {
  const written = writtenPath(path, '/');
  const place = await containerPlace(container, written.path, context);
  const name = `${container.record.name}:${path}`;
  return { place, written, name, [Symbol.asyncDispose]: () => place[Symbol.asyncDispose]() };
}

function machineEnd(path: string, name: string, { workingDirectory }: Context): OpenEnd {
  const written = writtenPath(path, workingDirectory);
  const place = machinePlace(written.path);
  return { place, written, name, [Symbol.asyncDispose]: () => place[Symbol.asyncDispose]() };
}

function ourselves(): { readonly uid: number; readonly gid: number } {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}
