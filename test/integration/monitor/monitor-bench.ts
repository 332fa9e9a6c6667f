/** One hand-written container under the real monitor, in a directory of its own. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { MonitorClient, type Subscription } from '../../../src/container/monitor-client.ts';
import type { MonitorEvent, ReadyLine } from '../../../src/container/monitor-protocol.ts';
import type { MonitorSpec } from '../../../src/container/monitor-spec.ts';
import type { MonitorState } from '../../../src/container/monitor-state.ts';
import { eventually } from '../../support/eventually.ts';

const executable = process.env.TSCOMPOSE_MONITOR ?? resolve('addon/build/Release/tscompose-monitor');

/** A piece of script that waits for `tell(name)`: what comes after it comes after what the test does before. */
export const untilTold = (name: string) => `until [ -e /tmp/${name} ]; do sleep 0.02; done`;

export interface BenchOptions {
  /** Run by /bin/sh -c as root on the host's userland. */
  readonly script: string;
  readonly monitor?: Partial<Omit<MonitorSpec, 'log'>> & { readonly log?: Partial<MonitorSpec['log']> };
  readonly resources?: object;
  readonly terminal?: boolean;
  readonly args?: readonly string[];
}

export interface LogLine {
  readonly log: string;
  readonly stream: string;
  readonly time: string;
}

export class MonitorBench {
  readonly id = randomBytes(32).toString('hex');
  readonly directory = mkdtempSync(join(tmpdir(), 'tsc-monitor-'));
  readonly runDir = join(this.directory, 'run');
  readonly logPath: string;
  readonly cgroupPath = `/tscompose-monitor-test-${this.id.slice(0, 12)}`;
  readonly client = new MonitorClient(join(this.runDir, 'monitor.sock'));

  constructor(options: BenchOptions) {
    for (const name of ['rootfs', 'upper', 'work', 'run']) mkdirSync(join(this.directory, name));
    this.logPath = options.monitor?.log?.path ?? join(this.directory, 'container.log');
    const terminal = options.terminal ?? false;
    const monitor: MonitorSpec = {
      version: 1,
      id: this.id,
      name: 'test',
      bundle: this.directory,
      runDir: this.runDir,
      restart: { policy: 'no', maxRetries: 0, delayMs: 20, maxDelayMs: 200, windowMs: 10_000 },
      stop: { signal: 'SIGTERM', timeoutMs: 5000 },
      stdinOpen: false,
      terminal,
      health: null,
      supervisor: null,
      ...options.monitor,
      log: { driver: 'json-file', maxSizeBytes: 0, maxFiles: 1, ...options.monitor?.log, path: this.logPath },
    };
    const overlay = { lower: ['/'], upper: join(this.directory, 'upper'), work: join(this.directory, 'work') };
    const config = {
      ociVersion: '1.2.0',
      root: { path: 'rootfs' },
      hostname: 'test',
      process: { ...this.process(options.args ?? ['/bin/sh', '-c', options.script]), terminal },
      mounts: [
        { destination: '/proc', type: 'proc', source: 'proc' },
        { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
        { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['newinstance', 'ptmxmode=0666'] },
      ],
      linux: {
        cgroupsPath: this.cgroupPath,
        namespaces: ['pid', 'mount', 'ipc', 'uts', 'network'].map((type) => ({ type })),
        resources: options.resources ?? {},
      },
      annotations: { 'dev.tscompose.overlay': JSON.stringify(overlay) },
    };
    writeFileSync(join(this.directory, 'monitor.json'), JSON.stringify(monitor));
    writeFileSync(join(this.directory, 'config.json'), JSON.stringify(config));
  }

  /** An OCI process object as `exec` takes it. */
  process(args: readonly string[]) {
    return { user: { uid: 0, gid: 0 }, args, env: ['PATH=/usr/bin:/bin', 'TERM=xterm'], cwd: '/' };
  }

  async start(): Promise<number> {
    const line = await this.launch('--spec');
    assert.ok(line.ok, JSON.stringify(line));
    return line.pid;
  }

  /** The monitor's ready line. */
  async launch(mode: '--spec' | '--adopt'): Promise<ReadyLine> {
    const args = [mode, join(this.directory, 'monitor.json'), '--ready-fd', '3'];
    const child: ChildProcess = spawn(executable, args, { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
    return JSON.parse(await text(child.stdio[3] as NodeJS.ReadableStream as never)) as ReadyLine;
  }

  log(path = this.logPath): LogLine[] {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LogLine);
  }

  logText(stream = 'stdout'): string {
    return this.log()
      .filter((line) => line.stream === stream)
      .map((line) => line.log)
      .join('');
  }

  exitRecord(): MonitorState {
    return JSON.parse(readFileSync(join(this.directory, 'exit.json'), 'utf8')) as MonitorState;
  }

  state(): MonitorState {
    return JSON.parse(readFileSync(join(this.runDir, 'state.json'), 'utf8')) as MonitorState;
  }

  /** Lets a script go on that waits for it with `untilTold`. */
  async tell(name: string): Promise<void> {
    await this.client.execDetached({ process: this.process(['touch', `/tmp/${name}`]), privileged: false });
  }

  /** Resolves when the monitor has ended; the container with it. */
  async gone(): Promise<void> {
    await eventually(
      () => {
        assert.ok(existsSync(join(this.directory, 'exit.json')));
        assert.ok(!existsSync(join(this.runDir, 'monitor.sock')));
        assert.ok(!isAlive(this.state().monitorPid));
      },
      { timeoutMs: 10_000 },
    );
  }

  /** Ends what still runs, checks that nothing is left but files, and removes those. */
  async close(): Promise<void> {
    await this.client.request('stop', { timeoutMs: 0 }).catch(() => {});
    await eventually(() => {
      assert.deepEqual(this.leftovers(), []);
    });
    rmSync(this.directory, { recursive: true });
  }

  /** The command lines of the container's processes. */
  commands(): string[] {
    return readdirSync('/proc').flatMap((pid) => {
      if (!/^\d+$/.test(pid)) return [];
      try {
        const isOurs = readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(this.cgroupPath);
        return isOurs ? [commandLine(pid).trim()] : [];
      } catch {
        return [];
      }
    });
  }

  /** Cgroups, mounts and processes of this container. */
  leftovers(): string[] {
    const cgroups = ['', ...readdirSync('/sys/fs/cgroup')]
      .map((name) => join('/sys/fs/cgroup', name, this.cgroupPath))
      .filter((path) => existsSync(path));
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(this.directory));
    const processes = readdirSync('/proc').filter(
      (pid) => /^\d+$/.test(pid) && commandLine(pid).includes(this.directory),
    );
    return [...cgroups, ...mounts, ...processes.map((pid) => `process ${pid}: ${commandLine(pid)}`)];
  }
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

export function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

/** The children of a process that are in a pid namespace below its own. */
export function childrenInside(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return children.filter((child) => {
    try {
      return /^NSpid:(?:\t\d+){2,}$/m.test(readFileSync(`/proc/${child}/status`, 'utf8'));
    } catch {
      return false;
    }
  });
}

/** Events until `isLast` says so, that one included. */
export async function eventsUntil(
  subscription: Subscription,
  isLast: (event: MonitorEvent) => boolean,
): Promise<MonitorEvent[]> {
  const events: MonitorEvent[] = [];
  for await (const event of subscription) {
    events.push(event);
    if (isLast(event)) return events;
  }
  throw new Error(`the subscription ended after ${JSON.stringify(events)}`);
}
