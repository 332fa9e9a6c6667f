import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { stringify } from 'yaml';
import { median, type Row } from './table.ts';
import { settleMs, type Workshop } from './workshop.ts';

const files = 500;
/** Of each run; every one waits for the one before. */
const savesEach = 20;
const latestMs = 20_000;

/**
 * From a save to the moment when a container has the new content, the same saves on both sides in turn. Where the content is
 * seen is the container's root, which both give their processes.
 */
export async function watch(workshop: Workshop, { runs }: { readonly runs: number }): Promise<Row[]> {
  const samples = { ours: [] as number[], peer: [] as number[] };
  const sides = [
    { samples: samples.ours, side: await openSide(workshop, 'ours') },
    { samples: samples.peer, side: await openSide(workshop, 'peer') },
  ];
  try {
    for (let run = 0; run < runs; run += 1) {
      for (const { samples: own, side } of sides) {
        for (let save = 0; save < savesEach; save += 1) {
          own.push(await latency(side, run * savesEach + save));
          // What one save starts is over when the next comes.
          await delay(100);
        }
        await delay(settleMs);
      }
    }
  } finally {
    for (const { side } of sides) await side.end();
  }
  const row = (measure: string, of: (values: readonly number[]) => number): Row => ({
    measure,
    unit: 'ms',
    ours: of(samples.ours),
    peer: of(samples.peer),
    peerName: 'Compose watch',
    samples,
  });
  const count = runs * savesEach;
  return [row(`save to container, median of ${count}`, median), row(`save to container, 95th of 100`, nearlyWorst)];
}

function nearlyWorst(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.95) - 1] ?? Number.NaN;
}

interface Side {
  readonly source: string;
  /** Where the copies are seen. */
  readonly target: string;
  end(): Promise<void>;
}

async function openSide(workshop: Workshop, name: 'ours' | 'peer'): Promise<Side> {
  const directory = join(workshop.directory, `watch-${name}`);
  const source = join(directory, 'src');
  mkdirSync(source, { recursive: true });
  for (let index = 0; index < files; index += 1) writeFileSync(join(source, `${index}.js`), '0');
  // Compose 2.26 watches only what is built.
  writeFileSync(join(directory, 'Dockerfile'), `FROM ${workshop.image}\nCOPY src /srv\n`);
  const image = name === 'ours' ? { image: `rootfs:${workshop.rootfs}` } : { build: '.' };
  const service = {
    ...image,
    command: ['/bin/sleep', '3600'],
    stop_signal: 'SIGKILL',
    develop: { watch: [{ path: './src', target: '/srv', action: 'sync' }] },
  };
  const file = join(directory, 'compose.yaml');
  writeFileSync(file, stringify({ name: `tscbench-watch-${name}`, services: { web: service } }));
  const peers = resolve(process.env.TSCOMPOSE_PEERS ?? join(import.meta.dirname, '../../shared/tools/peers'));
  const command =
    name === 'ours'
      ? [resolve(import.meta.dirname, '../bin/tscompose'), '-f', file]
      : [peers, 'run', 'docker', 'compose', '-f', file];
  const environment = { ...process.env, TSCOMPOSE_STATE_DIR: join(workshop.directory, 's'), NO_COLOR: '1' };
  const start = (args: readonly string[]): ChildProcess =>
    spawn(command[0]!, [...command.slice(1), ...args], {
      cwd: directory,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: who stands between us and the peer passes no signal on.
      detached: true,
    });
  const child = start(['watch']);
  await printed(child, /Watch enabled/i);
  const pid = name === 'ours' ? ownPid(workshop) : peerPid(workshop);
  return {
    source,
    target: `/proc/${pid}/root/srv`,
    async end() {
      const ended = once(child, 'close');
      process.kill(-child.pid!, 'SIGINT');
      await ended;
      const down = start(['down', '-t', '0', '--rmi', 'local']);
      down.stdout?.resume();
      down.stderr?.resume();
      await once(down, 'close');
    },
  };
}

async function printed(child: ChildProcess, pattern: RegExp): Promise<void> {
  let text = '';
  const { promise, resolve: found, reject } = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (pattern.test(text)) found();
    });
  }
  child.once('exit', () => reject(new Error(`it ended:\n${text}`)));
  await promise;
}

function ownPid(workshop: Workshop): number {
  const output = workshop.ownOutput(['-p', 'tscbench-watch-ours', 'inspect', '--format', 'json', 'web']);
  return (JSON.parse(output) as { readonly State: { readonly Pid: number } }[])[0]?.State.Pid ?? 0;
}

function peerPid(workshop: Workshop): number {
  return Number(workshop.peerOutput(['docker', 'inspect', '-f', '{{.State.Pid}}', 'tscbench-watch-peer-web-1']));
}

async function latency({ source, target }: Side, number: number): Promise<number> {
  const name = `${(number * 37) % files}.js`;
  const text = `save ${number}`;
  writeFileSync(join(source, name), text);
  const start = performance.now();
  for (;;) {
    if (contentOf(join(target, name)) === text) return performance.now() - start;
    if (performance.now() - start > latestMs) throw new Error(`save ${number} does not arrive`);
    await turn();
  }
}

function contentOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Docker removes a file before it makes the new one.
    return null;
  }
}
