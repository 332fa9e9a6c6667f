/** Containers on this machine: bundles on disk and the monitors that run them. */
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Binding } from '../native/binding.ts';
import type { ContainerPaths, Paths } from '../state/paths.ts';
import { hasErrno } from '../util/errno.ts';
import { ComposeError } from '../util/errors.ts';
import { type BundleInput, formatSpec, hostnameOf, monitorSpec, ociSpec } from './bundle.ts';
import { MonitorClient } from './monitor-client.ts';
import { MonitorLauncher } from './monitor-launcher.ts';
import { type ReadyLine, refusal } from './monitor-protocol.ts';
import { readContainerState } from './state.ts';

export interface BundleFiles {
  readonly hosts: string;
  readonly resolvConf: string;
}

export class ContainerDriver {
  readonly #paths: Paths;
  readonly #native: Binding;
  readonly #launcher: MonitorLauncher;
  readonly #loggerExecutable: string;
  /** Written down by this process and not started yet. */
  readonly #new = new Set<string>();
  #hasParents = false;

  constructor(options: { readonly paths: Paths; readonly native: Binding; readonly monitorExecutable: string }) {
    this.#paths = options.paths;
    this.#native = options.native;
    this.#launcher = new MonitorLauncher(options.native, options.monitorExecutable);
    this.#loggerExecutable = join(dirname(options.monitorExecutable), 'tscompose-logger');
  }

  /** Writes the bundle anew; the container's own files (upper layer, log) stay. Rejects as INVALID before touching anything. */
  async write(input: BundleInput, files: BundleFiles): Promise<void> {
    const config = formatSpec(ociSpec(input));
    const monitor = JSON.stringify(monitorSpec(input, this.#loggerExecutable), null, 1);
    const { paths } = input;
    this.#makeParents(paths);
    await this.#native.writeBundle({
      directories: [paths.rootfs, paths.upper, paths.work],
      hostUpper: input.image.origin === 'host' ? paths.upper : '',
      files: [
        { path: paths.monitorSpec, text: monitor, mode: 0o600 },
        { path: `${paths.bundle}/hostname`, text: `${hostnameOf(input.service, input.id)}\n`, mode: 0o644 },
        { path: `${paths.bundle}/hosts`, text: files.hosts, mode: 0o644 },
        { path: `${paths.bundle}/resolv.conf`, text: files.resolvConf, mode: 0o644 },
      ],
      // Where there is a config.json the bundle is whole. The environment may hold secrets.
      last: { path: paths.config, text: config, mode: 0o600 },
    });
  }

  /** The directories of all containers have little in common but their parents. */
  #makeParents(paths: ContainerPaths): void {
    if (this.#hasParents) return;
    this.#native.makeTopDirectory(dirname(paths.bundle), 0o711);
    this.#native.makeTopDirectory(dirname(paths.runDir), 0o700);
    this.#hasParents = true;
  }

  /** Tells that a container has just been made. */
  announceNew(id: string): void {
    this.#new.add(id);
  }

  /** Whether nobody can have started it: then there is nothing that a start may have left. */
  isNew(id: string): boolean {
    return this.#new.has(id);
  }

  /** Begins what the first start would wait for. */
  prepareStarts(): void {
    this.#launcher.prepare();
  }

  /** Lets go of what starts are made with; containers go on. */
  [Symbol.dispose](): void {
    this.#launcher[Symbol.dispose]();
  }

  /** Starts the container under a new monitor; resolves once its process runs. Throws why it could not, leaving nothing. */
  async start(id: string): Promise<{ readonly pid: number }> {
    // The last one may still be writing to the disk, when nobody waits for it any more; or somebody copies files.
    if (!this.#new.delete(id)) await this.#untilUnlocked(id);
    return await this.#spawnMonitor(id, '--spec');
  }

  /** Gives a running container whose monitor was killed a new one. */
  async adopt(id: string): Promise<void> {
    await this.#spawnMonitor(id, '--adopt');
  }

  monitor(id: string): MonitorClient {
    return new MonitorClient(this.#paths.container(id).socket);
  }

  /**
   * Stops it for good: its signal, then after `timeoutMs` SIGKILL to all of it. Not running is success.
   */
  async stop(id: string, timeoutMs: number | null, signal?: AbortSignal): Promise<void> {
    await ignoreNotRunning(this.monitor(id).request('stop', timeoutMs === null ? {} : { timeoutMs }, { signal }));
  }

  async kill(id: string, name: string): Promise<void> {
    await ignoreNotRunning(this.monitor(id).request('kill', { signal: name, manual: true }));
  }

  async pause(id: string): Promise<void> {
    await this.monitor(id).request('pause', {});
  }

  async unpause(id: string): Promise<void> {
    await this.monitor(id).request('resume', {});
  }

  /** Ends what may be left of a container without a monitor, cgroup included. */
  async destroyLeftovers(cgroupsPath: string): Promise<void> {
    if (!this.#native.cgroupExists(cgroupsPath)) return;
    await this.#native.cgroupKill(cgroupsPath);
    await this.#native.cgroupRemove(cgroupsPath);
  }

  /**
   * Settles when no monitor of this container is half way: a supervisor that was killed may have started one just before.
   * Afterwards the container's notes are true.
   */
  async settle(id: string): Promise<void> {
    const paths = this.#paths.container(id);
    for (let attempt = 0; await this.#isMonitorLocked(id); attempt++) {
      try {
        // It answers once the container runs.
        await this.monitor(id).state();
        return;
      } catch (error) {
        if (!(error instanceof ComposeError && error.code === 'NOT_RUNNING')) throw error;
      }
      // Either it is about to listen, or about to end, which it may take its time for when all is written down.
      if (attempt > 5 && readContainerState(paths, this.#native).status === 'exited') return;
      await delay(2);
    }
  }

  /** Removes its files; it must not run. */
  async remove(id: string): Promise<void> {
    const paths = this.#paths.container(id);
    this.#new.delete(id);
    // First: one that is killed in between leaves a bundle that is known not to be whole.
    await rm(paths.config, { force: true });
    await Promise.all([this.#native.removeTree(paths.runDir), this.#native.removeTree(paths.bundle)]);
  }

  /** Whether a monitor of it lives, be it only just beginning. */
  async #isMonitorLocked(id: string): Promise<boolean> {
    try {
      const lock = await this.#native.flock(this.#paths.container(id).lock, { exclusive: true, nonblocking: true });
      lock?.release();
      return lock === null;
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return false;
      throw error;
    }
  }

  async #untilUnlocked(id: string): Promise<void> {
    if (!(await this.#isMonitorLocked(id))) return;
    const { lock } = this.#native.waitForLock(this.#paths.container(id).lock, { exclusive: true });
    (await lock).release();
  }

  async #spawnMonitor(id: string, mode: '--spec' | '--adopt'): Promise<{ readonly pid: number }> {
    const paths = this.#paths.container(id);
    mkdirSync(paths.runDir, { recursive: true, mode: 0o700 });
    const answer = await this.#launcher.launch([mode, paths.monitorSpec]);
    const line = parseReadyLine(answer);
    if (line.ok) return { pid: line.pid };
    throw refusal(line);
  }
}

function parseReadyLine(text: string): ReadyLine {
  try {
    return JSON.parse(text) as ReadyLine;
  } catch {
    throw new ComposeError('START_FAILED', 'the monitor ended before it reported', {
      hint: `it said: ${JSON.stringify(text.trim().slice(0, 200))}`,
    });
  }
}

async function ignoreNotRunning(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof ComposeError && error.code === 'NOT_RUNNING')) throw error;
  }
}
