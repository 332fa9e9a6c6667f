import type { VolumeRecord } from '../../model/records.ts';
import { formatList } from '../../ui/list.ts';
import { defineCommand } from '../command.ts';
import { tableFormat } from '../format-option.ts';
import { containersOf, observeProject } from '../observation.ts';
import { checkKnownServices, viewProject } from '../project-name.ts';

const columns = [
  ['DRIVER', 'Driver'],
  ['VOLUME NAME', 'Name'],
] as const;

export const volumes = defineCommand({
  name: 'volumes',
  summary: 'List volumes',
  operands: { usage: '[SERVICE...]' },
  options: {
    quiet: { type: 'boolean', short: 'q', description: 'Only the names' },
    format: { ...tableFormat, description: 'table, json, or a template such as "{{.Name}}"' },
  },
  settings: ({ quiet, format }, services) => ({
    services,
    format,
    what: quiet ? ('names' as const) : ('rows' as const),
  }),
  async run({ services, format, what }, context) {
    const view = await viewProject(context);
    const observed = await observeProject(view.name, context);
    await checkKnownServices(services, observed, view);
    const used = new Set(
      containersOf(observed, services, { oneOffs: 'include' }).flatMap(({ record }) => record.volumes),
    );
    const records = observed.volumes
      .map(({ record }) => record)
      .filter(({ anonymous, name }) => !anonymous && (services.length === 0 || used.has(name)))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    if (what === 'names') context.stdout.write(records.map(({ name }) => `${name}\n`).join(''));
    else context.stdout.write(formatList(format, records.map(row), { columns, minWidth: 10 }));
    return 0;
  },
});

/** As `docker volume ls` has it. */
function row({ name, labels, mountpoint }: VolumeRecord) {
  return {
    Availability: 'N/A',
    Driver: 'local',
    Group: 'N/A',
    Labels: Object.entries(labels)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Links: 'N/A',
    Mountpoint: mountpoint,
    Name: name,
    Scope: 'local',
    Size: 'N/A',
    Status: 'N/A',
  };
}
