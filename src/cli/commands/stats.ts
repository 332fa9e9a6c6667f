import { totalmem } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { MonitorClient } from '../../container/monitor-client.ts';
import type { MonitorStatistics } from '../../container/monitor-protocol.ts';
import type { ObservedContainer } from '../../plan/observed.ts';
import { formatList } from '../../ui/list.ts';
import { ComposeError } from '../../util/errors.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { containersOf, isActive, observeProject } from '../observation.ts';
import { checkKnownServices, viewProject } from '../project-name.ts';
import { cpuPercent } from '../usage-sampler.ts';

const columns = [
  ['CONTAINER ID', 'ID'],
  ['NAME', 'Name'],
  ['CPU %', 'CPUPerc'],
  ['MEM USAGE / LIMIT', 'MemUsage'],
  ['MEM %', 'MemPerc'],
  ['NET I/O', 'NetIO'],
  ['BLOCK I/O', 'BlockIO'],
  ['PIDS', 'PIDs'],
] as const;

const intervalMs = 1000;

export const stats = defineCommand({
  name: 'stats',
  summary: 'Show what containers use',
  operands: { usage: '[SERVICE...]' },
  options: {
    all: { type: 'boolean', short: 'a', description: 'Also stopped containers' },
    format: {
      type: 'string',
      value: 'FORMAT',
      words: ['table', 'json'],
      description: 'table, json, or a template such as "{{.Name}}"',
    },
    noStream: { type: 'boolean', description: 'One look, and done' },
    noTrunc: { type: 'boolean', description: 'Do not shorten anything' },
  },
  settings: ({ all, format, noStream, noTrunc }, services) => ({
    services,
    stopped: all ?? false,
    format,
    looks: noStream ? 1 : Number.POSITIVE_INFINITY,
    truncate: !noTrunc,
  }),
  async run({ services, stopped, format, looks, truncate }, context) {
    const view = await viewProject(context);
    await checkKnownServices(services, await observeProject(view.name, context), view);
    const before = new Map<string, MonitorStatistics>();
    await sampleAll(await selected(), before, context);
    for (let look = 0; look < looks; look++) {
      // A share of the processor is one figure minus another.
      await delay(intervalMs, undefined, { signal: context.signal }).catch(() => context.signal.throwIfAborted());
      const containers = await selected();
      const rows = await sampleAll(containers, before, context);
      const text = formatList(
        format,
        containers.map(({ record }) => row(record, rows.get(record.id), truncate)),
        { columns },
      );
      // A table in a terminal stays in its place.
      const home = looks > 1 && context.stdout.isTTY === true ? '\x1b[H\x1b[J' : '';
      context.stdout.write(home + text);
    }
    return 0;

    async function selected(): Promise<ObservedContainer[]> {
      const observed = await observeProject(view.name, context);
      return containersOf(observed, services, { oneOffs: 'include' })
        .filter((container) => stopped || isActive(container))
        .sort((a, b) => (a.record.name < b.record.name ? -1 : 1));
    }
  },
});

interface Sample {
  readonly now: MonitorStatistics;
  readonly cpuPercent: number;
}

async function sampleAll(
  containers: readonly ObservedContainer[],
  before: Map<string, MonitorStatistics>,
  { paths, signal }: Context,
): Promise<Map<string, Sample>> {
  const samples = new Map<string, Sample>();
  await Promise.all(
    containers.filter(isActive).map(async ({ record: { id } }) => {
      try {
        const { statistics } = await new MonitorClient(paths.container(id).socket).request(
          'statistics',
          {},
          { signal },
        );
        samples.set(id, { now: statistics, cpuPercent: cpuPercent(before.get(id), statistics) ?? 0 });
        before.set(id, statistics);
      } catch (error) {
        // It ended between our looks.
        if (!(error instanceof ComposeError) || error.code !== 'NOT_RUNNING') throw error;
      }
    }),
  );
  return samples;
}

function row(record: ObservedContainer['record'], sample: Sample | undefined, truncate: boolean) {
  const base = {
    ID: truncate ? record.id.slice(0, 12) : record.id,
    Container: record.id.slice(0, 12),
    Name: record.name,
  };
  if (sample === undefined) {
    return { ...base, CPUPerc: '--', MemUsage: '-- / --', MemPerc: '--', NetIO: '--', BlockIO: '--', PIDs: '--' };
  }
  const { now } = sample;
  const sum = (pick: (each: MonitorStatistics['network'][number]) => number) =>
    now.network.filter(({ name }) => name !== 'lo').reduce((total, each) => total + pick(each), 0);
  // Without a limit of its own it is the machine's memory that ends it.
  const limit = now.memoryLimitBytes === 0 ? totalmem() : now.memoryLimitBytes;
  return {
    ...base,
    CPUPerc: `${sample.cpuPercent.toFixed(2)}%`,
    MemUsage: `${binary(now.memoryBytes)} / ${binary(limit)}`,
    MemPerc: `${((now.memoryBytes / limit) * 100).toFixed(2)}%`,
    NetIO: `${decimal(sum((each) => each.receivedBytes))} / ${decimal(sum((each) => each.sentBytes))}`,
    BlockIO: `${decimal(now.ioReadBytes)} / ${decimal(now.ioWriteBytes)}`,
    PIDs: String(now.pids),
  };
}

/** `324KiB`, `1.5GiB`, with four digits as Docker has it. */
function binary(bytes: number): string {
  return scaled(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
}

/** `1.17kB`, `36MB`, with three digits. */
function decimal(bytes: number): string {
  return scaled(bytes, 1000, ['B', 'kB', 'MB', 'GB', 'TB']);
}

function scaled(bytes: number, base: number, units: readonly string[]): string {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit += 1;
  }
  return `${Number(value.toPrecision(base === 1024 ? 4 : 3))}${units[unit]}`;
}
