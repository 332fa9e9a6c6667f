import type { Operation, OperationType } from '../plan/plan.ts';

const texts: Readonly<Record<OperationType, readonly [started: string, done: string]>> = {
  pullImage: ['Pulling', 'Pulled'],
  createNetwork: ['Creating', 'Created'],
  repairNetwork: ['Repairing', 'Repaired'],
  removeNetwork: ['Removing', 'Removed'],
  createVolume: ['Creating', 'Created'],
  removeVolume: ['Removing', 'Removed'],
  createContainer: ['Creating', 'Created'],
  runPreStart: ['Running', 'Exited'],
  startContainer: ['Starting', 'Started'],
  awaitReplica: ['Waiting', 'Healthy'],
  shiftTraffic: ['Switching', 'Switched'],
  drainContainer: ['Draining', 'Drained'],
  delayUpdate: ['Waiting', 'Waited'],
  adoptContainer: ['Adopting', 'Adopted'],
  replugContainer: ['Reconnecting', 'Reconnected'],
  stopContainer: ['Stopping', 'Stopped'],
  killContainer: ['Killing', 'Killed'],
  pauseContainer: ['Pausing', 'Paused'],
  unpauseContainer: ['Unpausing', 'Unpaused'],
  removeContainer: ['Removing', 'Removed'],
  waitDependency: ['Waiting', 'Healthy'],
  repairFirewall: ['Repairing', 'Repaired'],
};

/** The words Compose uses for a step, before and after. */
export function describeStep(operation: Operation): { readonly started: string; readonly done: string } {
  const [started, done] = texts[operation.type];
  return { started, done };
}
