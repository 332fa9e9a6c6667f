import { portRequests } from '../../engine/port-requests.ts';
import { openPortHolder } from '../../network/ports.ts';
import { ComposeError } from '../../util/errors.ts';
import type { Context } from '../context.ts';
import { loadProject } from '../load-project.ts';
import { withRecords } from '../observation.ts';
import { type Check, missing, ok } from './checks.ts';

/** What the Compose file at hand needs; nothing where there is none. */
export async function projectChecks(context: Context): Promise<Check[]> {
  const quiet: Context = Object.create(context, { globals: { value: { ...context.globals, progress: 'quiet' } } });
  try {
    const { project } = await loadProject(quiet, []);
    const ours = new Set(
      withRecords(context, (database) => database.containers())
        .filter((record) => record.project === project.name)
        .flatMap(({ ports }) => ports.map(({ hostPort, protocol }) => `${hostPort}/${protocol}`)),
    );
    const wanted = Object.entries(project.services)
      .flatMap(([service, config]) => portRequests({ id: '', service, number: 1, oneOff: false, config }))
      .filter(({ hostPort, protocol }) => hostPort !== 0 && !ours.has(`${hostPort}/${protocol}`));
    const holder = openPortHolder();
    const problems = await holder.probe(wanted);
    await holder.close();
    const checks = problems.map(({ message }) =>
      missing('ports', message, `ss -lntup 'sport = :${portIn(message)}'  # and stop it`),
    );
    if (checks.length > 0) return checks;
    const count = wanted.length + ours.size;
    return [ok('ports', count === 0 ? `${project.name} publishes none` : `what ${project.name} publishes is free`)];
  } catch (error) {
    if (!(error instanceof ComposeError)) throw error;
    if (error.code === 'FILE_NOT_FOUND' && context.globals.files.length === 0) return [];
    return [missing('Compose file', error.message.split('\n')[0] ?? '', 'tscompose config --quiet')];
  }
}

function portIn(message: string): string {
  return /(\d+)\/(?:tcp|udp)/.exec(message)?.[1] ?? '0';
}
