// The shop's public face: asks the catalog over the network, hands orders to the workers through the shared volume.
import { randomUUID } from 'node:crypto';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { serve } from './server.mjs';

// The one-shot service ran first (depends_on: service_completed_successfully), so this is there.
const schema = JSON.parse(await readFile('/data/schema.json', 'utf8'));
const catalog = process.env.CATALOG_URL;

async function fromCatalog(path) {
  const response = await fetch(`${catalog}${path}`);
  return response.ok ? response.json() : undefined;
}

async function order(id) {
  const item = await fromCatalog(`/items/${encodeURIComponent(id)}`);
  if (!item) return undefined;
  const number = randomUUID();
  // Written aside and renamed: a worker never sees half an order.
  await writeFile(`/data/.${number}`, JSON.stringify({ number, item }));
  await rename(`/data/.${number}`, `/data/orders/${number}.json`);
  return { number, item };
}

async function orders() {
  const packed = await readdir('/data/packed');
  return {
    waiting: (await readdir('/data/orders')).length,
    packed: await Promise.all(packed.map(async (file) => JSON.parse(await readFile(`/data/packed/${file}`, 'utf8')))),
  };
}

serve('api', {
  'GET /': () => ({ shop: process.env.SHOP_NAME, schema: schema.version }),
  'GET /items': (id) => fromCatalog(id ? `/items/${encodeURIComponent(id)}` : '/items'),
  'GET /orders': orders,
  'POST /orders': order,
});
