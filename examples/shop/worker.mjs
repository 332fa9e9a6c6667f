// Packs orders. Replicas share the queue: renaming an order claims it, and a rename succeeds for exactly one of them.
import { watch } from 'node:fs';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';

const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());

async function pack(file) {
  try {
    await rename(`/data/orders/${file}`, `/data/packing/${file}`);
  } catch (error) {
    if (error.code === 'ENOENT') return; // another replica has it
    throw error;
  }
  const order = JSON.parse(await readFile(`/data/packing/${file}`, 'utf8'));
  await writeFile(`/data/packing/${file}`, JSON.stringify({ ...order, packedBy: hostname() }));
  await rename(`/data/packing/${file}`, `/data/packed/${file}`);
  console.log(`packed ${order.item.name}, order ${order.number}`);
}

let busy = Promise.resolve();
const scan = () => {
  busy = busy.then(async () => {
    for (const file of await readdir('/data/orders')) await pack(file);
  });
};

const watcher = watch('/data/orders', scan);
stop.signal.addEventListener('abort', () => watcher.close());
scan();
console.log('worker is ready');
