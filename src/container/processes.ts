/** The processes of a container, as `ps -ef` shows processes: read from /proc, without a process of ours inside. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcessRow {
  readonly user: string;
  readonly pid: number;
  readonly parentPid: number;
  /** Of one processor, over its whole life. */
  readonly cpuPercent: number;
  /** `10:27` today, else `Nov20`. */
  readonly startedAt: string;
  readonly terminal: string;
  /** `00:01:02`. */
  readonly cpuTime: string;
  readonly command: string;
}

/** Clock ticks a second: fixed on Linux for user space (USER_HZ, time(7)). */
const ticksPerSecond = 100;

/** Everything in the pid namespace of `initPid`, and what that started in namespaces below, in order of pids. */
export function listProcesses(initPid: number, now: Date): ProcessRow[] {
  const stats = readStats();
  const init = stats.get(initPid);
  if (init === undefined) return [];
  const namespace = pidNamespace(initPid);
  const bootedAtMs = readBootTimeMs();
  const users = readUsers();
  const isInside = (stat: Stat): boolean =>
    stat.pid === initPid || pidNamespace(stat.pid) === namespace || hasAncestor(stat, initPid, stats);
  return [...stats.values()]
    .filter(isInside)
    .sort((a, b) => a.pid - b.pid)
    .map((stat) => toRow(stat, { now, bootedAtMs, users }));
}

interface Stat {
  readonly pid: number;
  readonly parentPid: number;
  readonly name: string;
  readonly terminal: number;
  readonly cpuTicks: number;
  readonly startTicks: number;
}

function readStats(): Map<number, Stat> {
  const stats = new Map<number, Stat>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const text = readOrEmpty(`/proc/${entry}/stat`);
    // The name is in parentheses and may hold any character (proc_pid_stat(5)).
    const [, name, rest] = /^\d+ \((.*)\) (.*)$/s.exec(text) ?? [];
    if (name === undefined || rest === undefined) continue;
    const fields = rest.trim().split(' ').map(Number);
    const [, parentPid = 0, , , terminal = 0, , , , , , , user = 0, system = 0, , , , , , , startTicks = 0] = fields;
    stats.set(Number(entry), { pid: Number(entry), parentPid, name, terminal, cpuTicks: user + system, startTicks });
  }
  return stats;
}

function hasAncestor(stat: Stat, pid: number, stats: ReadonlyMap<number, Stat>): boolean {
  for (let current = stats.get(stat.parentPid); current !== undefined; current = stats.get(current.parentPid)) {
    if (current.pid === pid) return true;
  }
  return false;
}

function pidNamespace(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return `gone ${pid}`;
  }
}

function toRow(
  stat: Stat,
  { now, bootedAtMs, users }: { now: Date; bootedAtMs: number; users: ReadonlyMap<string, string> },
): ProcessRow {
  const started = new Date(bootedAtMs + (stat.startTicks / ticksPerSecond) * 1000);
  const lifeSeconds = Math.max(1, (now.getTime() - started.getTime()) / 1000);
  const cpuSeconds = stat.cpuTicks / ticksPerSecond;
  const [, uid = '0'] = /^Uid:\s+(\d+)/m.exec(readOrEmpty(`/proc/${stat.pid}/status`)) ?? [];
  const command = readOrEmpty(`/proc/${stat.pid}/cmdline`).replace(/\0+$/, '').replaceAll('\0', ' ');
  return {
    user: users.get(uid) ?? uid,
    pid: stat.pid,
    parentPid: stat.parentPid,
    cpuPercent: (cpuSeconds / lifeSeconds) * 100,
    startedAt: startText(started, now),
    terminal: terminalName(stat.terminal),
    cpuTime: timeText(cpuSeconds),
    command: command === '' ? `[${stat.name}]` : command,
  };
}

function startText(started: Date, now: Date): string {
  if (started.toDateString() === now.toDateString()) {
    return `${String(started.getHours()).padStart(2, '0')}:${String(started.getMinutes()).padStart(2, '0')}`;
  }
  return `${started.toLocaleString('en', { month: 'short' })}${String(started.getDate()).padStart(2, '0')}`;
}

function timeText(seconds: number): string {
  const whole = Math.floor(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

/** Major 136 and up are pseudo terminals (devices.txt of the kernel); the minor's low bits come first. */
function terminalName(device: number): string {
  if (device === 0) return '?';
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  return major >= 136 && major <= 143 ? `pts/${minor + (major - 136) * 256}` : `${major}:${minor}`;
}

function readBootTimeMs(): number {
  const [, seconds = '0'] = /^btime (\d+)$/m.exec(readOrEmpty('/proc/stat')) ?? [];
  return Number(seconds) * 1000;
}

function readUsers(): Map<string, string> {
  const lines = readOrEmpty('/etc/passwd').split('\n');
  return new Map(lines.map((line) => line.split(':')).map(([name = '', , uid = '']) => [uid, name]));
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
