import type { ApplyRequest } from '../client/api.ts';
import type { SupervisorClient } from '../client/client.ts';
import type { PlanEvent, ProgressEvent } from '../model/events.ts';
import type { ProjectOrigin } from '../model/origin.ts';
import type { Project } from '../model/project.ts';
import { hasProviders, withRememberedVariables } from '../model/providers.ts';
import type { ApplySettings } from '../model/settings.ts';
import { ComposeError } from '../util/errors.ts';
import type { ApprovedPlan } from './approval.ts';
import type { Context } from './context.ts';
import { mannerOf } from './globals.ts';
import { loadProject } from './load-project.ts';
import { withRecords } from './observation.ts';
import { showProgress } from './progress.ts';
import { guessProjectName } from './project.ts';
import { checkServices } from './services.ts';
import { supervisorOf } from './supervisor.ts';

/** A command's project and the supervisor that acts on it. */
export interface Session<P extends Project | null = Project | null> extends AsyncDisposable {
  readonly projectName: string;
  /** Null when only the name is known (`-p NAME` without a file). */
  readonly project: P;
  readonly origin: ProjectOrigin;
  /** What secrets and configs are made of (client/api.ts). */
  readonly variables: Readonly<Record<string, string>>;
  /** Every file that the project was read from, absolute. */
  readonly files: readonly string[];
  readonly client: SupervisorClient;
}

export interface SessionOptions {
  /** Named on the command line: they must exist, and their profiles become active. */
  readonly services?: readonly string[];
  /** `start`: the command changes something, so the supervisor is started while the files are read. */
  readonly supervisor: 'start' | 'leave';
}

/** Loads the project for a command that cannot do without. */
export async function openProject(context: Context, options: SessionOptions): Promise<Session<Project>> {
  const name = guessProjectName(context);
  const starts = options.supervisor === 'start' && !context.globals.dryRun;
  const early = name !== undefined && starts ? supervisorOf(name, context) : undefined;
  // A process takes longest to start, so it begins before the files are read.
  early?.prepare();
  try {
    const loaded = await loadProject(context, options.services ?? []);
    const { project } = loaded;
    checkServices(new Set(Object.keys(project.services)), options.services ?? []);
    const client = early !== undefined && name === project.name ? early : supervisorOf(project.name, context);
    if (early !== undefined && client !== early) await dismiss(early);
    return sessionOf(project.name, loaded, client);
  } catch (error) {
    if (early !== undefined) await dismiss(early);
    throw error;
  }
}

/** For a command that can do with the name alone: with `-p NAME` and no `-f` no file is read. */
export async function openProjectOrName(context: Context, options: SessionOptions): Promise<Session> {
  const { globals, environment } = context;
  if (globals.projectName !== undefined && globals.isNamedByFlag && globals.files.length === 0) {
    const client = supervisorOf(globals.projectName, context);
    if (options.supervisor === 'start' && !globals.dryRun) client.prepare();
    return sessionOf(globals.projectName, emptyProject(context), client);
  }
  try {
    return await openProject(context, options);
  } catch (error) {
    // Containers can be stopped although the file is broken, by those who named the project.
    const named = environment.COMPOSE_PROJECT_NAME;
    const isMistake = error instanceof ComposeError && error.code === 'NO_SERVICE';
    if (isMistake || !named || globals.projectName !== named) throw error;
    return sessionOf(named, emptyProject(context), supervisorOf(named, context));
  }
}

type Loaded<P> = Pick<Session, 'origin' | 'variables' | 'files'> & { readonly project: P };

function emptyProject({ workingDirectory }: Context): Loaded<null> {
  return {
    project: null,
    origin: { workingDirectory, configFiles: [], environmentFiles: [] },
    variables: {},
    files: [],
  };
}

function sessionOf<P extends Project | null>(
  projectName: string,
  loaded: Loaded<P>,
  client: SupervisorClient,
): Session<P> {
  return {
    projectName,
    ...loaded,
    client,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
    },
  };
}

/** A supervisor that was started for a project that turned out to be another, or none, has nothing to do. */
async function dismiss(client: SupervisorClient): Promise<void> {
  await client.leaveIfStarted();
  client[Symbol.dispose]();
}

/** A command that asks no provider lets its services have what it told last. */
export function rememberingProviders({ project, projectName }: Session, context: Context): Project | null {
  if (project === null || project.provided !== undefined || !hasProviders(project)) return project;
  return withRememberedVariables(
    project,
    withRecords(context, (database) => database.project(projectName)?.project) ?? null,
  );
}

/** Has the supervisor carry out `settings`, showing the progress; gives back the plan that was carried out. */
export async function apply(
  session: Session,
  settings: ApplySettings,
  context: Context,
  options: {
    readonly signal?: AbortSignal;
    readonly seen?: (event: ProgressEvent) => void;
    readonly plan?: ApprovedPlan;
  } = {},
): Promise<PlanEvent | undefined> {
  if (context.globals.dryRun) {
    const { showSessionPlan } = await import('./session-plan.ts');
    await showSessionPlan(session, settings, 'text', context);
    return undefined;
  }
  let plan: PlanEvent | undefined;
  const request: ApplyRequest = {
    project: rememberingProviders(session, context),
    origin: session.origin,
    variables: session.variables,
    settings: { ...settings, manner: mannerOf(context.globals) },
    ...(options.plan ?? { expectedPlanHash: null }),
  };
  const events = session.client.apply(request, { signal: options.signal ?? context.signal });
  await showProgress(events, context, {
    seen: (event) => {
      if (event.type === 'plan') plan = event;
      options.seen?.(event);
    },
  });
  return plan;
}
