/** What the full-screen view knows of the stack: plain data that `cli` fills. */

export type Tone = 'good' | 'busy' | 'bad' | 'quiet';

/** A container, or a service that has none. */
export interface ServiceView {
  /** The container's id, or `service NAME`. */
  readonly key: string;
  readonly containerId: string | null;
  readonly service: string;
  readonly name: string;
  /** `running`, `exited (3)`, `not created`. */
  readonly state: string;
  readonly health: string | null;
  readonly tone: Tone;
  readonly restarts: number;
  /** `8080→80`. */
  readonly ports: string;
  readonly urls: readonly string[];
}

/** The latest figures, oldest first. */
export interface UsageView {
  readonly cpuPercents: readonly number[];
  readonly memoryBytes: readonly number[];
}

/** Stands for all of them in the list. */
export const everything = '*';

/** The source of lines that are our own: they are among the logs of whatever is selected. */
export const ownSource = 'tscompose';

export const usageLength = 32;

export function withUsage(before: UsageView | undefined, cpuPercent: number | null, memoryBytes: number): UsageView {
  return {
    // A share is one figure minus another: the first has none.
    cpuPercents: [...(before?.cpuPercents ?? []), ...(cpuPercent === null ? [] : [cpuPercent])].slice(-usageLength),
    memoryBytes: [...(before?.memoryBytes ?? []), memoryBytes].slice(-usageLength),
  };
}

/** `5 running, 1 unhealthy`. */
export function summaryOf(services: readonly ServiceView[]): string {
  const counts = new Map<string, number>();
  for (const { state, health } of services) {
    const word = state === 'running' && health !== null && health !== 'healthy' ? health : state.replace(/ \(.*$/, '');
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([word, count]) => `${count} ${word}`)
    .join(', ');
}
