import { keepsLog } from '../../container/log-options.ts';
import { LogCollector } from '../../logs/collector.ts';
import { mergeByTime } from '../../logs/merge.ts';
import { LogReader, type LogSelection, readHistory, readLog } from '../../logs/reader.ts';
import { parseLogTime } from '../../logs/time.ts';
import { logName } from '../../model/names.ts';
import type { ContainerRecord } from '../../model/records.ts';
import type { ObservedContainer } from '../../plan/observed.ts';
import { LogFormat } from '../../ui/log-format.ts';
import { ComposeError } from '../../util/errors.ts';
import { defineCommand } from '../command.ts';
import { ContainerWatch } from '../container-watch.ts';
import type { Context } from '../context.ts';
import { mannerOf } from '../globals.ts';
import { containersOf, isActive, observeProject } from '../observation.ts';
import { writeAll } from '../output.ts';
import { isColored } from '../progress.ts';
import { checkKnownServices, viewProject } from '../project-name.ts';
import { presentSupervisorOf } from '../supervisor.ts';

export const logs = defineCommand({
  name: 'logs',
  summary: 'Show what containers print',
  operands: { usage: '[SERVICE...]' },
  options: {
    follow: { type: 'boolean', short: 'f', description: 'Go on with what is printed from now on' },
    index: { type: 'integer', value: 'N', description: 'Which replica; takes exactly one service' },
    since: { type: 'string', value: 'TIME', description: 'From this time on, or so long ago: 42m' },
    until: { type: 'string', value: 'TIME', description: 'Up to this time, or so long ago' },
    noColor: { type: 'boolean', description: 'No colours' },
    noLogPrefix: { type: 'boolean', description: 'No names before the lines' },
    timestamps: { type: 'boolean', short: 't', description: 'Show when each line was printed' },
    tail: {
      type: 'string',
      short: 'n',
      value: 'N',
      default: 'all',
      description: 'Only the last N lines of each container',
    },
  },
  settings: (values, services) => {
    if (values.index !== undefined && services.length !== 1) {
      throw new ComposeError('USAGE', '--index requires one service to be selected');
    }
    return {
      services,
      index: values.index === 0 ? undefined : values.index,
      mode: values.follow ? ('follow' as const) : ('once' as const),
      since: values.since,
      until: values.until,
      tail: tailCount(values.tail),
      color: values.noColor ? ('never' as const) : ('auto' as const),
      prefix: values.noLogPrefix ? ('none' as const) : ('name' as const),
      timestamps: values.timestamps ? ('shown' as const) : ('hidden' as const),
    };
  },
  async run(settings, context) {
    const { services, index, mode } = settings;
    const view = await viewProject(context);
    const observed = await observeProject(view.name, context);
    await checkKnownServices(services, observed, view);
    const isWanted = ({ service, number, oneOff, config }: ContainerRecord) =>
      !oneOff &&
      (services.length > 0 ? services.includes(service) : config.attach !== false) &&
      (index === undefined || index === number);
    const containers = containersOf(observed, services).filter(({ record }) => isWanted(record));
    const now = context.clock.now();
    const selection: LogSelection = {
      since: settings.since === undefined ? undefined : parseLogTime('--since', settings.since, now),
      until: settings.until === undefined ? undefined : parseLogTime('--until', settings.until, now),
      tail: settings.tail,
    };
    const isPainted = settings.color === 'auto' && isColored(context, context.stdout);
    const printer = new LogPrinter(context, view.name, new LogFormat({ ...settings, isColored: isPainted }));
    for (const { record } of containers) {
      printer.register(record);
      if (keepsLog(record.config)) continue;
      context.stderr.write(`${record.name}: its logging options keep nothing that could be shown\n`);
    }
    if (mode === 'once') await showOnce(containers, selection, printer, context);
    else await follow(view.name, containers, isWanted, selection, printer, context);
    return 0;
  },
});

function tailCount(text: string | undefined): number | undefined {
  if (text === undefined || text === '' || text === 'all') return undefined;
  const count = Number(text);
  if (/^-?\d{1,9}$/.test(text)) return count < 0 ? undefined : count;
  throw new ComposeError('USAGE', `cannot read --tail ${JSON.stringify(text)}`, { hint: 'write a number, or all' });
}

class LogPrinter {
  readonly #context: Context;
  readonly #projectName: string;
  readonly #format: LogFormat;

