import type { SourcedRecord } from '../../logs/merge.ts';
import type { OutputEvent, PlanNodeData, RepairEvent } from '../../model/events.ts';
import type { ContainerRecord } from '../../model/records.ts';
import type { WatchEvent } from '../../model/watch.ts';
import { LogFormat } from '../../ui/log-format.ts';
import type { Screen } from '../../ui/screen.ts';
import { printableLine } from '../../ui/terminal-text.ts';
import type { Context } from '../context.ts';
import { isColored } from '../progress.ts';
import { formatWatchEvent } from '../watch-output.ts';
import type { AttachedScope } from './scope.ts';

/** What an attached `up` says, a line each: what containers and hooks print, and what becomes of them. */
export class AttachedPrinter {
  readonly #scope: AttachedScope;
  readonly #screen: Screen;
  readonly #context: Context;
  readonly #format: LogFormat;

  constructor(scope: AttachedScope, screen: Screen, context: Context) {
    this.#scope = scope;
    this.#screen = screen;
    this.#context = context;
    const { color, prefix, timestamps } = scope.attach;
    this.#format = new LogFormat({
      prefix,
      timestamps,
      isColored: color === 'auto' && isColored(context, context.stdout),
    });
  }

  /** Whose output is going to be shown: of containers that are there, those that stay, and what the plan starts. */
  async announce(nodes: readonly PlanNodeData[], existing: readonly ContainerRecord[]): Promise<void> {
    const removed = new Set(
      nodes.filter(({ operation }) => operation === 'removeContainer').map((node) => node.resource),
    );
    const names = new Set(
      existing.filter((each) => this.#scope.isShown(each) && !removed.has(each.name)).map((each) => each.name),
    );
    for (const { kind, operation, resource, service } of nodes) {
      if (kind !== 'container' || /^(remove|stop|drain)Container$/.test(operation)) continue;
      if (service !== null && this.#scope.showsService(service) && operation !== 'waitDependency') names.add(resource);
    }
    const shown = [...new Set([...names].map((name) => this.#scope.logName(name)))].sort();
    for (const name of shown) this.#format.register(name);
    if (shown.length > 0) await this.#screen.write(`Attaching to ${shown.join(', ')}\n`, '');
  }

  async records(records: readonly SourcedRecord<ContainerRecord>[]): Promise<void> {
    const texts = { stdout: [] as string[], stderr: [] as string[] };
    for (const { source, record } of records) {
      const name = this.#scope.logName(source.name);
      texts[record.stream].push(this.#format.line(name, record.time, this.#shownText(record.text)));
      // On a terminal both are one stream, and their order is all there is to tell them apart.
      if (this.#screen.showsStack && record.stream === 'stderr') texts.stdout.push(texts.stderr.pop() ?? '');
    }
    await this.#screen.write(texts.stdout.join(''), texts.stderr.join(''));
  }

  skipped(lines: number): void {
    this.#screen.skip(lines);
  }

  async hook({ service, source, at, text }: OutputEvent): Promise<void> {
    if (!this.#scope.showsService(service)) return;
    await this.#screen.write(this.#format.line(`${this.#scope.logName(source)} ->`, at, this.#shownText(text)), '');
  }

  /** What became of a container: `exited with code 1`. */
  async status(record: ContainerRecord, text: string): Promise<void> {
    await this.#screen.write(this.#format.status(this.#scope.logName(record.name), text), '');
  }

  async repair({ kind, resource, status, cause }: RepairEvent): Promise<void> {
    await this.#screen.write('', `${kind} ${resource} ${status}: ${cause}\n`);
  }

  watch(event: WatchEvent): void {
    const isPainted = isColored(this.#context, this.#context.stdout);
    void this.#screen.write(formatWatchEvent(event, this.#format, this.#context, isPainted), '');
  }

  /** What we do ourselves: below the logs as long as it lasts, or a line among them. */
  async notice(text: string): Promise<void> {
    this.#screen.tell({ type: 'notice', text });
    if (!this.#screen.showsStack) await this.#screen.write('', `${text}\n`);
  }

  /** Below the logs there is something that they must not write over. */
  #shownText(text: string): string {
    return this.#screen.showsStack ? printableLine(text) : text;
  }
}
