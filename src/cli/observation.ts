import type { Observed, ObservedContainer } from '../plan/observed.ts';
import { type Database, openDatabase } from '../state/database.ts';
import { ComposeError } from '../util/errors.ts';
import type { Context } from './context.ts';

/** What is there of a project, read in this process. */
export async function observeProject(projectName: string, context: Context): Promise<Observed> {
  const { observe } = await import('../engine/observe.ts');
  using database = openDatabase(context.paths, 'read');
  return await observe({ paths: context.paths, database, project: projectName });
}

/** Runs `read` on the records of all projects. */
export function withRecords<T>(context: Context, read: (database: Database) => T): T {
  using database = openDatabase(context.paths, 'read');
  return read(database);
}

/** Whether a process of the container is there, be it frozen or between two starts. */
export function isActive({ state }: ObservedContainer): boolean {
  return state.status === 'running' || state.status === 'paused' || state.status === 'restarting';
}

/** Containers of the named services, or of all. */
export function containersOf(
  observed: Observed,
  services: readonly string[],
  options: { readonly oneOffs?: 'include' | 'exclude' } = {},
): ObservedContainer[] {
  return observed.containers.filter(
    ({ record }) =>
      (services.length === 0 || services.includes(record.service)) && (options.oneOffs === 'include' || !record.oneOff),
  );
}

/**
 * The container of a service that `exec`, `port` and `attach` mean: replica `index`, else the one with the lowest number,
 * one-off containers last. Throws NOT_RUNNING.
 */
export function runningContainer(observed: Observed, service: string, index: number | undefined): ObservedContainer {
  const candidates = observed.containers
    .filter((container) => container.record.service === service && isActive(container))
    .sort((a, b) => Number(a.record.oneOff) - Number(b.record.oneOff) || a.record.number - b.record.number);
  const wanted = index === undefined || index === 0 ? undefined : index;
  const found = wanted === undefined ? candidates[0] : candidates.find(({ record }) => record.number === wanted);
  if (found !== undefined) return found;
  const which = wanted === undefined ? '' : ` container #${wanted}`;
  throw new ComposeError('NOT_RUNNING', `service ${JSON.stringify(service)} is not running${which}`, {
    hint: `start it with: tscompose up -d ${service}`,
  });
}
