import { existsSync } from 'node:fs';
import type { RunRequest } from '../../client/api.ts';
import type { SupervisorClient } from '../../client/client.ts';
import { MonitorClient } from '../../container/monitor-client.ts';
import { readContainerState } from '../../container/state.ts';
import { readLog } from '../../logs/reader.ts';
import { exitCodeOf } from '../../model/container-state.ts';
import { hasProviders } from '../../model/providers.ts';
import { native } from '../../native/binding.ts';
import { withDependencies } from '../../plan/graph.ts';
import type { ContainerPaths } from '../../state/paths.ts';
import { ComposeError } from '../../util/errors.ts';
import { defineCommand, refuseTogether } from '../command.ts';
import type { Context } from '../context.ts';
import { parseVariables } from '../environment.ts';
import { mannerOf } from '../globals.ts';
import { ensureImages, imageOptions, imageSettings, withImagePolicy } from '../images.ts';
import { openProgress } from '../progress.ts';
import { openProject, type Session } from '../session.ts';
import { bridge } from '../stream.ts';

export const run = defineCommand({
  name: 'run',
  summary: 'Run a one-off container of a service',
  operands: { usage: 'SERVICE [COMMAND] [ARGS...]', min: 1 },
  passesThrough: true,
  options: {
    detach: { type: 'boolean', short: 'd', description: 'Leave it in the background and print its id' },
    env: { type: 'strings', short: 'e', value: 'KEY[=VALUE]', description: 'Set a variable; repeatable' },
    envFromFile: { type: 'strings', value: 'FILE', description: 'Variables from a file; repeatable' },
    label: {
      type: 'strings',
      short: 'l',
      value: 'KEY=VALUE',
      aliases: ['labels'],
      description: 'Add a label; repeatable',
    },
    rm: { type: 'boolean', description: 'Remove the container when it has exited' },
    noTty: { type: 'boolean', short: 'T', default: 'auto', aliases: ['no-TTY'], description: 'Without a terminal' },
    name: { type: 'string', value: 'NAME', description: 'Name of the container' },
    user: { type: 'string', short: 'u', value: 'USER', description: 'As this user' },
    workdir: { type: 'string', short: 'w', value: 'DIR', description: 'In this directory' },
    entrypoint: { type: 'string', value: 'COMMAND', description: "Instead of the image's entrypoint" },
    capAdd: { type: 'strings', value: 'CAPABILITY', description: 'Add a capability; repeatable' },
    capDrop: { type: 'strings', value: 'CAPABILITY', description: 'Drop a capability; repeatable' },
    noDeps: { type: 'boolean', description: 'Do not start what the service depends on' },
    volume: {
      type: 'strings',
      short: 'v',
      value: 'VOLUME',
      aliases: ['volumes'],
      description: 'Mount a directory or volume; repeatable',
    },
    publish: { type: 'strings', short: 'p', value: 'PORT', description: 'Publish a port; repeatable' },
    useAliases: { type: 'boolean', description: "With the service's network aliases" },
    servicePorts: { type: 'boolean', short: 'P', description: "Publish the service's own ports" },
    pull: imageOptions.pull,
    quiet: { type: 'boolean', short: 'q', description: 'No progress' },
    quietBuild: { type: 'boolean', description: 'Build without progress' },
    quietPull: imageOptions.quietPull,
    build: { type: 'boolean', description: 'Build the image first' },
    removeOrphans: { type: 'boolean', description: 'Remove containers of services that are not in the file any more' },
    interactive: { type: 'boolean', short: 'i', description: 'With standard input', default: true },
    tty: { type: 'boolean', short: 't', hidden: true, description: 'With a terminal', default: true },
  },
  settings(values, [service = '', ...command], environment) {
    refuseTogether(values, 'publish', 'servicePorts');
    refuseTogether(values, 'tty', 'noTty');
    return {
      service,
      command: command.length > 0 ? command : null,
      dependencies: values.noDeps ? ('exclude' as const) : ('include' as const),
      name: values.name || null,
      entrypoint: values.entrypoint === undefined ? null : values.entrypoint,
      environment: parseVariables(values.env, environment),
      environmentFiles: values.envFromFile,
      labels: parseVariables(values.label, {}),
      user: values.user ?? null,
      workingDir: values.workdir ?? null,
      capAdd: values.capAdd,
      capDrop: values.capDrop,
      volumes: values.volume,
      ports: values.servicePorts
        ? ('declared' as const)
        : values.publish.length > 0
          ? values.publish
          : ('none' as const),
      useAliases: values.useAliases ?? false,
      images: imageSettings(values),
      progress: values.quiet ? ('quiet' as const) : ('shown' as const),
      remove: values.rm ?? false,
      mode: values.detach ? ('detached' as const) : ('attached' as const),
      stdin: values.interactive === false ? ('none' as const) : ('attached' as const),
      // `always` and `never` were asked for; otherwise it depends on where we are run.
      terminal: values.noTty
        ? ('never' as const)
        : values.tty || values.interactive
          ? ('wanted' as const)
          : ('auto' as const),
    };
  },
  async run(settings, context) {
    const { service, mode } = settings;
    await using loaded = await openProject(context, { services: [service], supervisor: 'start' });
    const session = { ...loaded, project: withImagePolicy(loaded.project, settings.images) };
    const needed = withDependencies(session.project.services, [service]);
    await ensureImages(session, settings.dependencies === 'include' ? needed : [service], settings.images, context);
    if (settings.dependencies === 'include' && hasProviders(session.project)) {
      const { askProviders } = await import('../providers.ts');
      session.project = await askProviders(session.project, needed, 'up', context);
    }
    const terminal = mode === 'attached' && hasTerminal(settings.terminal, context);
    const stdin = mode === 'attached' ? settings.stdin : 'none';
    const { canonicalMounts, canonicalPorts, words, readVariables } = await import('../run-forms.ts');
    const request: RunRequest = {
      project: session.project,
      origin: session.origin,
      variables: session.variables,
      service,
      dependencies: settings.dependencies,
      name: settings.name,
      command: settings.command,
      entrypoint: settings.entrypoint === null ? null : words(settings.entrypoint),
      environment: { ...(await readVariables(settings.environmentFiles, context)), ...settings.environment },
      labels: settings.labels,
      user: settings.user,
      workingDir: settings.workingDir,
      capAdd: settings.capAdd,
      capDrop: settings.capDrop,
      volumes: canonicalMounts(settings.volumes, session.origin.workingDirectory),
      ports: typeof settings.ports === 'string' ? settings.ports : canonicalPorts(settings.ports),
      useAliases: settings.useAliases,
      terminal,
      stdin: stdin === 'attached',
      remove: settings.remove,
      manner: mannerOf(context.globals),
    };
    const progress = settings.progress === 'quiet' ? 'quiet' : undefined;
    return await runOneOff(session, request, { mode, terminal, stdin, progress }, context);
  },
});

