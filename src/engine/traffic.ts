/** Who is led where: a new replica is waited for, traffic moves to it, and the old one ends when its connections have. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { durationMs } from '../container/health.ts';
import { readContainerState } from '../container/state.ts';
import { lastingName, passingName } from '../model/names.ts';
import type { ContainerRecord } from '../model/records.ts';
import { answerTtlSeconds } from '../network/contract.ts';
import { monotonicMs } from '../util/elapsed.ts';
import { ComposeError } from '../util/errors.ts';
import type { EngineContext } from './context.ts';

/** What runs for this long is taken to run, where no health check tells better. */
const steadyMs = 500;
/** Of what publishes a port and has no health check: that it listens is waited for so long. */
const listenPatienceMs = 30_000;
/**
 * The kernel tells nobody when a socket begins to listen, and of the end of a connection late and not everywhere
 * (docs/architecture.md, Updates), so these two alone are looked at again, after this time, while somebody waits for it.
 */
const lookAgainMs = 100;
/** A timer may fire that much before its time. */
const timerSlackMs = 10;
/** Who has just asked for a name still comes. */
const leastDrainMs = answerTtlSeconds * 1000 + 500;

/**
 * Resolves with the word for it when the container is ready: healthy, or without a health check running steadily with its
 * TCP ports open, and still so `monitorMs` after its start. Throws DEPENDENCY_FAILED or UNHEALTHY when it fails before.
 */
export async function awaitReplica(
  context: EngineContext,
  record: ContainerRecord,
  monitorMs: number,
  signal: AbortSignal,
): Promise<string> {
  const stateOf = () => readContainerState(context.paths.container(record.id), context.native);
  const { restartCount } = stateOf();
  const began = monotonicMs();
  const failed = (code: 'DEPENDENCY_FAILED' | 'UNHEALTHY', what: string, hint: string) =>
    new ComposeError(code, `${whose}container ${lastingName(record.name)} ${what}`, { hint });
  const whose = record.replaces === undefined ? '' : 'the replacement of ';
  for (;;) {
    const word = await context.hub.until(
      new Set([record.id]),
      () => {
        const state = stateOf();
        if (state.status === 'exited' && state.exitCode === 0) return 'Exited';
        if (state.status === 'exited' || state.status === 'restarting' || state.restartCount > restartCount) {
          const hint = `see its output: tscompose logs ${record.service}`;
          throw failed('DEPENDENCY_FAILED', `exited (${state.exitCode ?? 'unknown'})`, hint);
        }
        if (state.health?.status === 'unhealthy') {
          const said = state.health.log.at(-1)?.output.trim();
          throw failed('UNHEALTHY', 'is unhealthy', said ? `its last probe said: ${said}` : 'see its health check');
        }
        const age = monotonicMs() - began;
        if (state.status !== 'running' || state.health?.status === 'starting') return undefined;
        if (age + timerSlackMs < Math.max(monitorMs, state.health === null ? steadyMs : 0)) return undefined;
        if (state.health !== null) return 'Healthy';
        return age > listenPatienceMs || listens(record, state.pid) ? 'Started' : '';
      },
      signal,
      Math.max(steadyMs, monitorMs),
    );
    if (word !== '') return word;
    await delay(lookAgainMs, undefined, { signal });
  }
}

/** Leads ports and names to a container, and no more to the one whose place it takes. One transaction: no name is ever nobody's. */
export async function shiftTraffic(
  context: EngineContext,
  fresh: ContainerRecord,
  lastingName: string,
  fromId: string | null,
): Promise<void> {
  const { database } = context;
  const old = fromId === null ? null : database.container(fromId);
  const { traffic: _held, replaces: _old, ...rest } = fresh;
  const serving: ContainerRecord = { ...rest, name: lastingName };
  const leaving: ContainerRecord | null =
    old === null ? null : { ...old, traffic: 'held', name: passingName(old.id, lastingName) };
  database.transaction(() => {
    // Names are unique: the new one lends its own for a moment.
    if (leaving !== null && leaving.name === fresh.name) database.saveContainer({ ...fresh, name: `${fresh.name}_` });
    if (leaving !== null) database.saveContainer(leaving);
    database.saveContainer(serving);
  });
  for (const record of leaving === null ? [serving] : [serving, leaving]) context.routePorts(record);
  context.worldChanged();
  await context.rules.request();
}

/** Leads nobody new to a container, and resolves when nobody is connected to it any more, or its time to stop is over. */
export async function drain(
  context: EngineContext,
  record: ContainerRecord,
  timeoutMs: number | null,
  signal: AbortSignal,
): Promise<void> {
  const began = monotonicMs();
  const wasServing = record.traffic !== 'held';
  if (wasServing) {
    const held: ContainerRecord = { ...record, traffic: 'held' };
    context.database.saveContainer(held);
    context.routePorts(held);
    context.worldChanged();
    await context.rules.request();
  }
  const graceMs = timeoutMs ?? durationMs(record.config.stop_grace_period) ?? 10_000;
  const { pid } = readContainerState(context.paths.container(record.id), context.native);
  while (monotonicMs() - began < Math.max(graceMs, leastDrainMs)) {
    await delay(lookAgainMs, undefined, { signal });
    if (monotonicMs() - began >= leastDrainMs && connections(pid) === 0) return;
  }
}

const listening = '0A';
/** ESTABLISHED, and CLOSE_WAIT of who may still be answered. */
const open: ReadonlySet<string> = new Set(['01', '08']);

/** Whether a process of the container listens on each TCP port that it publishes. */
function listens(record: ContainerRecord, pid: number | null): boolean {
  const bound = new Set(tcpSockets(pid).flatMap(({ port, state }) => (state === listening ? port : [])));
  return (record.config.ports ?? []).every(
    ({ target, protocol }) => (protocol || 'tcp') !== 'tcp' || bound.has(target),
  );
}

/** How many connections others have to what listens in the container's network namespace. */
function connections(pid: number | null): number {
  const sockets = tcpSockets(pid);
  const bound = new Set(sockets.flatMap(({ port, state }) => (state === listening ? port : [])));
  return sockets.filter(({ port, state, isLoopback }) => !isLoopback && open.has(state) && bound.has(port)).length;
}

interface TcpSocket {
  readonly port: number;
  /** As proc(5) has it: two hexadecimal digits. */
  readonly state: string;
  readonly isLoopback: boolean;
}

function tcpSockets(pid: number | null): TcpSocket[] {
  if (pid === null) return [];
  return ['tcp', 'tcp6'].flatMap((table) => {
    let text = '';
    try {
      text = readFileSync(`/proc/${pid}/net/${table}`, 'utf8');
    } catch {
      // It has ended, or has no IPv6.
    }
    return text
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => {
        const [, local = '', , state = ''] = line.trim().split(/\s+/);
        const [address = '', port = ''] = local.split(':');
        // 127.0.0.0/8 in the byte order of the machine, and as IPv6 writes it.
        const isLoopback = /7F$/.test(address) || address === '00000000000000000000000001000000';
        return { port: Number.parseInt(port, 16), state, isLoopback };
      });
  });
}