  constructor(context: Context, projectName: string, format: LogFormat) {
    this.#context = context;
    this.#projectName = projectName;
    this.#format = format;
  }

  register(record: ContainerRecord): void {
    this.#format.register(this.#nameOf(record));
  }

  async print(records: readonly { source: ContainerRecord; record: { time: string; text: string } }[]): Promise<void> {
    const lines = records.map(({ source, record }) =>
      this.#format.line(this.#nameOf(source), record.time, record.text),
    );
    await writeAll(this.#context.stdout, lines.join(''), this.#context.signal);
  }

  #nameOf({ name }: ContainerRecord): string {
    return logName(this.#projectName, name, mannerOf(this.#context.globals).nameSeparator);
  }
}

async function showOnce(
  containers: readonly ObservedContainer[],
  selection: LogSelection,
  printer: LogPrinter,
  { paths, signal }: Context,
): Promise<void> {
  const sources = containers.map(({ record }) => ({
    source: record,
    records: readLog(paths.container(record.id).log, selection),
  }));
  for await (const records of mergeByTime(sources)) {
    signal.throwIfAborted();
    await printer.print(records);
  }
}

/** What was printed so far in order of time, then what comes, until no container is left that could print. */
async function follow(
  projectName: string,
  containers: readonly ObservedContainer[],
  isWanted: (record: ContainerRecord) => boolean,
  selection: LogSelection,
  printer: LogPrinter,
  context: Context,
): Promise<void> {
  const { paths, signal } = context;
  await using collector = new LogCollector<ContainerRecord>(signal);
  using client = presentSupervisorOf(projectName, context);
  const stop = new AbortController();
  const add = (record: ContainerRecord, from: LogReader | LogSelection, ended: AbortSignal) =>
    collector.add(record, paths.container(record.id).log, from, ended);
  /** Follows whatever runs, and what ran and has ended before we looked. */
  const look = async () => {
    const observed = await observeProject(projectName, context);
    if (stop.signal.aborted) return;
    for (const container of observed.containers) {
      const { record } = container;
      if (!isWanted(record) || !watch.isNew(container)) continue;
      printer.register(record);
      add(record, {}, watch.add(record));
    }
  };
  // Without a supervisor nobody carries anything out.
  const changesOver = async () => {
    await client.untilIdle({ signal }).catch(() => {});
    await look();
  };
  await using watch = new ContainerWatch(paths, signal, changesOver);
  // Subscribed before the history is read: who ends meanwhile is noticed.
  const ends = new Map<string, AbortSignal>();
  for (const container of containers) {
    if (isActive(container)) ends.set(container.record.id, watch.add(container.record));
    else watch.skip(container);
  }
  const readers = await Promise.all(
    containers.map(async ({ record }) => ({
      source: record,
      reader: await LogReader.open(paths.container(record.id).log, selection),
    })),
  );
  const history = readers.map(({ source, reader }) => ({ source, records: readHistory(reader) }));
  for await (const records of mergeByTime(history)) await printer.print(records);
  for (const { source, reader } of readers) add(source, reader, ends.get(source.id) ?? AbortSignal.abort());
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown) => {
    failure ??= { error };
    collector.finish();
  };
  const watching = (async () => {
    for await (const event of watch) {
      if (event.type === 'idle') collector.finish();
    }
  })().catch(fail);
  const discoverSignal = AbortSignal.any([signal, stop.signal]);
  const subscribed = Promise.withResolvers<void>();
  const discovering = (async () => {
    if (!(await client.isPresent())) return;
    for await (const event of client.events({ signal: discoverSignal, opened: subscribed.resolve })) {
      // A repair gives a container another monitor, too.
      if (event.type === 'repair' || event.action === 'start') await look();
    }
  })()
    .catch((error: unknown) => {
      // Without news of new containers we follow those that we have; the supervisor may leave at any time.
      if (!discoverSignal.aborted && !(error instanceof ComposeError)) fail(error);
    })
    .finally(subscribed.resolve);
  try {
    // What starts after the look is told.
    await subscribed.promise;
    await look();
    watch.checkIdle();
    for await (const item of collector) {
      if (item.type === 'records') await printer.print(item.records);
    }
    signal.throwIfAborted();
    if (failure !== undefined) throw failure.error;
  } finally {
    stop.abort();
    await watch[Symbol.asyncDispose]();
    await Promise.all([watching, discovering]);
  }
}
