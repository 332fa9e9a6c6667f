/**
 * What the monitor (addon/monitor) and we say to each other: its specification, its state, the requests and events of its
 * control socket, and the frames of a stream. docs/architecture.md is the contract; this file is its TypeScript half.
 */
import { ComposeError, type ErrorCode } from '../util/errors.ts';
import type { LoggingDriver, SyslogAddress } from './log-options.ts';

/** `monitor.json`, written by us before the monitor starts. */
export interface MonitorSpec {
  readonly version: 1;
  readonly id: string;
  readonly name: string;
  readonly bundle: string;
  readonly runDir: string;
  readonly log: MonitorLog;
  readonly restart: RestartPolicy;
  readonly stop: { readonly signal: string; readonly timeoutMs: number };
  readonly stdinOpen: boolean;
  readonly terminal: boolean;
  readonly health: HealthCheck | null;
  readonly supervisor: { readonly args: readonly string[]; readonly lock: string } | null;
}

export interface MonitorLog {
  readonly driver: LoggingDriver;
  /** The file that `logs` reads; null: there is none. */
  readonly path: string | null;
  /** 0: never rotated. */
  readonly maxSizeBytes: number;
  /** How many files there are at most, the current one included. */
  readonly maxFiles: number;
  /** Whether the rotated ones are. */
  readonly compress?: boolean;
  /** Written with every line of the file. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Whether the container waits for a server that is slow. */
  readonly mode?: 'blocking' | 'non-blocking';
  readonly maxBufferBytes?: number;
  /** The program that connects and compresses. */
  readonly helper?: string;
  readonly syslog?: SyslogAddress & {
    readonly facility: number;
    readonly format: string;
    readonly tag: string;
    readonly hostname: string;
    readonly caCertificate: string;
    readonly certificate: string;
    readonly key: string;
    readonly trustsAnybody: boolean;
  };
  readonly journal?: { readonly socket: string; readonly fields: Readonly<Record<string, string>> };
}

export interface RestartPolicy {
  readonly policy: 'no' | 'always' | 'on-failure' | 'unless-stopped';
  /** 0: without limit. */
  readonly maxRetries: number;
  readonly delayMs: number;
  readonly maxDelayMs: number;
  /** A run at least this long resets the delay. */
  readonly windowMs: number;
  /** And counts as a success: attempts are counted anew. */
  readonly resetsAttempts?: boolean;
}

export interface HealthCheck {
  readonly args: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly startPeriodMs: number;
  readonly startIntervalMs: number;
}

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

export type HealthStatus = 'starting' | 'healthy' | 'unhealthy';

export interface HealthLogEntry {
  readonly start: string;
  readonly end: string;
  readonly exitCode: number;
  readonly output: string;
}

export interface HealthState {
  readonly status: HealthStatus;
  readonly failingStreak: number;
  /** The last five results, oldest first. */
  readonly log: readonly HealthLogEntry[];
}

/** `state.json`, `exit.json` and the answer to `state`. */
export interface MonitorState {
  readonly version: 1;
  readonly id: string;
  readonly status: 'created' | 'running' | 'paused' | 'restarting' | 'exited';
  /** 0 while no process runs. */
  readonly pid: number;
  readonly pidStartTicks: number;
  readonly bootId: string;
  readonly monitorPid: number;
  readonly monitorStartTicks: number;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly exitCode: number | null;
  /** The name of the signal that ended it ("SIGKILL"). */
  readonly signal: string | null;
  readonly oomKilled: boolean;
  readonly restartCount: number;
  readonly nextRestartAt: string | null;
  readonly error: string | null;
  readonly health: HealthState | null;
  /** For the monitor that may have to take over; times are of the monotonic clock. */
  readonly adoption: {
    readonly startedMs: number;
    /** The back-off before this run; 0: there was none. */
    readonly lastDelayMs: number;
    /** Restarts since a run that succeeded. */
    readonly attempts: number;
    readonly restartAtMs: number | null;
    /** When the grace of a stop ends. */
    readonly killAtMs: number | null;
    readonly isStopping: boolean;
    readonly isStoppedByHand: boolean;
    readonly isRestartRequested: boolean;
  };
}

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

