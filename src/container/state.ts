import { readFileSync } from 'node:fs';
import type { ContainerState } from '../model/container-state.ts';
import type { Binding } from '../native/binding.ts';
import type { ContainerPaths } from '../state/paths.ts';
import { hasErrno } from '../util/errno.ts';
import type { MonitorState } from './monitor-state.ts';

type Processes = Pick<Binding, 'processAlive' | 'bootId'>;

/**
 * What a container does now: its monitor's notes, believed only as far as the kernel confirms them. A container without
 * notes was made and never started.
 */
export function readContainerState(paths: ContainerPaths, processes: Processes): ContainerState {
  const read = () => readNotes(paths.state) ?? readNotes(paths.exitRecord);
  const notes = read();
  if (notes === null) return neverStarted;
  const state = confirmState(notes, processes);
  if (state.status !== 'exited' || notes.status === 'exited') return state;
  // Gone since its notes were read: by now a monitor that ended in order has written down how.
  return confirmState(read() ?? notes, processes);
}

/** The notes of a monitor as a state, corrected by what the kernel says of its processes. */
function confirmState(notes: MonitorState, processes: Processes): ContainerState {
  const isThisBoot = notes.bootId === processes.bootId();
  const isMonitored = isThisBoot && processes.processAlive(notes.monitorPid, notes.monitorStartTicks);
  const hasProcess = isThisBoot && notes.pid > 0 && processes.processAlive(notes.pid, notes.pidStartTicks);
  const base = {
    startedAt: notes.startedAt,
    finishedAt: notes.finishedAt,
    restartCount: notes.restartCount,
    error: notes.error,
    oomKilled: notes.oomKilled,
    signal: notes.signal,
  };
  if (notes.status === 'exited') {
    return {
      ...base,
      status: 'exited',
      pid: null,
      pidStartTicks: null,
      exitCode: notes.exitCode,
      health: null,
      monitor: 'none',
    };
  }
  // One that waits for its next start has no process to wait in.
  const isWaiting = isThisBoot && notes.status === 'restarting';
  if (isMonitored || hasProcess || isWaiting) {
    return {
      ...base,
      status: notes.status,
      pid: hasProcess ? notes.pid : null,
      pidStartTicks: hasProcess ? notes.pidStartTicks : null,
      exitCode: notes.exitCode,
      health: notes.health,
      monitor: isMonitored ? 'alive' : 'lost',
    };
  }
  // Both are gone and nobody wrote down how it ended.
  return { ...base, status: 'exited', pid: null, pidStartTicks: null, exitCode: null, health: null, monitor: 'none' };
}

const neverStarted: ContainerState = {
  status: 'created',
  pid: null,
  pidStartTicks: null,
  startedAt: null,
  finishedAt: null,
  exitCode: null,
  signal: null,
  oomKilled: false,
  restartCount: 0,
  error: null,
  health: null,
  monitor: 'none',
};

function readNotes(path: string): MonitorState | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as MonitorState;
  } catch (error) {
    // A file cut short by a power failure says as little as none.
    if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENOTDIR') || error instanceof SyntaxError) return null;
    throw error;
  }
}
