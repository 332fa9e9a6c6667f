// One-shot: lays out the volume that the API and the workers share. Safe to run again.
import { mkdir, writeFile } from 'node:fs/promises';

const queues = ['orders', 'packing', 'packed'];
for (const queue of queues) await mkdir(`/data/${queue}`, { recursive: true });
await writeFile('/data/schema.json', `${JSON.stringify({ version: 1, queues })}\n`);
console.log(`schema 1: ${queues.join(', ')}`);
