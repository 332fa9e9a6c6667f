import { listProcesses } from '../../container/processes.ts';
import { formatTable } from '../../ui/table.ts';
import { defineCommand } from '../command.ts';
import { containersOf, isActive, observeProject } from '../observation.ts';
import { checkKnownServices, viewProject } from '../project-name.ts';

const header = ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'];

export const top = defineCommand({
  name: 'top',
  summary: 'Show the processes in containers',
  operands: { usage: '[SERVICE...]' },
  options: {},
  settings: (_values, services) => ({ services }),
  async run({ services }, context) {
    const view = await viewProject(context);
    const observed = await observeProject(view.name, context);
    await checkKnownServices(services, observed, view);
    const containers = containersOf(observed, services, { oneOffs: 'include' })
      .filter(isActive)
      .sort((a, b) => (a.record.name < b.record.name ? -1 : 1));
    for (const { record, state } of containers) {
      if (state.pid === null) continue;
      const rows = listProcesses(state.pid, context.clock.now()).map((process) => [
        process.user,
        String(process.pid),
        String(process.parentPid),
        String(Math.round(process.cpuPercent)),
        process.startedAt,
        process.terminal,
        process.cpuTime,
        process.command,
      ]);
      context.stdout.write(`${record.name}\n${formatTable(header, rows, { minWidth: 0 })}\n`);
    }
    return 0;
  },
});
