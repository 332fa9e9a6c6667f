import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { build } from './build.ts';
import { health } from './health.ts';
import { images } from './images.ts';
import { median, type Row } from './table.ts';
import { ui } from './ui.ts';
import { watch } from './watch.ts';
import { proportionalSizes, requestsPerSecond, settleMs, settlingRuns, type Workshop } from './workshop.ts';

export interface BenchSettings {
  readonly runs: number;
  readonly sizes: readonly number[];
}

type Benchmark = (workshop: Workshop, settings: BenchSettings) => Promise<Row[]>;

/** pid 1 ignores SIGTERM; killing it outright leaves only our work and the peer's to be measured. */
const sleeper = { command: ['/bin/sleep', '3600'], stop_signal: 'SIGKILL' };

const services = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`s${String(index).padStart(3, '0')}`, sleeper]));

/** up, up again, ps and down are one cycle: each run measures all four, the two sides in turn. */
const cycle: Benchmark = async (workshop, { runs, sizes }) => {
  const rows: Row[] = [];
  for (const size of sizes) {
    const project = workshop.project(`cycle${size}`, services(size));
    const steps = { 'up -d': ['up', '-d'], 'up -d, nothing to do': ['up', '-d'], ps: ['ps'], down: ['down'] };
    // The kernel takes network namespaces apart one after the other, long after their containers have gone.
    const pauseMs = settleMs + 150 * size;
    const samples = Object.keys(steps).map(() => ({ ours: [] as number[], peer: [] as number[] }));
    if (size === sizes[0]) {
      for (let run = 0; run < settlingRuns; run += 1)
        for (const args of Object.values(steps)) workshop.ours([...project.ours, ...args]);
      await delay(pauseMs);
    }
    for (let run = 0; run < runs; run += 1) {
      for (const [index, args] of Object.values(steps).entries())
        samples[index]!.ours.push(workshop.ours([...project.ours, ...args]));
      await delay(pauseMs);
      for (const [index, args] of Object.values(steps).entries())
        samples[index]!.peer.push(workshop.peer([...project.peer, ...args]));
      await delay(pauseMs);
    }
    for (const [index, step] of Object.keys(steps).entries()) {
      rows.push(row(`${step}, ${size} service${size === 1 ? '' : 's'}`, 'ms', 'Compose', samples[index]!));
    }
  }
  return rows;
};

const run: Benchmark = async (workshop, { runs }) => {
  const project = workshop.project('run', { one: { command: ['/bin/true'] } });
  const samples = { ours: [] as number[], peer: [] as number[] };
  for (let count = 0; count < settlingRuns; count += 1)
    workshop.ours([...project.ours, 'run', '--rm', 'one', '/bin/true']);
  for (let count = 0; count < runs; count += 1) {
    samples.ours.push(workshop.ours([...project.ours, 'run', '--rm', 'one', '/bin/true']));
    samples.peer.push(workshop.peer([...project.peer, 'run', '--rm', 'one', '/bin/true']));
  }
  return [row('run --rm of true', 'ms', 'Compose', samples)];
};

const runtime: Benchmark = async (workshop, { runs }) => {
  const bundle = join(workshop.directory, 'bundle');
  mkdirSync(bundle);
  workshop.peerOutput(['runc', 'spec', '--bundle', bundle]);
  const path = join(bundle, 'config.json');
  const spec = JSON.parse(execFileSync('cat', [path], { encoding: 'utf8' }));
  spec.process.terminal = false;
  spec.process.args = ['/bin/true'];
  spec.root = { path: workshop.rootfs, readonly: true };
  writeFileSync(path, JSON.stringify(spec));
  const ours = resolve(import.meta.dirname, '../addon/build/Release/tscompose-runtime');
  // crun refuses hybrid cgroups, so it gets a view without the unified hierarchy; what that costs is taken off.
  const legacy = (command: string) => ['unshare', '-m', 'sh', '-c', `umount /sys/fs/cgroup/unified; exec ${command}`];
  const samples = { ours: [] as number[], runc: [] as number[], crun: [] as number[], view: [] as number[] };
  for (let count = 0; count < runs * 4; count += 1) {
    const id = `bench-${count}`;
    samples.ours.push(
      workshop.ours([ours, '--root', join(workshop.directory, 'runtime'), 'run', '--bundle', bundle, id]),
    );
    samples.runc.push(workshop.peer(['runc', 'run', '--bundle', bundle, id]));
    samples.crun.push(workshop.peer(legacy(`crun run --bundle ${bundle} ${id}`)));
    samples.view.push(workshop.peer(legacy('true')) - workshop.ours(['true']));
  }
  const view = median(samples.view);
  const crun = samples.crun.map((time) => time - view);
  return [
    row('one container of true', 'ms', 'runc', { ours: samples.ours, peer: samples.runc }),
    row('one container of true', 'ms', 'crun', { ours: samples.ours, peer: crun }),
  ];
};

