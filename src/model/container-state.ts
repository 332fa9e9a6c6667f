/** What a container's process does now, as its monitor wrote it down and the kernel confirms (docs/architecture.md). */
export type ContainerStatus = 'created' | 'running' | 'paused' | 'restarting' | 'exited';

export interface HealthProbe {
  readonly start: string;
  readonly end: string;
  readonly exitCode: number;
  readonly output: string;
}

export interface HealthState {
  readonly status: 'starting' | 'healthy' | 'unhealthy';
  readonly failingStreak: number;
  readonly log: readonly HealthProbe[];
}

export interface ContainerState {
  readonly status: ContainerStatus;
  /** The container's init in the host's pid namespace; null when there is none. */
  readonly pid: number | null;
  readonly pidStartTicks: number | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly exitCode: number | null;
  /** The name of the signal that ended it. */
  readonly signal: string | null;
  readonly oomKilled: boolean;
  readonly restartCount: number;
  readonly error: string | null;
  readonly health: HealthState | null;
  /** `lost`: the process runs but its monitor was killed; `none`: nothing runs. */
  readonly monitor: 'alive' | 'lost' | 'none';
}

/** Of one that was killed together with its monitor, or whose end a full disk kept from being written down; a monitor says the same. */
export const unknownExitCode = 255;

/** The exit code as people are told it; 0 before there is one. */
export function exitCodeOf({ status, exitCode }: Pick<ContainerState, 'status' | 'exitCode'>): number {
  return exitCode ?? (status === 'exited' ? unknownExitCode : 0);
}
