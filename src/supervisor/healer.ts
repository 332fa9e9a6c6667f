/** Notices drift — a monitor that died, a link or rule that was removed — and repairs it. Nothing polls. */

import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { containerEvent } from '../engine/container-event.ts';
import { repair } from '../engine/engine.ts';
import type { HubEvent } from '../engine/hub.ts';
import type { ContainerEvent } from '../model/events.ts';
import type { ContainerRecord } from '../model/records.ts';
import { monotonicMs } from '../util/elapsed.ts';
import { CgroupWatch } from './cgroup-watch.ts';
import type { Supervisor } from './supervisor.ts';

/** Several notifications of one cause arrive together: one look answers them all. */
const settleMs = 20;
/** A repair that keeps being needed is tried less and less often, up to this. */
const maximumDelayMs = 30_000;
const calmMs = 10_000;

export class Healer {
  readonly #supervisor: Supervisor;
  readonly #stopped = new AbortController();
  readonly #cgroups = new CgroupWatch(() => this.#onDrift());
  #timer: NodeJS.Timeout | undefined;
  #looked = Promise.withResolvers<void>();
  #delayMs = settleMs;
  #lastRepairAt = 0;
  /** Whether drift was told since the running change began: a repair may have looked there before. */
  #toldMeanwhile = false;

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor;
    this.#looked.resolve();
  }

  start(): void {
    const { context } = this.#supervisor;
    for (const { cgroupsPath } of context.database.containers(context.projectName)) {
      this.#cgroups.follow(dirname(cgroupsPath));
    }
    context.hub.onEvent((event) => this.#onHubEvent(event));
    void this.#watchNetworks();
  }

  stop(): void {
    this.#stopped.abort();
    clearTimeout(this.#timer);
    this.#looked.resolve();
    this.#cgroups[Symbol.dispose]();
  }

  /** Looks at the world soon and repairs what drifted. */
  look(): void {
    if (this.#stopped.signal.aborted || this.#timer !== undefined) return;
    if (monotonicMs() - this.#lastRepairAt > calmMs) this.#delayMs = settleMs;
    const looked = Promise.withResolvers<void>();
    this.#looked = looked;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#repair().finally(looked.resolve);
    }, this.#delayMs);
  }

  /** Settles when what has happened so far was looked at, once, and repaired as far as that went. */
  async settled(): Promise<void> {
    // What the kernel told together with the question is heard first.
    await nextTurn();
    await this.#looked.promise;
  }

  async #repair(): Promise<void> {
    const { context, changes } = this.#supervisor;
    const { signal } = this.#stopped;
    try {
      const count = await changes.run(() => {
        this.#toldMeanwhile = false;
        return repair(context, (event) => this.#supervisor.emit(event), signal);
      }, signal);
      if (this.#toldMeanwhile) this.look();
      // One that ended while nobody watched it told nobody.
      for (const { id } of context.database.containers(context.projectName)) context.hub.look(id);
      if (count === 0) return;
      this.#lastRepairAt = monotonicMs();
      this.#delayMs = Math.min(this.#delayMs * 2, maximumDelayMs);
      context.worldChanged();
    } catch (error) {
      if (signal.aborted) return;
      console.error('repair failed:', error);
      this.#lastRepairAt = monotonicMs();
      this.#delayMs = Math.min(Math.max(this.#delayMs, 500) * 2, maximumDelayMs);
      this.look();
    }
  }

  async #watchNetworks(): Promise<void> {
    const { signal } = this.#stopped;
    try {
      for await (const _change of this.#supervisor.context.networks.watch(signal)) {
        this.#onDrift();
      }
    } catch (error) {
      if (!signal.aborted) console.error('cannot watch the networks:', error);
    }
  }

  #onDrift(): void {
    // What a running change does itself is not drift, and after it we look anyway.
    if (this.#supervisor.changes.isBusy) this.#toldMeanwhile = true;
    else this.look();
  }

  #onHubEvent({ containerId, event }: HubEvent): void {
    const { context } = this.#supervisor;
    const record = context.database.container(containerId);
    if (record !== null) {
      for (const translated of containerEvents(record, event, context.clock())) this.#supervisor.emit(translated);
    }
    this.#supervisor.touch();
    switch (event.event) {
      case 'start':
        if (record !== null) this.#cgroups.follow(dirname(record.cgroupsPath));
        context.worldChanged();
        break;
      case 'die':
        context.worldChanged();
        break;
      case 'gone':
        context.releasePorts(containerId).catch((error: unknown) => {
          console.error(`cannot release the ports of container ${containerId}:`, error);
        });
        context.worldChanged();
        this.look();
        break;
      case 'lost':
        this.look();
        break;
    }
  }
}

/** A monitor's event as `events` shows it. */
function containerEvents(record: ContainerRecord, event: HubEvent['event'], now: Date): readonly ContainerEvent[] {
  const make = (action: string, at: string, extra: Record<string, string> = {}) =>
    containerEvent(record, action, at, extra);
  switch (event.event) {
    case 'start':
      return [make('start', event.at)];
    case 'die':
      return [
        make('die', event.at, {
          exitCode: String(event.exitCode),
          execDuration: String(Math.floor(event.ranMs / 1000)),
          ...(event.signal === null ? {} : { signal: event.signal }),
          ...(event.oomKilled ? { oomKilled: 'true' } : {}),
        }),
      ];
    case 'restarting':
      return [make('restarting', now.toISOString(), { delayMs: String(event.delayMs) })];
    case 'health':
      return [make(`health_status: ${event.status}`, event.at)];
    case 'oom':
      return [make('oom', now.toISOString())];
    case 'pause':
      return [make('pause', now.toISOString())];
    case 'unpause':
      return [make('unpause', now.toISOString())];
    case 'exec': {
      const command = event.args.join(' ');
      return ['exec_create', 'exec_start'].map((action) =>
        make(`${action}: ${command}`, event.at, { execID: event.execId }),
      );
    }
    case 'exec_die':
      return [make('exec_die', event.at, { execID: event.execId, exitCode: String(event.exitCode) })];
    case 'gone':
      return [make('gone', now.toISOString(), { exitCode: String(event.exitCode) })];
    case 'lost':
      return [make('lost', now.toISOString())];
    case 'log_dropped':
      return [make('log_dropped', now.toISOString(), { bytes: String(event.bytes) })];
  }
}