const memory: Benchmark = async (workshop) => {
  const count = 30;
  const project = workshop.project('memory', services(count));
  workshop.ours([...project.ours, 'up', '-d']);
  const monitors = proportionalSizes(new RegExp(`tscompose-monitor .*${workshop.directory}/`));
  const supervisors = proportionalSizes(/^tscompose-supervisor tscbench-memory/);
  workshop.ours([...project.ours, 'down']);
  workshop.peer([...project.peer, 'up', '-d']);
  const shims = proportionalSizes(/containerd-shim/);
  const daemons = proportionalSizes(/(?:^|\/)(?:dockerd|containerd) |(?:^|\/)(?:dockerd|containerd)$/);
  workshop.peer([...project.peer, 'down']);
  if (monitors.length !== count) throw new Error(`${monitors.length} monitors for ${count} containers`);
  return [
    {
      measure: 'memory per container (PSS)',
      unit: 'KiB',
      ours: median(monitors),
      peer: median(shims),
      peerName: 'containerd-shim',
    },
    {
      measure: 'memory of what stands above 30 containers (PSS)',
      unit: 'KiB',
      ours: total(supervisors),
      peer: total(daemons),
      peerName: 'dockerd and containerd',
    },
  ];
};

const http: Benchmark = async (workshop, { runs }) => {
  const web = (port: number) => ({
    web: { command: ['/usr/sbin/nginx', '-c', '/etc/nginx.conf'], ports: [`${port}:80`], stop_signal: 'SIGKILL' },
  });
  const ours = workshop.project('http-ours', web(18_765));
  const peer = workshop.project('http-peer', web(18_766));
  workshop.ours([...ours.ours, 'up', '-d']);
  workshop.peer([...peer.peer, 'up', '-d']);
  await delay(1000);
  const samples = { ours: [] as number[], peer: [] as number[] };
  for (let count = 0; count < runs; count += 1) {
    samples.ours.push(await requestsPerSecond('http://127.0.0.1:18765/', 3));
    samples.peer.push(await requestsPerSecond('http://127.0.0.1:18766/', 3));
  }
  workshop.ours([...ours.ours, 'down']);
  workshop.peer([...peer.peer, 'down']);
  return [row('requests through a published port', 'requests/s', 'Docker', samples)];
};

const logs: Benchmark = async (workshop, { runs }) => {
  // Whole lines of 80 bytes: the reader ends a line that the program did not.
  const bytes = 800_000 * 80;
  const line = '0123456789'.repeat(8).slice(1);
  const command = ['/bin/sh', '-c', `yes ${line} | head -c ${bytes}`];
  const project = workshop.project('logs', { chatter: { command } });
  const samples = { ours: [] as number[], peer: [] as number[] };
  let kept = { ours: 0, peer: 0 };
  for (let count = 0; count < runs; count += 1) {
    const rate = (ms: number) => bytes / 1e6 / (ms / 1000);
    const { ours, peer } = project;
    samples.ours.push(rate(workshop.ours([...ours, 'up', '-d']) + workshop.ours([...ours, 'wait', 'chatter'])));
    samples.peer.push(rate(workshop.peer([...peer, 'up', '-d']) + workshop.peer([...peer, 'wait', 'chatter'])));
    if (count === 0) {
      const [file, ...args] = ours as [string, ...string[]];
      const environment = { ...process.env, TSCOMPOSE_STATE_DIR: project.stateDirectory };
      const printed = execFileSync(file, [...args, 'logs', '--no-log-prefix'], {
        maxBuffer: 2 ** 30,
        env: environment,
      });
      kept = { ours: printed.length, peer: workshop.peerOutput([...peer, 'logs', '--no-log-prefix']).length };
      if (kept.ours !== bytes) throw new Error(`${bytes - kept.ours} of ${bytes} bytes of log are lost`);
    }
    workshop.ours([...ours, 'down']);
    workshop.peer([...peer, 'down']);
  }
  return [
    row('log throughput', 'MB/s', 'Docker', samples),
    { measure: `log kept of ${bytes} bytes`, unit: 'bytes', ours: kept.ours, peer: kept.peer, peerName: 'Docker' },
  ];
};
export const benchmarks: Readonly<Record<string, Benchmark>> = {
  cycle,
  run,
  runtime,
  memory,
  http,
  health,
  logs,
  build,
  images,
  ui,
  watch,
};

function row(measure: string, unit: Row['unit'], peerName: string, samples: { ours: number[]; peer: number[] }): Row {
  return { measure, unit, ours: median(samples.ours), peer: median(samples.peer), peerName, samples };
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
