import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readBack, readForth } from '../../../src/logs/history.ts';
import { mergeByTime } from '../../../src/logs/merge.ts';
import { readLog } from '../../../src/logs/reader.ts';
import type { LogRecord } from '../../../src/logs/record.ts';

let directory = '';
let path = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tscompose-logs-'));
  path = join(directory, 'container.log');
});
afterEach(() => rmSync(directory, { recursive: true }));

function timeAt(ms: number): string {
  return new Date(Date.UTC(2026, 0, 1) + ms).toISOString().replace('Z', '000000Z');
}

/** Several lines of a moment, as one read of the monitor gives them. */
function write(from: number, to: number, file = path): void {
  let text = '';
  for (let number = from; number < to; number++) {
    const entry = {
      log: `line ${number}${'.'.repeat(number % 90)}\n`,
      stream: 'stdout',
      time: timeAt(Math.floor(number / 7)),
    };
    text += `${JSON.stringify(entry)}\n`;
  }
  appendFileSync(file, text);
}

async function all(records: AsyncIterable<readonly LogRecord[]>): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  for await (const batch of records) found.push(...batch);
  return found;
}

describe('reading a log from a moment on', () => {
  it('gives back what is at it and before it, the latest first, and forth what is after it', async () => {
    write(0, 6000);
    renameSync(path, `${path}.1`);
    writeFileSync(`${path}.2.gz`, gzipSync(readFileSync(`${path}.1`)));
    rmSync(`${path}.1`);
    write(6000, 20_000, `${path}.1`);
    write(20_000, 30_000);
    const whole = await all(readLog(path));
    assert.equal(whole.length, 30_000);
    for (const at of [
      null,
      timeAt(-1),
      timeAt(0),
      timeAt(857),
      timeAt(1500),
      timeAt(2857),
      timeAt(3333),
      timeAt(9999),
    ]) {
      const before = whole.filter(({ time }) => at === null || time <= at);
      assert.deepEqual((await all(readBack(path, at))).reverse(), before, `back from ${at}`);
      const after = whole.filter(({ time }) => at === null || time > at);
      assert.deepEqual(await all(readForth(path, at)), after, `forth from ${at}`);
    }
  });

  it('reads no more than it is asked for', async () => {
    write(0, 100_000);
    let batches = 0;
    for await (const records of readBack(path, timeAt(7000))) {
      assert.equal(records[0]?.text.split('.')[0], 'line 49006');
      batches += 1;
      break;
    }
    assert.equal(batches, 1);
  });

  it('keeps lines whole that the format has cut, however long', async () => {
    const part = 'x'.repeat(16 * 1024);
    const entries = Array.from({ length: 200 }, (_value, number) => {
      const last = number % 20 === 19;
      return JSON.stringify({ log: last ? 'end\n' : part, stream: 'stdout', time: timeAt(number) });
    });
    writeFileSync(path, `${entries.join('\n')}\n{"log":"torn`);
    const lines = await all(readBack(path, null));
    assert.deepEqual(
      lines.map(({ text }) => text.length),
      Array.from({ length: 10 }, () => 19 * part.length + 3),
    );
    assert.deepEqual(
      (await all(readForth(path, timeAt(99)))).map(({ time }) => time),
      [100, 120, 140, 160, 180].map(timeAt),
    );
  });

  it('gives nothing where there is no log', async () => {
    assert.deepEqual(await all(readBack(path, null)), []);
    assert.deepEqual(await all(readForth(path, timeAt(0))), []);
    writeFileSync(path, '');
    assert.deepEqual(await all(readBack(path, timeAt(5))), []);
  });

  it('merges several, and the latest first is exactly the reverse', async () => {
    const other = join(directory, 'other.log');
    write(0, 3000);
    write(1000, 5000, other);
    const read = async (order: 'oldest-first' | 'latest-first') => {
      const from = order === 'oldest-first' ? readForth : readBack;
      const logs = [path, other].map((each) => ({ source: each, records: from(each, null) }));
      const merged: string[] = [];
      for await (const batch of mergeByTime(logs, order)) {
        merged.push(...batch.map(({ source, record }) => `${source} ${record.text}`));
      }
      return merged;
    };
    const forth = await read('oldest-first');
    assert.equal(forth.length, 7000);
    assert.deepEqual((await read('latest-first')).reverse(), forth);
  });
});
