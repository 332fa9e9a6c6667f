import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { median, type Row } from './table.ts';
import { settleMs, type Workshop } from './workshop.ts';

const shell = (script: string) => ['/bin/sh', '-c', script];

/**
 * From the end of the probe that finds a service healthy to the first act of the service that waits for it. Both make a file
 * in one directory, where they are seen as they come.
 */
export async function health(workshop: Workshop, { runs }: { readonly runs: number }): Promise<Row[]> {
  const directory = join(workshop.directory, 'health');
  const services = {
    first: {
      command: ['/bin/sleep', '3600'],
      stop_signal: 'SIGKILL',
      volumes: [`${directory}:/seen`],
      healthcheck: {
        test: ['CMD', ...shell('test -e /seen/answered || : >/seen/answered')],
        interval: '500ms',
        timeout: '10s',
        retries: 3,
      },
    },
    second: {
      command: shell(': >/seen/started; exec sleep 3600'),
      stop_signal: 'SIGKILL',
      volumes: [`${directory}:/seen`],
      depends_on: { first: { condition: 'service_healthy' } },
    },
  };
  const project = workshop.project('health', services);
  const samples = { ours: [] as number[], peer: [] as number[] };
  for (let run = -1; run < runs; run += 1) {
    const ours = await answerToStart(directory, () => workshop.ours([...project.ours, 'up', '-d']));
    workshop.ours([...project.ours, 'down']);
    await delay(settleMs);
    const peer = await answerToStart(directory, () => workshop.peer([...project.peer, 'up', '-d']));
    workshop.peer([...project.peer, 'down']);
    await delay(settleMs);
    // The first one compiles.
    if (run < 0) continue;
    samples.ours.push(ours);
    samples.peer.push(peer);
  }
  return [
    {
      measure: 'healthy to the start of what waits for it',
      unit: 'ms',
      ours: median(samples.ours),
      peer: median(samples.peer),
      peerName: 'Compose',
      samples,
    },
  ];
}

/** Milliseconds between the two files that `bringUp` makes come into being in the directory, which is made anew. */
async function answerToStart(directory: string, bringUp: () => void): Promise<number> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  const observer = new Worker(new URL('./health-observer.ts', import.meta.url), { workerData: directory });
  await once(observer, 'message');
  bringUp();
  const [milliseconds] = (await once(observer, 'message')) as [number];
  await observer.terminate();
  return milliseconds;
}
