import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { slowness } from '../../support/eventually.ts';

const here = import.meta.dirname;

/** The built runtime: TSCOMPOSE_RUNTIME, or node-gyp's. */
export const runtimePath =
  process.env.TSCOMPOSE_RUNTIME ?? join(here, '../../../addon/build/Release/tscompose-runtime');

export const isReady =
  process.getuid?.() === 0 && [runtimePath, '/bin/busybox', '/usr/bin/python3'].every((path) => existsSync(path));

const defaultCapabilities = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

export interface Mount {
  destination: string;
  type: string;
  source: string;
  options: string[];
}

const mount = (destination: string, type: string, options: string[]): Mount => ({
  destination,
  type,
  source: type,
  options,
});

/** The parts of config.json that tests change; what Docker gives a default container otherwise. */
export function defaultConfig(args: string[]) {
  return {
    ociVersion: '1.2.0',
    hostname: 'box',
    root: { path: 'rootfs', readonly: false },
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 } as { uid: number; gid: number; additionalGids?: number[]; umask?: number },
      args,
      env: ['PATH=/bin'],
      cwd: '/',
      noNewPrivileges: false,
      capabilities: {
        bounding: defaultCapabilities,
        effective: defaultCapabilities,
        permitted: defaultCapabilities,
      } as Record<string, string[]>,
      rlimits: [] as { type: string; soft: number; hard: number }[],
      oomScoreAdj: undefined as number | undefined,
      consoleSize: undefined as { height: number; width: number } | undefined,
    },
    mounts: [
      mount('/proc', 'proc', ['nosuid', 'noexec', 'nodev']),
      mount('/dev', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
      mount('/dev/pts', 'devpts', ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5']),
      mount('/sys', 'sysfs', ['nosuid', 'noexec', 'nodev', 'ro']),
      mount('/sys/fs/cgroup', 'cgroup', ['ro', 'nosuid', 'noexec', 'nodev']),
      mount('/dev/mqueue', 'mqueue', ['nosuid', 'noexec', 'nodev']),
      mount('/dev/shm', 'tmpfs', ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=67108864']),
    ],
    hooks: {} as Record<string, { path: string; args?: string[]; timeout?: number }[]>,
    annotations: {} as Record<string, string>,
    linux: {
      cgroupsPath: '',
      namespaces: ['mount', 'network', 'uts', 'pid', 'ipc'].map((type) => ({ type })) as {
        type: string;
        path?: string;
      }[],
      uidMappings: [] as { containerID: number; hostID: number; size: number }[],
      gidMappings: [] as { containerID: number; hostID: number; size: number }[],
      resources: {
        devices: [{ allow: false, access: 'rwm' }],
      } as Record<string, unknown>,
      sysctl: {} as Record<string, string>,
      seccomp: undefined as unknown,
      maskedPaths: ['/proc/acpi', '/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}

export type Config = ReturnType<typeof defaultConfig>;

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Whether a process runs; one that has ended and was not collected does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** A bundle over a busybox root, a state directory and unique container names; dispose() leaves nothing of them. */
export class Bundle {
  readonly directory = mkdtempSync(join(tmpdir(), 'tscompose-runtime-'));
  readonly rootfs = join(this.directory, 'rootfs');
  readonly #state = join(this.directory, 'state');
  readonly #tag = this.directory.slice(-6);
  #made: string[] = [];
  /** The executable that call() runs. */
  runtime = runtimePath;

  constructor() {
    for (const name of ['bin', 'proc', 'dev', 'sys', 'tmp', 'etc', 'root', 'mnt'])
      mkdirSync(join(this.rootfs, name), { recursive: true });
    copyFileSync('/bin/busybox', join(this.rootfs, 'bin/busybox'));
    for (const name of execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).split('\n'))
      if (name !== '' && name !== 'busybox') symlinkSync('busybox', join(this.rootfs, 'bin', name));
    writeFileSync(join(this.rootfs, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nweb:x:33:44::/srv:/bin/sh\n');
    writeFileSync(join(this.rootfs, 'etc/group'), 'root:x:0:\nweb:x:44:\nlog:x:50:web\n');
  }

  id(name: string): string {
    const id = `${name}-${this.#tag}`;
    this.#made.push(id);
    return id;
  }

  /** Writes config.json for `args` as `change` wants it. */
  configure(args: string[], change: (config: Config) => void = () => {}): void {
    const config = defaultConfig(args);
    config.linux.cgroupsPath = `/tscompose-rt-${this.#tag}`;
    change(config);
    writeFileSync(join(this.directory, 'config.json'), JSON.stringify(config));
  }

  call(...args: string[]): Outcome {
    return this.callLending([], ...args);
  }

  /** As call(), while descriptors of ours stay open in the runtime as 3, 4, …: what a careless caller does. */
  callLending(descriptors: readonly number[], ...args: string[]): Outcome {
    const result = spawnSync(this.runtime, ['--root', this.#state, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe', ...descriptors],
      timeout: 15_000 * slowness,
    });
    return { code: result.status, stdout: result.stdout, stderr: result.stderr };
  }

  /** As call(), with this on standard input. */
  feed(input: string, ...args: string[]): Outcome {
    const result = spawnSync(this.runtime, ['--root', this.#state, ...args], {
      encoding: 'utf8',
      input,
      timeout: 15_000 * slowness,
    });
    return { code: result.status, stdout: result.stdout, stderr: result.stderr };
  }

  /** create and exec -d must not hold the pipes of this process: their container would keep them open. */
  quietly(...args: string[]): number | null {
    return spawnSync(this.runtime, ['--root', this.#state, ...args], { stdio: 'ignore', timeout: 15_000 * slowness })
      .status;
  }

  run(args: string[], change?: (config: Config) => void): Outcome {
    this.configure(args, change);
    return this.call('run', '--bundle', this.directory, this.id('run'));
  }

  sh(script: string, change?: (config: Config) => void): Outcome {
    return this.run(['sh', '-c', script], change);
  }

  status(id: string): string {
    return (JSON.parse(this.call('state', id).stdout) as { status: string }).status;
  }

  dispose(): void {
    for (const id of this.#made) this.call('delete', '--force', id);
    rmSync(this.directory, { recursive: true, force: true });
  }
}
