import type { SupervisorClient } from '../../client/client.ts';
import { MonitorClient } from '../../container/monitor-client.ts';
import { exitCodeOf } from '../../model/container-state.ts';
import type { ContainerRecord } from '../../model/records.ts';
import { defaultSettings } from '../../model/settings.ts';
import { ComposeError } from '../../util/errors.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { containersOf, isActive, observeProject } from '../observation.ts';
import { apply, openProjectOrName } from '../session.ts';

export const wait = defineCommand({
  name: 'wait',
  summary: 'Wait until containers have exited',
  operands: { usage: 'SERVICE [SERVICE...]', min: 1 },
  options: { downProject: { type: 'boolean', description: 'Then take the project down' } },
  settings: ({ downProject }, services) => ({
    services,
    after: downProject ? ('down' as const) : ('nothing' as const),
  }),
  async run({ services, after }, context) {
    await using session = await openProjectOrName(context, { services, supervisor: 'leave' });
    const observed = await observeProject(session.projectName, context);
    const containers = containersOf(observed, services).filter(isActive);
    if (containers.length === 0)
      throw new ComposeError('NOT_RUNNING', `no running container of ${services.join(', ')}`);
    const codes = await Promise.all(
      containers.map(async ({ record }) => {
        const exitCode = await exitOf(record, session.client, context);
        context.stdout.write(`container ${JSON.stringify(record.id)} exited with status code ${exitCode}\n`);
        return exitCode;
      }),
    );
    if (after === 'down') await apply(session, { ...defaultSettings('down'), orphans: 'remove' }, context);
    return codes.find((code) => code !== 0) ?? 0;
  },
});

/** How often a container is given another monitor while somebody waits for it. */
const attempts = 5;

/** The exit code of a container that ran a moment ago, of its monitor or, when that has gone meanwhile, as written down. */
async function exitOf(record: ContainerRecord, client: SupervisorClient, context: Context): Promise<number> {
  const { signal } = context;
  const monitor = new MonitorClient(context.paths.container(record.id).socket);
  for (let attempt = 1; ; attempt++) {
    try {
      return (await monitor.request('wait', {}, { signal })).exitCode;
    } catch (error) {
      if (!(error instanceof ComposeError && error.code === 'NOT_RUNNING')) throw error;
      const { containers } = await observeProject(record.project, context);
      const state = containers.find((each) => each.record.id === record.id)?.state;
      if (state?.status === 'exited') return exitCodeOf(state);
      // Removed together with how it ended.
      if (state === undefined || attempt >= attempts) throw error;
      // The monitor was killed; a supervisor, a new one if need be, gives the container another.
      await client.untilRepaired({ signal });
    }
  }
}
