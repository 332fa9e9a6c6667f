import type { Project } from '../model/project.ts';
import type { Observed } from '../plan/observed.ts';
import type { Context } from './context.ts';
import { checkServices } from './services.ts';
import { openProjectOrName } from './session.ts';

/** The project that a command looks at; its model when a file says it. */
export async function resolveProjectName(
  context: Context,
  services: readonly string[] = [],
): Promise<{ readonly name: string; readonly project: Project | null }> {
  await using session = await openProjectOrName(context, { services, supervisor: 'leave' });
  return { name: session.projectName, project: session.project };
}

/** Refuses services that are neither in the model nor among the containers. */
export function checkKnownServices(names: readonly string[], observed: Observed, project: Project | null): void {
  const known = new Set(observed.containers.map(({ record }) => record.service));
  for (const name of Object.keys(project?.services ?? {})) known.add(name);
  checkServices(known, names);
}
