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
