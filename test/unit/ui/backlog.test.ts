import assert from 'node:assert/strict';
import { Backlog } from '../../../src/ui/backlog.ts';

describe('the backlog of a terminal', () => {
  const options = { burstLines: 10, linesPerSecond: 100, burstCharacters: 1000, calmMs: 500 };
  const lines = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => `${from + index}\n`).join('');

  it('gives everything that may be shown', () => {
    const backlog = new Backlog(0, options);
    backlog.add(lines(1, 6));
    backlog.add(lines(7, 10));
    assert.deepEqual(backlog.take(0, 3), { skipped: 0, text: lines(1, 10) });
    assert.equal(backlog.waitMs(0), 0);
  });

  it('leaves out all but the last of what comes too fast, says how much, and lets it be read', () => {
    const backlog = new Backlog(0, options);
    backlog.add(lines(1, 11));
    assert.deepEqual(backlog.take(0, 3), { skipped: 8, text: lines(9, 11) });
    assert.equal(backlog.waitMs(100), 400);
    backlog.add(lines(12, 1000));
    backlog.skip(5000);
    assert.deepEqual(backlog.take(500, 3), { skipped: 986 + 5000, text: lines(998, 1000) });
  });

  it('goes back to showing all when the flood is over', () => {
    const backlog = new Backlog(0, options);
    backlog.add(lines(1, 100));
    backlog.take(0, 3);
    backlog.add(lines(101, 105));
    assert.deepEqual(backlog.take(1000, 3), { skipped: 0, text: lines(101, 105) });
    assert.equal(backlog.waitMs(1000), 0);
  });

  it('says what was left out where nothing else comes', () => {
    const backlog = new Backlog(0, options);
    backlog.skip(7);
    assert.deepEqual(backlog.take(0, 3), { skipped: 7, text: '' });
    assert.deepEqual(backlog.take(0, 3), { skipped: 0, text: '' });
  });

  it('counts characters too', () => {
    const backlog = new Backlog(0, options);
    backlog.add(`${'x'.repeat(900)}\n${'y'.repeat(900)}\n`);
    assert.deepEqual(backlog.take(0, 1), { skipped: 1, text: `${'y'.repeat(900)}\n` });
  });
});
