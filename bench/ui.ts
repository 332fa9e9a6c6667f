import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchSettings } from './benchmarks.ts';
import { median, type Row } from './table.ts';
import type { Project, Workshop } from './workshop.ts';

const count = 30;
const idleSeconds = 60;
/** Clock ticks a second: fixed on Linux for user space (USER_HZ, time(7)). */
const ticksPerSecond = 100;

/** How long `ui` takes to show a stack of thirty services, beside their `ps`; and what it uses while nothing happens. */
export async function ui(workshop: Workshop, { runs }: BenchSettings): Promise<Row[]> {
  const sleeper = { command: ['/bin/sleep', '3600'], stop_signal: 'SIGKILL' };
  const services = Object.fromEntries(Array.from({ length: count }, (_, index) => [`s${index}`, sleeper]));
  const project = workshop.project('ui', services);
  workshop.ours([...project.ours, 'up', '-d']);
  workshop.peer([...project.peer, 'up', '-d']);
  const samples = { ours: [] as number[], peer: [] as number[] };
  // The first one compiles.
  for (let run = -1; run < runs; run += 1) {
    const opened = await openScreen(project, async () => {});
    if (run >= 0) samples.ours.push(opened);
    samples.peer.push(workshop.peer([...project.peer, 'ps']));
  }
  let share = 0;
  await openScreen(project, async (pid) => {
    await delay(5000);
    const before = processorSeconds(pid);
    await delay(idleSeconds * 1000);
    share = ((processorSeconds(pid) - before) / idleSeconds) * 100;
  });
  workshop.ours([...project.ours, 'down']);
  workshop.peer([...project.peer, 'down']);
  console.error(`bench: ui of ${count} services, ${idleSeconds} s with nothing to do: ${share.toFixed(2)} % of a core`);
  const [ours, peer] = [median(samples.ours), median(samples.peer)];
  return [{ measure: `ui opens, ${count} services`, unit: 'ms', ours, peer, peerName: "Compose's ps", samples }];
}

/** Milliseconds until the whole summary is on a terminal; then `use` runs, and the view is quit. */
async function openScreen({ ours, stateDirectory }: Project, use: (pid: number) => Promise<void>): Promise<number> {
  const command = `stty rows 50 cols 200; exec ${[...ours, 'ui'].map((word) => `'${word}'`).join(' ')}`;
  const start = performance.now();
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm-256color', TSCOMPOSE_STATE_DIR: stateDirectory },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let screen = '';
  const opened = new Promise<number>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      screen += text;
      if (screen.includes(`${count} running`)) resolve(performance.now() - start);
    });
    void ended.then(() => reject(new Error(`ui ended:\n${screen}`)));
  });
  const elapsed = await opened;
  await use(childOf(child.pid ?? 0));
  child.stdin.write('q');
  await ended;
  return elapsed;
}

function childOf(parent: number): number {
  const stat = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8');
    } catch {
      return '';
    }
  };
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return Number(pids.find((pid) => stat(pid).split(') ')[1]?.split(' ')[1] === String(parent)));
}

function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
