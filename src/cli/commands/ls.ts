import type { ObservedContainer } from '../../plan/observed.ts';
import { formatTable } from '../../ui/table.ts';
import { ComposeError } from '../../util/errors.ts';
import { defineCommand } from '../command.ts';
import { chosenForm, tableFormat } from '../format-option.ts';
import { isActive, observeProject, withRecords } from '../observation.ts';

export const ls = defineCommand({
  name: 'ls',
  summary: 'List projects',
  options: {
    format: tableFormat,
    quiet: { type: 'boolean', short: 'q', description: 'Only the names' },
    filter: { type: 'strings', value: 'FILTER', description: 'name=VALUE; repeatable' },
    all: { type: 'boolean', short: 'a', description: 'Also projects without a running container' },
  },
  settings: ({ format, quiet, filter, all }) => ({
    form: quiet ? ('names' as const) : chosenForm(format, ['table', 'json']),
    names: filter.map(nameOfFilter),
    stopped: all ?? false,
  }),
  async run({ form, names, stopped }, context) {
    const records = withRecords(context, (database) => ({
      files: new Map(database.projects().map(({ name, origin }) => [name, origin.configFiles.join(',')])),
      names: new Set(database.containers().map(({ project }) => project)),
    }));
    const projects = [];
    for (const name of [...records.names].sort()) {
      if (names.length > 0 && !names.some((part) => name.includes(part))) continue;
      const { containers } = await observeProject(name, context);
      if (!stopped && !containers.some(isActive)) continue;
      const counted = stopped ? containers : containers.filter(isActive);
      projects.push({ Name: name, Status: statusOf(counted), ConfigFiles: records.files.get(name) ?? 'N/A' });
    }
    if (form === 'json') context.stdout.write(`${JSON.stringify(projects)}\n`);
    else if (form === 'names') context.stdout.write(projects.map(({ Name }) => `${Name}\n`).join(''));
    else {
      const rows = projects.map(({ Name, Status, ConfigFiles }) => [Name, Status, ConfigFiles]);
      context.stdout.write(formatTable(['NAME', 'STATUS', 'CONFIG FILES'], rows, { minWidth: 20 }));
    }
    return 0;
  },
});

function nameOfFilter(filter: string): string {
  const [, name] = /^name=(.*)$/.exec(filter) ?? [];
  if (name !== undefined) return name;
  throw new ComposeError('USAGE', `invalid filter ${JSON.stringify(filter)}`, { hint: 'the filter is name=VALUE' });
}

/** `running(2), exited(1)`. */
function statusOf(containers: readonly ObservedContainer[]): string {
  const counts = new Map<string, number>();
  for (const { state } of containers) counts.set(state.status, (counts.get(state.status) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([status, count]) => `${status}(${count})`)
    .join(', ');
}
