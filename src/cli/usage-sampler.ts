import { MonitorClient } from '../container/monitor-client.ts';
import type { MonitorStatistics } from '../container/monitor-protocol.ts';
import type { ContainerRecord } from '../model/records.ts';
import type { Paths } from '../state/paths.ts';
import { ComposeError } from '../util/errors.ts';

export interface Usage {
  /** Of one processor; null until there are two figures to compare. */
  readonly cpuPercent: number | null;
  readonly memoryBytes: number;
}

const intervalMs = 2000;
/** Of many containers each is asked less often: to ask one takes about half a millisecond of ours. */
const intervalPerContainerMs = 130;

/** Reads what containers use every two seconds, or so, as long as they run. */
export class UsageSampler implements AsyncDisposable {
  readonly #paths: Paths;
  readonly #tell: (name: string, usage: Usage) => void;
  readonly #containers = new Map<string, { record: ContainerRecord; before: MonitorStatistics | undefined }>();
  #timer: NodeJS.Timeout;
  readonly #abort = new AbortController();
  #round: Promise<unknown> = Promise.resolve();

  constructor(paths: Paths, tell: (name: string, usage: Usage) => void) {
    this.#paths = paths;
    this.#tell = tell;
    this.#timer = setTimeout(() => this.#begin(), intervalMs);
  }

  add(record: ContainerRecord, ended: AbortSignal): void {
    this.#containers.set(record.id, { record, before: undefined });
    ended.addEventListener('abort', () => this.#containers.delete(record.id), { once: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#abort.abort();
    await this.#round;
  }

  #begin(): void {
    // A machine that is too slow to answer in time is not asked more often.
    this.#round = Promise.all([...this.#containers.values()].map((each) => this.#sample(each))).finally(() => {
      if (this.#abort.signal.aborted) return;
      const wait = Math.max(intervalMs, this.#containers.size * intervalPerContainerMs);
      this.#timer = setTimeout(() => this.#begin(), wait);
    });
  }

  async #sample(container: { record: ContainerRecord; before: MonitorStatistics | undefined }): Promise<void> {
    const { record, before } = container;
    try {
      const monitor = new MonitorClient(this.#paths.container(record.id).socket);
      const { statistics } = await monitor.request('statistics', {}, { signal: this.#abort.signal });
      container.before = statistics;
      this.#tell(record.name, { cpuPercent: cpuPercent(before, statistics), memoryBytes: statistics.memoryBytes });
    } catch (error) {
      // It ended, or we do.
      if (!(error instanceof ComposeError) && !this.#abort.signal.aborted) throw error;
    }
  }
}

/** Processor time per time gone by; null without an earlier figure. */
export function cpuPercent(before: MonitorStatistics | undefined, now: MonitorStatistics): number | null {
  if (before === undefined) return null;
  const elapsedNs = (Date.parse(now.at) - Date.parse(before.at)) * 1e6;
  if (elapsedNs <= 0) return null;
  return Math.max(0, ((now.cpuNanoseconds - before.cpuNanoseconds) / elapsedNs) * 100);
}
