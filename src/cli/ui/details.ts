/** Reads what the tabs of the full-screen view show. */
import { readFile } from 'node:fs/promises';
import type { OciSpec } from '../../container/oci.ts';
import { listProcesses } from '../../container/processes.ts';
import type { HealthProbe } from '../../model/container-state.ts';
import type { WorldEvent } from '../../model/events.ts';
import { withRememberedVariables } from '../../model/providers.ts';
import { defaultSettings } from '../../model/settings.ts';
import type { ObservedContainer } from '../../plan/observed.ts';
import { publishedRanges } from '../../ui/container-row.ts';
import type { Tab } from '../../ui/full/commands.ts';
import {
  eventLines,
  headingLines,
  healthLines,
  isRemark,
  pairLines,
  planLines,
  said,
  tableLines,
} from '../../ui/full/detail-lines.ts';
import { type Line, plainText } from '../../ui/full/text.ts';
import type { Context } from '../context.ts';
import { mannerOf } from '../globals.ts';
import { inspectionOf } from '../inspection.ts';
import { withRecords } from '../observation.ts';
import { openProject } from '../session.ts';

export interface DetailSources {
  readonly projectName: string;
  readonly context: Context;
  /** Of the chosen services. */
  readonly containers: readonly ObservedContainer[];
  readonly services: ReadonlySet<string>;
  readonly events: readonly WorldEvent[];
  /** What the details were read from. */
  readonly onFiles: (files: readonly string[]) => void;
  readonly probes: (id: string, latest: readonly HealthProbe[]) => readonly HealthProbe[];
}

export async function detailLines(tab: Exclude<Tab, 'logs'>, sources: DetailSources): Promise<Line[]> {
  const { containers, services, events } = sources;
  if (tab === 'plan') return await planOf(sources);
  if (tab === 'events') {
    return eventLines(events.filter((event) => event.type === 'repair' || services.has(event.service)));
  }
  if (containers.length === 0) return [said('no container')];
  const parts: Line[] = [];
  const nothing = new Map<string, string[]>();
  for (const container of containers) {
    const { name } = container.record;
    const lines = await containerLines(tab, container, sources);
    if (containers.length === 1) return lines;
    const [only] = lines;
    if (lines.length === 1 && only !== undefined && isRemark(only)) {
      const text = plainText(only).trim();
      nothing.set(text, [...(nothing.get(text) ?? []), name]);
    } else parts.push(...(parts.length > 0 ? [[]] : []), ...headingLines(name), ...lines);
  }
  // Those that have nothing to show are no reason to scroll.
  for (const [text, names] of nothing)
    parts.push(...(parts.length > 0 ? [[]] : []), said(`${text}: ${names.join(', ')}`));
  return parts;
}

async function containerLines(
  tab: 'health' | 'environment' | 'mounts' | 'networks' | 'processes',
  container: ObservedContainer,
  { context, probes }: DetailSources,
): Promise<Line[]> {
  const { record, state } = container;
  if (tab === 'health') {
    const { test } = record.config.healthcheck ?? {};
    const shown = typeof test === 'string' ? test : (test?.join(' ') ?? null);
    return healthLines({
      status: state.health?.status ?? null,
      failingStreak: state.health?.failingStreak ?? 0,
      probes: probes(record.id, state.health?.log ?? []),
      test: shown === null && state.health !== null ? 'the health check of the image' : shown,
    });
  }
  if (tab === 'processes') {
    const rows = state.pid === null ? [] : listProcesses(state.pid, context.clock.now());
    return tableLines(
      ['PID', 'PPID', 'USER', 'CPU %', 'TIME', 'COMMAND'],
      rows.map((row) => [
        String(row.pid),
        String(row.parentPid),
        row.user,
        row.cpuPercent.toFixed(1),
        row.cpuTime,
        row.command,
      ]),
      'nothing runs',
    );
  }
  const { bundle } = context.paths.container(record.id);
  const inspected = await inspect(container, context);
  if (tab === 'environment') {
    const entries = (inspected.OCI?.process.env ?? []).map((entry): [string, string] => {
      const equals = entry.indexOf('=');
      return [entry.slice(0, equals), entry.slice(equals + 1)];
    });
    return pairLines(
      entries.sort(([a], [b]) => (a < b ? -1 : 1)),
      'no variable is set',
    );
  }
  if (tab === 'mounts') {
    return tableLines(
      ['TYPE', 'IN THE CONTAINER', 'MODE', 'FROM'],
      // Those of hosts, hostname and resolv.conf are every container's.
      inspected.Mounts.filter(({ Source }) => !Source.startsWith(`${bundle}/`)).map(
        ({ Type, Destination, Options, Source, ...mount }) => [
          Type,
          Destination,
          Options.includes('ro') ? 'ro' : 'rw',
          'Name' in mount ? String(mount.Name) : Source,
        ],
      ),
      'no mounts',
    );
  }
  const networks = tableLines(
    ['NETWORK', 'INTERFACE', 'IPV4', 'IPV6', 'NAMES'],
    inspected.Networks.map((network) => [
      network.Name,
      network.Interface,
      network.IPv4 ?? '-',
      network.IPv6 ?? '-',
      network.Aliases.join(', '),
    ]),
    'no networks',
  );
  if (record.ports.length === 0) return networks;
  const ports = tableLines(
    ['PUBLISHED', 'IN THE CONTAINER'],
    publishedRanges(record.ports).map(({ host, container }) => [host, container]),
    '',
  );
  return [...networks, [], ...ports];
}

async function inspect(container: ObservedContainer, context: Context) {
  const paths = context.paths.container(container.record.id);
  const oci = await readFile(paths.config, 'utf8').then(
    (text) => JSON.parse(text) as OciSpec,
    // It is being made, or removed.
    () => null,
  );
  const { networks, volumes } = withRecords(context, (database) => ({
    networks: new Map(database.networks().map((each) => [each.id, each])),
    volumes: database.volumes(),
  }));
  return inspectionOf({ container, networks, volumes, paths, oci });
}

/** What `up` would do, of the files as they are now. */
async function planOf({ context, onFiles }: DetailSources): Promise<Line[]> {
  await using session = await openProject(context, { supervisor: 'leave' });
  onFiles(session.files);
  const [{ previewPlan }, { planData }] = await Promise.all([
    import('../../engine/preview.ts'),
    import('../../plan/plan.ts'),
  ]);
  const stored = withRecords(context, (database) => database.project(session.projectName)?.project) ?? {
    name: session.projectName,
    services: {},
  };
  const { plan } = await previewPlan({
    project: withRememberedVariables(session.project, stored),
    origin: session.origin,
    variables: session.variables,
    settings: { ...defaultSettings('up'), manner: mannerOf(context.globals) },
    paths: context.paths,
    environment: context.environment,
  });
  return planLines(planData(plan), plan.warnings);
}
