import { deepEqual, equal, rejects } from 'node:assert/strict';
import { openDisk } from '../../../src/image/store/sync.ts';

/** A disk whose waits end when the test says so. */
function slowDisk() {
  const waits: PromiseWithResolvers<void>[] = [];
  const disk = openDisk(() => {
    const wait = Promise.withResolvers<void>();
    waits.push(wait);
    return wait.promise;
  });
  return { disk, waits };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('waiting for the disk', () => {
  it('happens once for all that are at work together', async () => {
    const { disk, waits } = slowDisk();
    const works = [disk.begin(), disk.begin(), disk.begin()];
    const settled = works.slice(0, 2).map((work) => work.settle(1));
    await turn();
    equal(waits.length, 0, 'nobody waits while one is at work');
    settled.push(...works.slice(2).map((work) => work.settle(1)));
    equal(waits.length, 1);
    waits[0]?.resolve();
    await Promise.all(settled);
  });

  it('does not wait for work that has failed', async () => {
    const { disk, waits } = slowDisk();
    const done = disk.begin();
    const failed = disk.begin();
    const settled = done.settle(1);
    failed[Symbol.dispose]();
    failed[Symbol.dispose]();
    equal(waits.length, 1);
    waits[0]?.resolve();
    await settled;
    const next = disk.begin();
    const other = disk.begin();
    void next.settle(1);
    equal(waits.length, 1, 'who is disposed of twice counts once');
    other[Symbol.dispose]();
    equal(waits.length, 2);
    waits[1]?.resolve();
  });

  it('begins while others are at work when much has gathered', async () => {
    const { disk, waits } = slowDisk();
    using _other = disk.begin();
    const settled = disk.begin().settle(2 ** 30);
    equal(waits.length, 1);
    waits[0]?.resolve();
    await settled;
  });

  it('comes after what was written while another wait went on', async () => {
    const { disk, waits } = slowDisk();
    const order: string[] = [];
    const first = disk.wait().then(() => order.push('first'));
    const second = disk.begin().settle(1);
    const third = disk.wait();
    const both = Promise.all([second, third]).then(() => order.push('both'));
    equal(waits.length, 1);
    waits[0]?.resolve();
    await first;
    await turn();
    equal(waits.length, 2);
    waits[1]?.resolve();
    await both;
    deepEqual(order, ['first', 'both']);
  });

  it('tells all who waited that the disk has failed', async () => {
    const { disk, waits } = slowDisk();
    const [one, other] = [disk.begin(), disk.begin()];
    const settled = [one.settle(1), other.settle(1)];
    waits[0]?.reject(new Error('EIO'));
    for (const each of settled) await rejects(each, /EIO/);
  });
});
