import type { Project } from '../model/project.ts';
import type { Observed } from '../plan/observed.ts';
import type { Context } from './context.ts';
import { guessProjectName } from './project.ts';
import { checkServices } from './services.ts';
import { openProjectOrName } from './session.ts';

/** The project that a command looks at. Its files are read only when the model is asked for. */
export interface ProjectView {
  readonly name: string;
  /** The model, with what the profiles of `services` enable; null when only the name is known. */
  project(services?: readonly string[]): Promise<Project | null>;
}

/** Finds the name of the project, if it can be without loading it: reading YAML takes longer than most answers. */
export async function viewProject(context: Context): Promise<ProjectView> {
  const name = guessProjectName(context);
  if (name !== undefined) return { name, project: async (services) => (await load(context, services)).project };
  const loaded = await load(context);
  return {
    name: loaded.name,
    project: async (services = []) => (services.length === 0 ? loaded : await load(context, services)).project,
  };
}

async function load(
  context: Context,
  services: readonly string[] = [],
): Promise<{ readonly name: string; readonly project: Project | null }> {
  await using session = await openProjectOrName(context, { services, supervisor: 'leave' });
  return { name: session.projectName, project: session.project };
}

/** Refuses services that are neither among the containers nor in the model. */
export async function checkKnownServices(
  names: readonly string[],
  observed: Observed,
  view: ProjectView,
): Promise<void> {
  const known = new Set(observed.containers.map(({ record }) => record.service));
  if (names.every((name) => known.has(name))) return;
  for (const name of Object.keys((await view.project(names))?.services ?? {})) known.add(name);
  checkServices(known, names);
}
