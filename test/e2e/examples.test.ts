import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { eventually } from '../support/eventually.ts';
import { require } from '../support/requirements.ts';
import { pinnedNodeIsThere, scenario } from '../support/scenario.ts';

/** A host port that nobody holds at this moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function json<T>(url: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) });
  const text = await response.text();
  assert.equal(response.status, 200, `${url}: ${text}`);
  return JSON.parse(text) as T;
}

describe('examples', () => {
  const ports = { shop: 0, visits: 0, isolation: 0 };
  before(async function () {
    require(this, pinnedNodeIsThere(), 'the pinned Node; scripts/setup installs it');
    for (const name of Object.keys(ports) as (keyof typeof ports)[]) ports[name] = await freePort();
    process.env.SHOP_PORT = String(ports.shop);
    process.env.VISITS_PORT = String(ports.visits);
    process.env.ISOLATION_PORT = String(ports.isolation);
  });

  scenario('the shop sells, and both workers share one queue', { file: 'compose.example.yaml' }, async (shop) => {
    await shop.ok('up', '--detach', '--wait');
    const url = `http://127.0.0.1:${ports.shop}`;

    assert.deepEqual(await json(`${url}/`), { shop: 'The tscompose shop', schema: 1 });
    const { items } = await json<{ items: Record<string, unknown> }>(`${url}/items`);
    assert.deepEqual(Object.keys(items), ['tea', 'cup', 'pot']);

    const orders = await Promise.all(
      Array.from({ length: 20 }, () => json<{ number: string }>(`${url}/orders/tea`, { method: 'POST' })),
    );
    await eventually(async () => {
      const { waiting, packed } = await json<{ waiting: number; packed: { number: string }[] }>(`${url}/orders`);
      assert.equal(waiting, 0);
      assert.deepEqual(packed.map(({ number }) => number).sort(), orders.map(({ number }) => number).sort());
    });

    assert.equal(shop.states().filter(({ status }) => status === 'running').length, 4, 'catalog, api and two workers');
  });

  scenario('a second up of the shop plans nothing', { file: 'compose.example.yaml' }, async (shop) => {
    await shop.ok('up', '--detach', '--wait');
    const before = shop.states().map(({ id, pid }) => `${id} ${pid}`);
    await shop.ok('up', '--detach', '--wait');
    assert.deepEqual(
      shop.states().map(({ id, pid }) => `${id} ${pid}`),
      before,
    );
  });

  scenario(
    'PostgreSQL, Redis and nginx of the host count the same visits',
    { file: 'examples/services/compose.yaml', timeoutMs: 120_000 },
    async (visits, context) => {
      const servers = ['/usr/lib/postgresql', '/usr/bin/redis-server', '/usr/sbin/nginx'];
      require(context, servers.every(existsSync), 'postgresql, redis-server or nginx-light');
      await visits.ok('up', '--detach', '--wait');
      const url = `http://127.0.0.1:${ports.visits}/`;
      // The proxy has no health check: it may not listen yet.
      const first = await eventually(() => json<{ redis: number; postgres: number }>(url));
      assert.deepEqual([first.redis, first.postgres], [1, 1]);

      // Both stores keep what they know in volumes.
      await visits.ok('restart', 'database', 'cache');
      await eventually(
        async () => {
          const next = await json<{ redis: number; postgres: number }>(url);
          assert.ok(next.redis > 1 && next.postgres > 1, JSON.stringify(next));
        },
        { timeoutMs: 20_000 },
      );
    },
  );

  scenario(
    'each network reaches what it should and nothing else',
    { file: 'examples/isolation/compose.yaml' },
    async (isolation) => {
      await isolation.ok('up', '--detach');
      for (const audit of ['audit-front', 'audit-back']) {
        await eventually(async () => assert.match(await isolation.ok('ps', '--all', audit), /Exited/), {
          timeoutMs: 20_000,
        });
        assert.match(await isolation.ok('ps', '--all', audit), /Exited \(0\)/, await isolation.ok('logs', audit));
      }
      const answer = await fetch(`http://127.0.0.1:${ports.isolation}/`);
      assert.match(await answer.text(), /^the store counts \d+\n$/);
    },
  );

  scenario(
    'the pipeline runs its steps in order and reports',
    { file: 'examples/pipeline/compose.yaml' },
    async (pipeline) => {
      const output = await pipeline.ok('up');
      assert.match(output, /20000 numbers, sum 200010000/);
    },
  );
});
