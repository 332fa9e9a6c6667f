import type { ContainerStatus } from '../../model/container-state.ts';
import type { ObservedContainer } from '../../plan/observed.ts';
import { containerRow } from '../../ui/container-row.ts';
import { formatList } from '../../ui/list.ts';
import { ComposeError } from '../../util/errors.ts';
import { defineCommand } from '../command.ts';
import { containersOf, isActive, observeProject, withRecords } from '../observation.ts';
import { checkKnownServices, viewProject } from '../project-name.ts';

const columns = [
  ['NAME', 'Name'],
  ['IMAGE', 'Image'],
  ['COMMAND', 'Command'],
  ['SERVICE', 'Service'],
  ['CREATED', 'RunningFor'],
  ['STATUS', 'Status'],
  ['PORTS', 'Ports'],
] as const;

export const ps = defineCommand({
  name: 'ps',
  summary: 'List containers',
  operands: { usage: '[SERVICE...]' },
  options: {
    format: {
      type: 'string',
      value: 'FORMAT',
      words: ['table', 'json'],
      description: 'table, json, or a template such as "{{.Name}}"',
    },
    filter: { type: 'string', value: 'FILTER', description: 'status=VALUE' },
    status: {
      type: 'strings',
      value: 'STATUS',
      words: ['created', 'exited', 'paused', 'restarting', 'running'],
      description: 'paused, restarting, running, created, exited; repeatable',
    },
    quiet: { type: 'boolean', short: 'q', description: 'Only the ids' },
    services: { type: 'boolean', description: 'Only the names of services' },
    orphans: { type: 'boolean', description: 'Also containers of services that are not in the file', default: true },
    all: { type: 'boolean', short: 'a', description: 'Also stopped containers, and those made by run' },
    noTrunc: { type: 'boolean', description: 'Do not shorten anything' },
  },
  settings: (values, services) => {
    const statuses = [...values.status, ...statusOfFilter(values.filter)] as readonly ContainerStatus[];
    return {
      services,
      statuses,
      format: values.format,
      what: values.quiet ? ('ids' as const) : values.services ? ('services' as const) : ('rows' as const),
      orphans: values.orphans ?? true,
      stopped: (values.all ?? false) || statuses.length > 0,
      oneOffs: values.all ? ('include' as const) : ('exclude' as const),
      truncate: !values.noTrunc,
    };
  },
  async run(settings, context) {
    const view = await viewProject(context);
    const observed = await observeProject(view.name, context);
    await checkKnownServices(settings.services, observed, view);
    const project = settings.orphans ? null : await view.project();
    const containers = containersOf(observed, settings.services, settings)
      .filter((container) => settings.stopped || isActive(container))
      .filter(({ state }) => settings.statuses.length === 0 || settings.statuses.includes(state.status))
      .filter(({ record }) => project === null || Object.hasOwn(project.services, record.service))
      .sort(byName);
    if (settings.what === 'ids') context.stdout.write(lines(containers.map(({ record }) => record.id)));
    else if (settings.what === 'services') {
      context.stdout.write(lines([...new Set(containers.map(({ record }) => record.service))]));
    } else {
      const networkNames = withRecords(context, (db) => new Map(db.networks().map((each) => [each.id, each.name])));
      const { truncate, format } = settings;
      const now = context.clock.now();
      const rows = containers.map(({ record, state }) => containerRow(record, state, { now, truncate, networkNames }));
      context.stdout.write(formatList(format, rows, { columns }));
    }
    return 0;
  },
});

function statusOfFilter(filter: string | undefined): string[] {
  if (filter === undefined || filter === '') return [];
  const equals = filter.indexOf('=');
  if (equals < 0) throw new ComposeError('USAGE', 'arguments to --filter should be in form KEY=VAL');
  const key = filter.slice(0, equals);
  if (key !== 'status')
    throw new ComposeError('USAGE', `unknown filter ${key}`, { hint: 'the filter is status=VALUE' });
  return [filter.slice(equals + 1)];
}

function byName(a: ObservedContainer, b: ObservedContainer): number {
  return a.record.name < b.record.name ? -1 : 1;
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}
