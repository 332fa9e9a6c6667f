/**
 * What the monitor (addon/monitor) and we say to each other on its control socket: requests, answers and events.
 * docs/architecture.md is the contract; this file is its TypeScript half, with monitor-spec.ts, monitor-state.ts and monitor-frames.ts.
 */
import { processLimitHint, tryAgain } from '../util/errno.ts';
import { ComposeError, type ErrorCode } from '../util/errors.ts';
import type { HealthLogEntry, HealthStatus, MonitorState } from './monitor-state.ts';

/** The one line that the monitor writes to its ready fd. */
export type ReadyLine =
  | { readonly ok: true; readonly pid: number }
  | {
      readonly ok: false;
      readonly code: string;
      readonly step: string;
      readonly errno: number;
      readonly message: string;
      readonly exitCode: number;
    };

export interface MonitorStatistics {
  readonly at: string;
  readonly memoryBytes: number;
  /** 0: no limit. */
  readonly memoryLimitBytes: number;
  readonly memoryPeakBytes: number;
  readonly cpuNanoseconds: number;
  readonly cpuUserNanoseconds: number;
  readonly cpuSystemNanoseconds: number;
  readonly cpuThrottledPeriods: number;
  readonly pids: number;
  /** 0: no limit. */
  readonly pidsLimit: number;
  readonly ioReadBytes: number;
  readonly ioWriteBytes: number;
  readonly oomKills: number;
  readonly network: readonly InterfaceStatistics[];
}

export interface InterfaceStatistics {
  readonly name: string;
  readonly receivedBytes: number;
  readonly receivedPackets: number;
  readonly receiveErrors: number;
  readonly receiveDropped: number;
  readonly sentBytes: number;
  readonly sentPackets: number;
  readonly sendErrors: number;
  readonly sendDropped: number;
}

/** Descriptors that a process has open. A monitor keeps those of a supervisor for the next one. */
export interface Descriptors {
  readonly pid: number;
  readonly fds: readonly number[];
}

/** Arguments of each request whose answer is one line. */
export interface RequestArguments {
  readonly state: Record<never, never>;
  readonly stop: { readonly signal?: string; readonly timeoutMs?: number };
  readonly kill: { readonly signal: string; readonly manual?: boolean };
  readonly restart: { readonly timeoutMs?: number };
  readonly pause: Record<never, never>;
  readonly resume: Record<never, never>;
  readonly resize: { readonly rows: number; readonly columns: number };
  readonly update: { readonly resources: object };
  readonly wait: Record<never, never>;
  readonly statistics: Record<never, never>;
  readonly keep: { readonly keep: Descriptors };
}

/** What each of them is answered with, besides `ok`. */
export interface RequestAnswers {
  readonly state: { readonly state: MonitorState };
  readonly stop: { readonly exitCode: number };
  readonly kill: Record<never, never>;
  readonly restart: { readonly pid: number };
  readonly pause: Record<never, never>;
  readonly resume: Record<never, never>;
  readonly resize: Record<never, never>;
  readonly update: Record<never, never>;
  readonly wait: { readonly exitCode: number };
  readonly statistics: { readonly statistics: MonitorStatistics };
  readonly keep: Record<never, never>;
}

export type RequestName = keyof RequestArguments;

export interface AttachArguments {
  readonly stdin: boolean;
  /** How much of the latest output comes first, at most 64 KiB. */
  readonly replayBytes: number;
}

export interface ExecArguments {
  /** An OCI `process` object. */
  readonly process: object;
  readonly privileged: boolean;
}

export type MonitorEvent =
  | { readonly event: 'start'; readonly pid: number; readonly at: string }
  | {
      readonly event: 'die';
      readonly exitCode: number;
      readonly signal: string | null;
      readonly oomKilled: boolean;
      readonly ranMs: number;
      readonly at: string;
    }
  | { readonly event: 'restarting'; readonly delayMs: number }
  | { readonly event: 'health'; readonly status: HealthStatus; readonly log: HealthLogEntry; readonly at: string }
  | { readonly event: 'oom' }
  | { readonly event: 'pause' }
  | { readonly event: 'unpause' }
  | { readonly event: 'exec'; readonly execId: string; readonly args: readonly string[]; readonly at: string }
  | { readonly event: 'exec_die'; readonly execId: string; readonly exitCode: number; readonly at: string }
  | { readonly event: 'log_dropped'; readonly bytes: number }
  | { readonly event: 'gone'; readonly exitCode: number };

const knownCodes: ReadonlySet<string> = new Set<ErrorCode>([
  'USAGE',
  'INVALID',
  'LIMIT',
  'UNSUPPORTED',
  'NOT_RUNNING',
  'NO_PERMISSION',
  'NO_SPACE',
  'FILE_NOT_FOUND',
  'CGROUP_UNAVAILABLE',
  'USER_NOT_FOUND',
  'COMMAND_NOT_FOUND',
  'COMMAND_NOT_EXECUTABLE',
  'START_FAILED',
  'LOG_SERVER',
  'TIMEOUT',
  'KERNEL',
]);

/** The error that a refusal of the monitor (an answer or a ready line with `ok: false`) stands for. */
export function refusal(answer: {
  readonly code?: unknown;
  readonly errno?: unknown;
  readonly message?: unknown;
  readonly exitCode?: unknown;
}): ComposeError {
  const code = typeof answer.code === 'string' && knownCodes.has(answer.code) ? (answer.code as ErrorCode) : 'KERNEL';
  const message = typeof answer.message === 'string' ? answer.message : 'the monitor refused without saying why';
  const options = typeof answer.exitCode === 'number' ? { exitCode: answer.exitCode } : {};
  // Nothing that a monitor does but to make a process fails so.
  if (code === 'KERNEL' && answer.errno === tryAgain)
    return new ComposeError('LIMIT', message, { ...options, hint: processLimitHint });
  return new ComposeError(code, message, options);
}
