// A thread of its own: the one that runs the commands waits for their end.
import { watch } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

const times = new Map<string, number>();
const watcher = watch(workerData as string, (_, name) => {
  if (name === null || times.has(name)) return;
  times.set(name, performance.now());
  const answered = times.get('answered');
  const started = times.get('started');
  if (answered === undefined || started === undefined) return;
  parentPort?.postMessage(started - answered);
  watcher.close();
});
parentPort?.postMessage('watches');
