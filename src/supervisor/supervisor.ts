/**
 * The long-lived process of one project.
 *
 * Invariants: one supervisor per project (flock); one change at a time (`#changes`), repairs included; nothing that a
 * kill -9 here could lose is kept only in memory.
 */

import { fstatSync, mkdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ContainerDriver } from '../container/container-driver.ts';
import { readHostFacts } from '../container/host.ts';
import { readContainerState } from '../container/state.ts';
import type { EngineContext } from '../engine/context.ts';
import { ContainerHub } from '../engine/hub.ts';
import { portGroup, portRequests } from '../engine/port-requests.ts';
import { Rules } from '../engine/rules.ts';
import { resumeOneOffs } from '../engine/run.ts';
import { sweep, sweepKilledBuilds } from '../engine/sweep.ts';
import type { WorldEvent } from '../model/events.ts';
import type { ContainerRecord, PublishedPort } from '../model/records.ts';
import type { Binding, FileLock } from '../native/binding.ts';
import type { PortRequest, PortReservation } from '../network/contract.ts';
import { openDnsServer } from '../network/dns-server.ts';
import { openNetworkDriver } from '../network/network-driver.ts';
import { openPortHolder } from '../network/ports.ts';
import { openDatabase } from '../state/database.ts';
import type { Paths, ProjectPaths } from '../state/paths.ts';
import { monotonicMs } from '../util/elapsed.ts';
import { hasErrno } from '../util/errno.ts';
import { ComposeError } from '../util/errors.ts';
import { VolumeDriver } from '../volume/volume-driver.ts';
import { removeEmptyParents } from './cgroup-watch.ts';
import { ChangeQueue } from './change-queue.ts';
import { EventMemory } from './event-memory.ts';
import { Healer } from './healer.ts';
import { checkNetworkNamespace } from './network-namespace.ts';
import { ApiServer } from './server.ts';
import { WorldWatch } from './world-watch.ts';

export interface SupervisorOptions {
  readonly projectName: string;
  readonly paths: Paths;
  readonly native: Binding;
  /** argv with which a monitor starts this supervisor again. */
  readonly ownArgs: readonly string[];
}

/** How long another supervisor may take to begin, or to leave. */
const lockPatienceMs = 15_000;

/** Without running containers and clients it leaves after this time. */
const idleMs = 3_000;
/** Many containers start at once: one look at them serves all. The end of a change does not wait for it. */
const worldSettleMs = 10;

export class Supervisor {
  readonly context: EngineContext;
  readonly changes = new ChangeQueue();
  readonly memory = new EventMemory();
  readonly #listeners = new Set<(event: WorldEvent) => void>();
  readonly #lock: FileLock;
  readonly #server: ApiServer;
  readonly #healer: Healer;
  readonly #world: WorldWatch;
  #idleTimer: NodeJS.Timeout | undefined;
  #worldTimer: NodeJS.Timeout | undefined;
  #isClosing = false;

  /** Opens everything, adopts what runs and listens; null when another supervisor holds the project. */
  static async open(options: SupervisorOptions): Promise<Supervisor | null> {
    const { paths, projectName } = options;
    if (projectName === '') throw new ComposeError('USAGE', 'the supervisor needs --project NAME');
    const project = paths.project(projectName);
    const lock = await lockProject(options.native, project);
    if (lock === null) return null;
    const supervisor = new Supervisor(options, lock);
    await supervisor.#begin();
    return supervisor;
  }

  private constructor(options: SupervisorOptions, lock: FileLock) {
    this.#lock = lock;
    this.context = this.#openContext(options);
    this.#server = new ApiServer(this, options.paths.project(options.projectName).socket);
    this.#healer = new Healer(this);
    this.#world = new WorldWatch(options.paths.worldMark, () => this.#refreshNames());
  }

