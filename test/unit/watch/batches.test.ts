import assert from 'node:assert/strict';
import { Batches } from '../../../src/watch/batches.ts';

describe('batches', () => {
  it('are what came until it paused, each thing once', async () => {
    const batches = new Batches<string>({ quietMs: 1, mostMs: 10_000 });
    for (const item of ['a', 'b', 'a']) batches.add(item);
    for await (const items of batches) {
      assert.deepEqual([...items], ['a', 'b']);
      break;
    }
    batches.close();
  });

  it('wait longer for a pause when they have become many', async () => {
    const batches = new Batches<number>({ quietMs: 0, burst: { size: 2, quietMs: 20 }, mostMs: 60_000 });
    for (const item of [1, 2, 3]) batches.add(item);
    setImmediate(() => batches.add(4));
    for await (const items of batches) {
      assert.deepEqual([...items], [1, 2, 3, 4]);
      break;
    }
    batches.close();
  });

  it('do not wait for a pause longer than they say', async () => {
    const batches = new Batches<number>({ quietMs: 60_000, mostMs: 5 });
    let count = 0;
    const feeding = setInterval(() => batches.add(count++), 1);
    for await (const items of batches) {
      assert.ok(items.size > 0);
      break;
    }
    clearInterval(feeding);
    batches.close();
  });

  it('that come while one is dealt with are one more', async () => {
    const batches = new Batches<number>({ quietMs: 0, mostMs: 0 });
    const seen: number[][] = [];
    batches.add(1);
    for await (const items of batches) {
      seen.push([...items]);
      if (seen.length === 2) break;
      batches.add(2);
      batches.add(3);
    }
    assert.deepEqual(seen, [[1], [2, 3]]);
    batches.close();
  });

  it('end when they are closed, also for who waits', async () => {
    const batches = new Batches<number>({ quietMs: 60_000, mostMs: 60_000 });
    const ended = (async () => {
      for await (const items of batches) assert.fail(`${items.size}`);
    })();
    batches.add(1);
    batches.close();
    await ended;
  });
});