/** Channels of a stream's frames. */
export const channels = { stdin: 0, stdout: 1, stderr: 2, control: 3 } as const;

/** A control frame to the monitor. */
export type ControlRequest =
  | { readonly resize: { readonly rows: number; readonly columns: number } }
  | { readonly signal: string };

/** A control frame from the monitor; either one is the stream's last. */
export type ControlNotice =
  | { readonly exit: { readonly exitCode: number } }
  /** We read too slowly and the monitor stopped waiting; `bytes` of output were thrown away. */
  | { readonly dropped: { readonly bytes: number } };

export interface Frame {
  readonly channel: number;
  readonly payload: Buffer;
}

const frameHeaderBytes = 8;
/** The monitor writes frames of at most 64 KiB; anything far beyond that is not a frame. */
const frameLimitBytes = 1 << 20;

/** One frame: channel, three zero bytes, length as 32-bit big-endian, payload. */
export function encodeFrame(channel: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderBytes + payload.length);
  frame.writeUInt32LE(channel, 0);
  frame.writeUInt32BE(payload.length, 4);
  frame.set(payload, frameHeaderBytes);
  return frame;
}

/** A control frame. */
export function encodeControl(request: ControlRequest): Buffer {
  return encodeFrame(channels.control, Buffer.from(JSON.stringify(request)));
}

/** Cuts a byte stream into frames, however it was split on its way. */
export class FrameDecoder {
  #chunks: Buffer[] = [];
  #bufferedBytes = 0;

  /** Adds `chunk` and gives the frames that are complete now. Throws when the bytes cannot be frames. */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#bufferedBytes += chunk.length;
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  /** Whether the stream may end here: no frame is half received. */
  get isAtBoundary(): boolean {
    return this.#bufferedBytes === 0;
  }

  #next(): Frame | undefined {
    if (this.#bufferedBytes < frameHeaderBytes) return undefined;
    const header = this.#peek(frameHeaderBytes);
    const channel = header.readUInt8(0);
    const length = header.readUInt32BE(4);
    if (channel > channels.control || length > frameLimitBytes) {
      throw new ComposeError('KERNEL', `the monitor sent a broken frame: channel ${channel}, ${length} bytes`);
    }
    if (this.#bufferedBytes < frameHeaderBytes + length) return undefined;
    const whole = this.#peek(frameHeaderBytes + length);
    this.#consume(frameHeaderBytes + length);
    return { channel, payload: whole.subarray(frameHeaderBytes) };
  }

  /** The first `length` bytes as one buffer; chunks are joined only where a frame spans them. */
  #peek(length: number): Buffer {
    const first = this.#chunks[0]!;
    if (first.length >= length) return first.subarray(0, length);
    let joinedChunks = 0;
    for (let bytes = 0; bytes < length; joinedChunks++) bytes += this.#chunks[joinedChunks]!.length;
    const joined = Buffer.concat(this.#chunks.slice(0, joinedChunks));
    this.#chunks.splice(0, joinedChunks, joined);
    return joined.subarray(0, length);
  }

  #consume(length: number): void {
    const first = this.#chunks[0]!;
    if (first.length === length) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(length);
    this.#bufferedBytes -= length;
  }
}

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
  readonly message?: unknown;
  readonly exitCode?: unknown;
}): ComposeError {
  const code = typeof answer.code === 'string' && knownCodes.has(answer.code) ? (answer.code as ErrorCode) : 'KERNEL';
  const message = typeof answer.message === 'string' ? answer.message : 'the monitor refused without saying why';
  return new ComposeError(code, message, typeof answer.exitCode === 'number' ? { exitCode: answer.exitCode } : {});
}
