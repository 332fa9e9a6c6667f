/** What rules ask for besides copying: rebuild, restart, exec. */
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { hookProcess, readAccounts } from '../../container/exec-process.ts';
import { MonitorClient } from '../../container/monitor-client.ts';
import type { OciSpec } from '../../container/oci.ts';
import { pruneImages } from '../../image/store/prune.ts';
import { lastingName } from '../../model/names.ts';
import type { Project } from '../../model/project.ts';
import type { Hook } from '../../model/service.ts';
import { type ApplySettings, defaultSettings } from '../../model/settings.ts';
import type { ObservedContainer } from '../../plan/observed.ts';
import { buildServices } from '../build/services.ts';
import type { Context } from '../context.ts';
import { mannerOf } from '../globals.ts';
import { imagesInUse, withImageStore } from '../image-store.ts';
import { containersOf, observeProject } from '../observation.ts';
import { rememberingProviders, type Session } from '../session.ts';
import type { WatchHost } from './watch.ts';

/** Has the supervisor carry out `settings`. */
export async function change(
  session: Session<Project>,
  settings: ApplySettings,
  host: WatchHost,
  context: Context,
): Promise<void> {
  const { client, origin, variables } = session;
  const request = {
    project: rememberingProviders(session, context),
    origin,
    variables,
    settings: { ...settings, manner: mannerOf(context.globals) },
    expectedPlanHash: null,
  };
  for await (const event of client.apply(request, { signal: host.signal })) host.report(event);
}

/** Builds images and replaces the containers made of them; an old one stays until the new one is ready, where both can run. */
export async function rebuild(
  session: Session<Project>,
  services: readonly string[],
  apply: ApplySettings,
  host: WatchHost,
  context: Context,
): Promise<void> {
  const settings = {
    buildArguments: new Map<string, string>(),
    noCache: false,
    isPulling: false,
    ssh: [],
    form: host.buildForm,
  } as const;
  await buildServices(session, services, settings, { ...context, signal: host.signal });
  await change(
    session,
    {
      ...apply,
      services: withRestarted(session.project, services),
      dependencies: 'exclude',
      recreate: 'diverged',
      replacement: 'start-first',
      wait: 'started',
      waitTimeoutMs: null,
    },
    host,
    context,
  );
}

/** Dependents that asked to be restarted with a service come along (depends_on.restart). */
function withRestarted({ services }: Project, named: readonly string[]): string[] {
  const dependents = Object.entries(services).filter(([, { depends_on: dependencies = {} }]) =>
    named.some((name) => dependencies[name]?.restart),
  );
  return [...new Set([...named, ...dependents.map(([name]) => name)])];
}

/** Removes images of a project that have lost their name. */
export async function pruneOld(projectName: string, context: Context): Promise<void> {
  const inUse = new Set(imagesInUse(context).keys());
  await withImageStore(context, (store) =>
    pruneImages(store, {
      inUse,
      scope: 'dangling',
      isMeant: ({ labels }) => labels['com.docker.compose.project'] === projectName,
    }),
  );
}

/** Restarts the containers of services as they are. */
export async function restart(
  session: Session<Project>,
  services: readonly string[],
  { stopTimeoutMs }: ApplySettings,
  host: WatchHost,
  context: Context,
): Promise<void> {
  await change(session, { ...defaultSettings('restart'), services, stopTimeoutMs }, host, context);
}

/** Runs a command in every running container of a service, and tells what it prints; gives the codes. */
export async function execute(
  session: Session<Project>,
  service: string,
  hook: Hook,
  host: WatchHost,
  context: Context,
): Promise<{ readonly container: string; readonly exitCode: number }[]> {
  const observed = await observeProject(session.projectName, context);
  const running = containersOf(observed, [service]).filter(({ state }) => state.status === 'running');
  return await Promise.all(
    running.map(async (container) => ({
      container: container.record.name,
      exitCode: await executeIn(container, hook, host, context),
    })),
  );
}

async function executeIn(
  { record, state }: ObservedContainer,
  hook: Hook,
  { signal, report }: WatchHost,
  context: Context,
): Promise<number> {
  const paths = context.paths.container(record.id);
  const spec = JSON.parse(await readFile(paths.config, 'utf8')) as OciSpec;
  const process = hookProcess(spec, hook, await readAccounts(state.pid ?? 0));
  using stream = await new MonitorClient(paths.socket).exec(
    { process, privileged: hook.privileged ?? false },
    { signal },
  );
  stream.stdin.end();
  const tell = async (output: Readable): Promise<void> => {
    for await (const text of linesOf(output)) {
      const at = context.clock.now().toISOString();
      report({ type: 'output', service: record.service, source: lastingName(record.name), text, at });
    }
  };
  const [exitCode] = await Promise.all([stream.exitCode, tell(stream.stdout), tell(stream.stderr)]);
  return exitCode;
}

const longestLine = 1 << 16;

/** Lines as they come; one without an end is cut. */
async function* linesOf(stream: Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split('\n');
    rest = (lines.pop() ?? '').slice(-longestLine);
    yield* lines;
  }
  if (rest !== '') yield rest;
}
