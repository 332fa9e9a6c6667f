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