function hasTerminal(wish: 'never' | 'wanted' | 'auto', { stdin, stdout }: Context): boolean {
  if (wish === 'never' || stdout.isTTY !== true) return false;
  if (stdin.isTTY === true) return true;
  if (wish === 'auto') return false;
  throw new ComposeError('USAGE', 'the input device is not a TTY', { hint: 'add -T' });
}

async function runOneOff(
  { client }: Session,
  request: RunRequest,
  how: {
    readonly mode: 'detached' | 'attached';
    readonly terminal: boolean;
    readonly stdin: 'attached' | 'none';
    readonly progress: 'quiet' | undefined;
  },
  context: Context,
): Promise<number> {
  const reporter = await openProgress(context, how.progress);
  const events = client.run(request, { signal: context.signal });
  let started: { readonly id: string } | undefined;
  try {
    for (let next = await events.next(); !next.done; next = await events.next()) {
      if (next.value.type !== 'started') reporter.report(next.value);
      else {
        started = next.value;
        break;
      }
    }
  } finally {
    await reporter.close();
  }
  if (started === undefined) throw new ComposeError('SUPERVISOR', 'the container was not started');
  try {
    if (how.mode === 'attached') return await attachTo(context.paths.container(started.id), client, how, context);
    context.stdout.write(`${started.id}\n`);
    return 0;
  } finally {
    // The supervisor keeps a container that is to be removed until we have gone.
    await events.return(undefined);
  }
}

/** Everything that the monitor keeps of what was printed before we came: the process did not wait for us. */
const replayBytes = 65_536;

/** How often a container is given another monitor while somebody waits for it. */
const attachAttempts = 5;

async function attachTo(
  paths: ContainerPaths,
  client: SupervisorClient,
  how: { readonly terminal: boolean; readonly stdin: 'attached' | 'none' },
  context: Context,
): Promise<number> {
  const monitor = new MonitorClient(paths.socket);
  let hasShown = false;
  for (let attempt = 0; ; attempt++) {
    try {
      const stream = await monitor.attach(
        { stdin: how.stdin === 'attached', replayBytes: hasShown ? 0 : replayBytes },
        { signal: context.signal },
      );
      hasShown = true;
      return await bridge(stream, { ...how, signals: 'forwarded' }, context);
    } catch (error) {
      if (!(error instanceof ComposeError) || error.code !== 'NOT_RUNNING') throw error;
      const state = readContainerState(paths, native());
      if (state.status === 'exited') {
        if (!hasShown) await showLog(paths, how.terminal, context);
        return exitCodeOf(state);
      }
      if (attempt >= attachAttempts || !existsSync(paths.bundle)) throw error;
      // The monitor was killed; a supervisor, a new one if need be, gives the container another.
      await client.untilRepaired({ signal: context.signal });
    }
  }
}

/** It was over before we could attach: its log says the same. */
async function showLog(paths: ContainerPaths, terminal: boolean, { stdout, stderr }: Context): Promise<void> {
  for await (const records of readLog(paths.log)) {
    for (const { stream, text } of records) {
      (stream === 'stderr' && !terminal ? stderr : stdout).write(`${text}\n`);
    }
  }
}
