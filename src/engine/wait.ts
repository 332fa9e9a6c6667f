/** Waiting for a dependency's condition: on events of its monitor, never by polling. */
import { readContainerState } from '../container/state.ts';
import type { ContainerState } from '../model/container-state.ts';
import type { ContainerRecord } from '../model/records.ts';
import type { DependencyCondition } from '../model/service.ts';
import { ComposeError } from '../util/errors.ts';
import type { EngineContext } from './context.ts';
import { followMonitor } from './follow.ts';

export interface ConditionWait {
  readonly service: string;
  readonly condition: DependencyCondition | 'running_or_healthy';
  readonly isRequired: boolean;
  readonly records: readonly ContainerRecord[];
  readonly signal: AbortSignal;
  readonly timeout: AbortSignal | null;
  readonly timeoutMs: number | null;
}

/** What runs for this long is taken to run, where no health check tells better: Compose's first look comes then, too. */
const steadyMs = 500;

/**
 * Resolves with the word for what was reached. A required dependency that cannot reach it any more throws
 * DEPENDENCY_FAILED or UNHEALTHY; an optional one resolves as skipped. Throws TIMEOUT when `timeout` fires.
 */
export async function waitForCondition(context: EngineContext, wait: ConditionWait): Promise<string> {
  const ids = new Set(wait.records.map(({ id }) => id));
  // Repairs wait for this change to end, so a monitor that is killed meanwhile is replaced here.
  const stop = context.hub.onEvent(({ containerId, event }) => {
    if (event.event === 'lost' && ids.has(containerId)) void adoptAgain(context, containerId);
  });
  try {
    for (const { id } of wait.records) await adoptAgain(context, id);
    return await context.hub.until(
      ids,
      () => judge(context, wait),
      wait.signal,
      wait.condition === 'running_or_healthy' ? steadyMs : undefined,
    );
  } catch (error) {
    if (wait.timeout?.aborted && error === wait.timeout.reason) {
      throw new ComposeError('TIMEOUT', `application not healthy after ${(wait.timeoutMs ?? 0) / 1000}s`, {
        hint: `service ${wait.service} did not get there in time: see its logs`,
      });
    }
    if (!wait.isRequired && error instanceof ComposeError) return 'Skipped';
    throw error;
  } finally {
    stop();
  }
}

/** Gives a container that lost its monitor another one; a failure shows as the end of the container. */
async function adoptAgain(context: EngineContext, id: string): Promise<void> {
  if (readContainerState(context.paths.container(id), context.native).monitor !== 'lost') return;
  try {
    await context.containers.adopt(id);
    await followMonitor(context, id);
  } catch (error) {
    console.error(`cannot take over container ${id} again:`, error);
  }
  context.hub.look(id);
}

function judge(context: EngineContext, wait: ConditionWait): string | undefined {
  const words = wait.records.map((record) => {
    const state = readContainerState(context.paths.container(record.id), context.native);
    return judgeOne(record, state, wait, context.clock());
  });
  return words.includes(undefined) ? undefined : words[0];
}

function judgeOne(record: ContainerRecord, state: ContainerState, wait: ConditionWait, now: Date): string | undefined {
  const hasEnded = state.status === 'exited';
  switch (wait.condition) {
    case 'service_completed_successfully':
      if (!hasEnded) return undefined;
      if (state.exitCode === 0) return 'Exited';
      throw new ComposeError(
        'DEPENDENCY_FAILED',
        `service ${JSON.stringify(wait.service)} didn't complete successfully: exit ${state.exitCode ?? 'unknown'}`,
        { hint: `see its output: tscompose logs ${wait.service}` },
      );
    case 'service_healthy':
      return judgeHealth(record, state, hasEnded);
    case 'running_or_healthy':
      if (hasEnded && state.exitCode === 0) return 'Exited';
      if (state.health !== null || hasEnded) return judgeHealth(record, state, hasEnded);
      // A program that fails at once has been running too.
      return state.status === 'running' && ageMs(state, now) >= steadyMs ? 'Started' : undefined;
    case 'service_started':
      return state.status === 'created' ? undefined : 'Started';
  }
}

function judgeHealth(record: ContainerRecord, state: ContainerState, hasEnded: boolean): string | undefined {
  if (hasEnded) {
    throw new ComposeError('DEPENDENCY_FAILED', `container ${record.name} exited (${state.exitCode ?? 'unknown'})`, {
      hint: `see its output: tscompose logs ${record.service}`,
    });
  }
  if (state.health === null) {
    if (state.status !== 'running') return undefined;
    throw new ComposeError('DEPENDENCY_FAILED', `container ${record.name} has no healthcheck configured`, {
      hint: 'add healthcheck: to the service, or depend on service_started',
    });
  }
  if (state.health.status === 'healthy') return 'Healthy';
  if (state.health.status === 'starting') return undefined;
  const last = state.health.log.at(-1)?.output.trim();
  throw new ComposeError('UNHEALTHY', `dependency failed to start: container ${record.name} is unhealthy`, {
    ...(last ? { hint: `its last probe said: ${last}` } : {}),
  });
}

function ageMs(state: ContainerState, now: Date): number {
  // A clock that was set back makes it negative; then a start in the future is as good as an old one.
  return state.startedAt === null ? 0 : Math.abs(now.getTime() - Date.parse(state.startedAt));
}