  async #begin(): Promise<void> {
    checkNetworkNamespace(this.context);
    await this.#adopt();
    await sweep(this.context);
    await sweepKilledBuilds(this.context);
    await this.#server.listen();
    this.context.containers.prepareStarts();
    this.#healer.start();
    resumeOneOffs(this);
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => void this.close());
    this.touch();
  }

  /** Takes over what a former supervisor left running: ports, names and subscriptions. */
  async #adopt(): Promise<void> {
    const { context } = this;
    const records = context.database.containers(context.projectName);
    const stateOf = ({ id }: ContainerRecord) => readContainerState(context.paths.container(id), context.native);
    await Promise.all(
      records.filter((record) => stateOf(record).monitor !== 'alive').map(({ id }) => context.containers.settle(id)),
    );
    for (const record of records) {
      const { monitor } = stateOf(record);
      if (monitor === 'none') continue;
      // One without a monitor gets another as the first repair; its ports and names are its own all the same.
      if (monitor === 'alive') await context.hub.follow(record.id);
      if (record.ports.length > 0) await this.#reholdPorts(record);
      if (record.networkNamespace === context.paths.networkNamespace(record.id) && record.endpoints.length > 0) {
        const { pid, fds: [udp, tcp] = [] } = context.hub.kept(record.id) ?? {};
        const kept = pid === undefined || udp === undefined || tcp === undefined ? undefined : { pid, udp, tcp };
        await context.dns.attach(record.id, record.networkNamespace, kept);
        await context.hub.keep(record.id);
      }
    }
    context.worldChanged();
    if (records.length > 0) this.#healer.look();
  }

  async #reholdPorts(record: ContainerRecord): Promise<void> {
    try {
      await this.context.reservePorts(record, fixedRequests(record));
    } catch (error) {
      // The rules still forward; only the fallback listener is missing, and who took the port is told at the next start.
      console.error(`cannot hold the ports of ${record.name} again:`, error);
    }
  }

  emit(event: WorldEvent): void {
    this.memory.add(event);
    for (const listener of [...this.#listeners]) listener(event);
  }

  onEvent(listener: (event: WorldEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Something happened: idle time counts from now. */
  touch(): void {
    if (this.#isClosing) return;
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      if (this.#server.clients > 0 || this.changes.isBusy || this.context.hub.size > 0) this.touch();
      else void this.close();
    }, idleMs);
  }

  /** Runs a change of the world, then looks at it: drift that came meanwhile was not noticed. */
  async change<T>(action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await this.changes.run(action, signal);
    } finally {
      this.#tellWorld();
      this.#healer.look();
    }
  }

  /** Settles when no change is under way and no repair is due. */
  async settled(): Promise<void> {
    await this.changes.drain();
    await this.#healer.settled();
    await this.changes.drain();
  }

  /** Leaves on purpose, once; containers go on. Commands that came before are carried out. */
  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    clearTimeout(this.#idleTimer);
    this.#healer.stop();
    this.#server.refuse();
    await this.changes.drain();
    this.context.containers[Symbol.dispose]();
    this.#world[Symbol.dispose]();
    await this.#server.close();
    await this.context.hub[Symbol.asyncDispose]();
    await this.context.dns.close();
    const { database, paths, projectName } = this.context;
    // Nothing is left of the project: neither are its lock and log.
    if (database.project(projectName) === null && database.containers(projectName).length === 0) {
      removeRunDir(paths.project(projectName));
    }
    removeEmptyParents();
    database[Symbol.dispose]();
    this.#lock.release();
    process.exit(0);
  }

  #openContext(options: SupervisorOptions): EngineContext {
    const { paths, native, projectName } = options;
    const database = openDatabase(paths);
    const containers = new ContainerDriver({ paths, native, monitorExecutable: monitorExecutable() });
    const dns = openDnsServer({ native });
    const hub = new ContainerHub(containers, (id) => {
      const sockets = dns.sockets(id);
      return sockets && { pid: sockets.pid, fds: [sockets.udp, sockets.tcp] };
    });
    const networks = openNetworkDriver({ paths, native });
    const holder = openPortHolder();
    const rules = new Rules(networks, database);
    const reservations = new Map<string, PortReservation>();
    const routePorts = ({ id, endpoints: [endpoint], traffic }: ContainerRecord): void => {
      const target = { ipv4: endpoint?.ipv4 ?? null, ipv6: endpoint?.ipv6 ?? null };
      reservations.get(id)?.forwardTo(traffic === 'held' ? null : target);
    };
    return {
      projectName,
      paths,
      database,
      native,
      host: readHostFacts(),
      containers,
      networks,
      rules,
      volumes: new VolumeDriver({ paths, native }),
      dns,
      hub,
      clock: () => new Date(),
      supervisorArgs: options.ownArgs,
      async reservePorts(record: ContainerRecord, requests: readonly PortRequest[]): Promise<readonly PublishedPort[]> {
        const held = reservations.get(record.id);
        if (held !== undefined) return held.ports;
        if (requests.length === 0) return [];
        const reservation = await holder.reserve(requests);
        reservations.set(record.id, reservation);
        routePorts(record);
        return reservation.ports;
      },
      routePorts,
      probePorts: (requests) => holder.probe(requests),
      async releasePorts(containerId: string): Promise<void> {
        const reservation = reservations.get(containerId);
        reservations.delete(containerId);
        await reservation?.release();
        leaveSharedPorts({ database, rules }, containerId);
      },
      announce: (event) => this.emit(event),
      worldChanged: () => {
        this.#worldTimer ??= setTimeout(() => this.#tellWorld(), worldSettleMs);
      },
    };
  }

  /** Tells names and other supervisors of what changed since the last time, if anything did. */
  #tellWorld(): void {
    if (this.#worldTimer === undefined) return;
    clearTimeout(this.#worldTimer);
    this.#worldTimer = undefined;
    this.#refreshNames();
    this.#world.announce();
  }

  /** DNS answers follow what runs. */
  #refreshNames(): void {
    const { database, dns, paths, native } = this.context;
    dns.changed(() => ({
      networks: database.networks(),
      containers: database
        .containers()
        .filter((record) => readContainerState(paths.container(record.id), native).status === 'running'),
    }));
  }
}

/**
 * The project's lock; null when another supervisor holds it and listens. One that holds it and does not listen is about
 * to, or about to leave: that is awaited. A supervisor that leaves for good removes the file, so the one that was locked
 * must still be the one that has the name.
 */
async function lockProject(native: Binding, project: ProjectPaths): Promise<FileLock | null> {
  const deadline = monotonicMs() + lockPatienceMs;
  while (monotonicMs() < deadline) {
    mkdirSync(project.runDir, { recursive: true, mode: 0o711 });
    const lock = await native.flock(project.lock, { exclusive: true, nonblocking: true }).catch((error: unknown) => {
      if (hasErrno(error, 'ENOENT')) return undefined;
      throw error;
    });
    // The one before us removed the directory just now.
    if (lock === undefined) continue;
    if (lock !== null) {
      if (statSync(project.lock, { throwIfNoEntry: false })?.ino === fstatSync(lock.fd).ino) return lock;
      lock.release();
    } else if (await listens(project.socket)) {
      return null;
    } else {
      await delay(10);
    }
  }
  throw new ComposeError('SUPERVISOR', `another supervisor holds ${project.lock} and does not answer`, {
    hint: `its log is ${project.log}`,
  });
}

/** One by one: a supervisor that comes just now has put its own lock there, and the directory stays. */
function removeRunDir(project: ProjectPaths): void {
  for (const path of [project.log, project.lock]) rmSync(path, { force: true });
  try {
    rmdirSync(project.runDir);
  } catch (error) {
    if (!hasErrno(error, 'ENOTEMPTY') && !hasErrno(error, 'ENOENT')) throw error;
  }
}

function listens(socketPath: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(socketPath, () => resolve(true));
  socket.once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

/** The rules lead no connection of a shared port to a container that does not run any more. */
function leaveSharedPorts({ database, rules }: Pick<EngineContext, 'database' | 'rules'>, containerId: string): void {
  const record = database.container(containerId);
  if (record === null || record.ports.length === 0) return;
  const numbers = new Set(record.ports.map(({ hostPort }) => hostPort));
  const isShared = database
    .containers(record.project)
    .some(({ id, ports }) => id !== containerId && ports.some(({ hostPort }) => numbers.has(hostPort)));
  if (!isShared) return;
  database.noteContainer({ ...record, ports: [] });
  void rules.request();
}

/** What a container published before, as requests for exactly that. */
function fixedRequests(record: ContainerRecord): PortRequest[] {
  if (record.ports.length === 0) return portRequests(record);
  return record.ports.map(({ hostIp, hostPort, containerPort, protocol }) => ({
    hostIp,
    hostPort,
    containerPort,
    protocol,
    group: portGroup(record),
  }));
}

/** Beside the addon, wherever the package lies. */
function monitorExecutable(): string {
  const here = import.meta.dirname;
  // dist/*.js and src/supervisor/*.ts stand at different depths below the package root.
  const root = here.endsWith('/dist') ? join(here, '..') : join(here, '../..');
  return join(root, 'addon/build/Release/tscompose-monitor');
}
