import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { appendFile, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { LogCollector } from '../../../src/logs/collector.ts';
import { followLog } from '../../../src/logs/follow.ts';
import { mergeByTime } from '../../../src/logs/merge.ts';
import { LogReader, type LogSelection, readLog } from '../../../src/logs/reader.ts';
import type { LogRecord } from '../../../src/logs/record.ts';

let directory = '';
let path = '';
let clock = 0;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tscompose-logs-'));
  path = join(directory, 'container.log');
  clock = 0;
});
afterEach(() => rmSync(directory, { recursive: true }));

function timeAt(second: number): string {
  return `2026-01-01T00:${String(Math.floor(second / 60)).padStart(2, '0')}:${String(second % 60).padStart(2, '0')}Z`;
}

function line(text: string, second = clock++): string {
  return `${JSON.stringify({ log: `${text}\n`, stream: 'stdout', time: timeAt(second) })}\n`;
}

async function texts(selection: LogSelection = {}): Promise<string[]> {
  const found: string[] = [];
  for await (const records of readLog(path, selection)) found.push(...records.map(({ text }) => text));
  return found;
}

function rotate(): void {
  try {
    renameSync(`${path}.1`, `${path}.2`);
  } catch {
    // The first rotation.
  }
  renameSync(path, `${path}.1`);
}

/** As the monitor does it, with as many files as there are, each step apart. */
async function rotateSlowly(): Promise<void> {
  let oldest = 0;
  while (existsSync(`${path}.${oldest + 1}`)) oldest++;
  for (let number = oldest; number >= 0; number--) {
    await rename(number === 0 ? path : `${path}.${number}`, `${path}.${number + 1}`);
    if (Math.random() < 0.3) await new Promise(setImmediate);
  }
}

/** As tscompose-logger does: the comment of the gzip header says which file it was. */
function compress(name: string): void {
  const { ino, birthtimeNs } = statSync(name, { bigint: true });
  const packed = gzipSync(readFileSync(name));
  packed[3] = 0x10;
  const comment = Buffer.from(`${ino}-${birthtimeNs}\0`, 'latin1');
  writeFileSync(`${name}.gz`, Buffer.concat([packed.subarray(0, 10), comment, packed.subarray(10)]));
  rmSync(name);
}

describe('reading a log', () => {
  it('gives nothing when there is none', async () => assert.deepEqual(await texts(), []));

  it('reads rotated files first, oldest to youngest', async () => {
    writeFileSync(path, line('a') + line('b'));
    rotate();
    writeFileSync(path, line('c'));
    rotate();
    writeFileSync(path, line('d'));
    assert.deepEqual(await texts(), ['a', 'b', 'c', 'd']);
  });

  it('reads past the number that is missing in the middle of a rotation', async () => {
    writeFileSync(`${path}.3`, line('a'));
    writeFileSync(`${path}.1`, line('b'));
    writeFileSync(path, line('c'));
    assert.deepEqual(await texts(), ['a', 'b', 'c']);
  });

  it('reads compressed files as the others, from either end, and leaves no copy', async () => {
    writeFileSync(path, line('a') + line('b'));
    rotate();
    writeFileSync(path, line('c'));
    rotate();
    writeFileSync(path, line('d'));
    for (const name of [`${path}.1`, `${path}.2`]) compress(name);
    assert.deepEqual(await texts(), ['a', 'b', 'c', 'd']);
    assert.deepEqual(await texts({ tail: 3 }), ['b', 'c', 'd']);
  });

  it('gives what a torn compressed file has', async () => {
    writeFileSync(
      path,
      Array.from({ length: 5000 }, (_, index) => line(randomBytes(20).toString('hex'), index % 3600)).join(''),
    );
    rotate();
    compress(`${path}.1`);
    const packed = readFileSync(`${path}.1.gz`);
    writeFileSync(`${path}.1.gz`, packed.subarray(0, packed.length / 2));
    writeFileSync(path, line('last'));
    const found = await texts();
    assert.ok(found.length > 10 && found.length < 5000);
    assert.equal(found.at(-1), 'last');
  });

  it('gives the last lines, also when they lie in an older file', async () => {
    writeFileSync(path, line('a') + line('b') + line('c'));
    rotate();
    writeFileSync(path, line('d'));
    assert.deepEqual(await texts({ tail: 1 }), ['d']);
    assert.deepEqual(await texts({ tail: 3 }), ['b', 'c', 'd']);
    assert.deepEqual(await texts({ tail: 9 }), ['a', 'b', 'c', 'd']);
    assert.deepEqual(await texts({ tail: 0 }), []);
  });

  it('finds the tail of a file much longer than what it reads at once', async () => {
    const lines = Array.from({ length: 20_000 }, (_value, index) => line(`${index} ${'x'.repeat(50)}`, 0));
    writeFileSync(path, lines.join(''));
    const tail = await texts({ tail: 7_000 });
    assert.equal(tail.length, 7_000);
    assert.ok(tail[0]?.startsWith('13000 '));
    assert.equal((await texts()).length, 20_000);
  });

  it('gives the last lines at once, and with them what is printed meanwhile', async () => {
    writeFileSync(path, [...'abcde'].map((text) => line(text)).join(''));
    await using reader = await LogReader.open(path, { tail: 2 });
    appendFileSync(path, [...'fghij'].map((text) => line(text)).join(''));
    assert.equal((await reader.read())?.map(({ text }) => text).join(''), 'defghij');
  });

  it('ends with what was there, however much is printed while it is read', async () => {
    writeFileSync(path, line('a') + line('b'));
    const found: string[] = [];
    for await (const records of readLog(path)) {
      found.push(...records.map(({ text }) => text));
      appendFileSync(path, line(`later ${found.length}`));
    }
    assert.deepEqual(found.join(''), 'ab');
  });

  it('gives no more than the last lines, when it does not go on after them', async () => {
    writeFileSync(path, line('first') + line('second'));
    let isOver = false;
    const printing = (async () => {
      while (!isOver) await appendFile(path, line('more').repeat(3));
    })();
    try {
      for (let round = 0; round < 200; round += 1) {
        assert.equal((await texts({ tail: 1 })).length, 1);
        assert.equal((await texts({ tail: 2 })).length, 2);
      }
    } finally {
      isOver = true;
      await printing;
    }
  });

  it('counts a line in several parts as one for the tail', async () => {
    const part = (log: string) => `${JSON.stringify({ log, stream: 'stdout', time: timeAt(1) })}\n`;
    writeFileSync(path, line('a', 0) + part('long ') + part('line\n') + line('z', 2));
    assert.deepEqual(await texts({ tail: 2 }), ['long line', 'z']);
  });

  it('keeps to since and until, and takes the tail of what is left', async () => {
    writeFileSync(path, ['a', 'b', 'c', 'd'].map((text) => line(text)).join(''));
    const since = '2026-01-01T00:00:01.000000000Z';
    const until = '2026-01-01T00:00:02.000000000Z';
    assert.deepEqual(await texts({ since, until }), ['b', 'c']);
    assert.deepEqual(await texts({ until, tail: 1 }), ['c']);
  });

  it('leaves out what was torn and gives the last line without a newline', async () => {
    writeFileSync(path, `${line('a')}{"log":"tor\n${line('b')}`);
    appendFileSync(path, `${JSON.stringify({ log: 'open', stream: 'stdout', time: timeAt(9) })}\n`);
    assert.deepEqual(await texts(), ['a', 'b', 'open']);
  });
});

describe('following a log', () => {
  it('gives each line once and in order while files are renamed', async () => {
    const count = 600;
    const ended = new AbortController();
    const readers = Array.from({ length: 4 }, async (_, index) => {
      if (index > 0) await delay(index * 20);
      await using reader = await LogReader.open(path);
      const found: number[] = [];
      for await (const records of followLog(path, reader, { ended: ended.signal }))
        found.push(...records.map(({ text }) => Number(text)));
      return found;
    });
    for (let index = 0; index < count; index++) {
      appendFileSync(path, line(String(index), 0));
      if (index % 20 === 19) await rotateSlowly();
    }
    appendFileSync(path, line(String(count), 0));
    ended.abort();
    const expected = Array.from({ length: count + 1 }, (_, index) => index);
    for (const found of await Promise.all(readers)) assert.deepEqual(found, expected);
  });

  it('gives what is written, across rotations, and ends after the last line', async () => {
    writeFileSync(path, line('a'));
    await using reader = await LogReader.open(path);
    const ended = new AbortController();
    const found: string[] = [];
    const wanted = ['a', 'b', 'c', 'd', 'e', 'last'];
    const next: Record<string, () => void> = {
      a: () => appendFileSync(path, line('b')),
      b: () => {
        appendFileSync(path, line('c'));
        rotate();
        writeFileSync(path, line('d'));
        rotate();
        writeFileSync(path, line('e'));
      },
      e: () => {
        appendFileSync(path, line('last'));
        ended.abort();
      },
    };
    for await (const records of followLog(path, reader, { ended: ended.signal })) {
      for (const { text } of records) {
        found.push(text);
        next[text]?.();
      }
    }
    assert.deepEqual(found, wanted);
  });

  it('knows what it has read after it was compressed', async () => {
    writeFileSync(path, line('old'));
    rotate();
    writeFileSync(path, line('a'));
    await using reader = await LogReader.open(path);
    const read = async () => (await reader.read())?.map(({ text }) => text);
    assert.deepEqual([await read(), await read(), await read()], [['old'], ['a'], undefined]);
    rotate();
    compress(`${path}.1`);
    writeFileSync(path, line('b'));
    assert.deepEqual([await read(), await read()], [['b'], undefined]);
  });

  it('begins anew when the file was emptied', async () => {
    writeFileSync(path, line('a') + line('b'));
    await using reader = await LogReader.open(path);
    const read = async () => (await reader.read())?.map(({ text }) => text);
    assert.deepEqual(await read(), ['a', 'b']);
    writeFileSync(path, line('c'));
    assert.deepEqual(await read(), ['c']);
    assert.equal(await read(), undefined);
  });

  it('stops at once when it is told to', async () => {
    writeFileSync(path, line('a'));
    await using reader = await LogReader.open(path);
    const stop = new AbortController();
    let batches = 0;
    for await (const _records of followLog(path, reader, { signal: stop.signal })) {
      batches++;
      setImmediate(() => stop.abort());
    }
    assert.equal(batches, 1);
  });

  it('begins at the end when only new lines are wanted', async () => {
    writeFileSync(path, line('old'));
    await using reader = await LogReader.open(path, { fromEnd: true });
    appendFileSync(path, line('new'));
    assert.deepEqual(
      (await reader.read())?.map(({ text }) => text),
      ['new'],
    );
  });
});

describe('merging logs', () => {
  async function* batches(...lists: readonly (readonly [number, string][])[]): AsyncGenerator<LogRecord[]> {
    for (const list of lists) {
      yield list.map(([second, text]) => ({ time: timeAt(second), stream: 'stdout' as const, text }));
    }
  }

  it('orders by time whatever the batches are, and by source within one moment', async () => {
    const merged: string[] = [];
    const logs = [
      {
        source: 'a',
        records: batches(
          [[1, 'a1']],
          [],
          [
            [4, 'a4'],
            [9, 'a9'],
          ],
        ),
      },
      {
        source: 'b',
        records: batches(
          [
            [2, 'b2'],
            [4, 'b4'],
          ],
          [[5, 'b5']],
        ),
      },
      { source: 'c', records: batches() },
    ];
    for await (const records of mergeByTime(logs)) merged.push(...records.map(({ record }) => record.text));
    assert.deepEqual(merged, ['a1', 'b2', 'a4', 'b4', 'b5', 'a9']);
  });

  it('gives every record of random logs once and in order', async () => {
    let seed = 7;
    const random = (limit: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % limit;
    };
    const lists = Array.from({ length: 5 }, (_value, source) => {
      let second = 0;
      return Array.from({ length: random(200) }, (_item, index): [number, string] => {
        second += random(3);
        return [second, `${source}:${index}`];
      });
    });
    const logs = lists.map((list, source) => ({
      source,
      records: batches(list.slice(0, 50), list.slice(50, 51), list.slice(51)),
    }));
    const times: string[] = [];
    for await (const records of mergeByTime(logs)) times.push(...records.map(({ record }) => record.time));
    assert.equal(times.length, lists.flat().length);
    assert.deepEqual([...times].sort(), times);
  });
});

describe('collecting logs', () => {
  it('gives the lines of all of them, tells which log ended, and ends when it is finished', async () => {
    const other = join(directory, 'other.log');
    writeFileSync(path, line('a', 1));
    writeFileSync(other, line('b', 2));
    const ended = new AbortController();
    await using collector = new LogCollector<string>();
    collector.add('one', path, {}, ended.signal);
    collector.add('two', other, {}, AbortSignal.abort());
    const seen: string[] = [];
    for await (const item of collector) {
      if (item.type === 'records') seen.push(...item.records.map(({ source, record }) => `${source} ${record.text}`));
      else if (item.type === 'end') {
        seen.push(`${item.source} ended`);
        if (item.source === 'two') {
          appendFileSync(path, line('c', 3));
          ended.abort();
          collector.finish();
        }
      }
    }
    assert.deepEqual(new Set(seen), new Set(['one a', 'two b', 'two ended', 'one c', 'one ended']));
    assert.ok(seen.indexOf('one c') < seen.indexOf('one ended'));
  });

  it('tells of each end, whenever it comes', async () => {
    writeFileSync(path, line('a', 1));
    for (let turns = 0; turns < 60; turns++) {
      await using collector = new LogCollector<string>();
      const ended = new AbortController();
      collector.add('one', path, {}, ended.signal);
      const types: string[] = [];
      const reading = (async () => {
        for await (const { type } of collector) types.push(type);
      })();
      await delay(1);
      ended.abort(0);
      // The log is read to its end meanwhile.
      await delay(turns % 3);
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      collector.finish();
      await reading;
      assert.deepEqual(types, ['records', 'end']);
    }
  });

  it('passes over what nobody could read in time, and says how much that is', async () => {
    const count = 40_000;
    writeFileSync(path, Array.from({ length: count }, (_, index) => line(`l${index}`, 1)).join(''));
    await using collector = new LogCollector<string>(undefined, { skipsBacklog: true });
    collector.add('one', path, {}, AbortSignal.abort());
    collector.finish();
    let read = 0;
    let skipped = 0;
    let last = '';
    for await (const item of collector) {
      if (item.type === 'skipped') skipped += item.lines;
      if (item.type !== 'records') continue;
      read += item.records.length;
      last = item.records.at(-1)?.record.text ?? '';
    }
    assert.equal(read + skipped, count);
    assert.ok(skipped > count / 2, `${skipped} were passed over`);
    assert.equal(last, `l${count - 1}`);
  });

  it('passes over the rest of rotated files with it', async () => {
    writeFileSync(path, line('a', 1).repeat(10));
    await using reader = await LogReader.open(path, { fromEnd: true });
    appendFileSync(path, line('b', 2).repeat(10));
    renameSync(path, `${path}.1`);
    writeFileSync(path, line('c', 3).repeat(100) + line('d', 4));
    const size = line('c', 3).length;
    assert.equal(await reader.skip({ behindBytes: 1 << 20, keptBytes: size }), 0);
    assert.equal(await reader.skip({ behindBytes: size, keptBytes: size }), 110);
    assert.deepEqual(
      (await reader.read())?.map(({ text }) => text),
      ['d'],
    );
  });

  it('goes on where it ended when a container comes back, however late it is told', async () => {
    writeFileSync(path, line('a', 1));
    await using collector = new LogCollector<string>();
    const first = new AbortController();
    const second = new AbortController();
    collector.add('first', path, {}, first.signal);
    const seen: string[] = [];
    for await (const item of collector) {
      if (item.type === 'end') seen.push(`${item.source} ended: ${item.reason}`);
      else if (item.type === 'records')
        for (const { source, record } of item.records) seen.push(`${source} ${record.text}`);
      if (seen.at(-1) === 'first a') {
        // Its next life has begun to print before anybody knows that the first is over.
        appendFileSync(path, line('b', 2));
        collector.add('second', path, {}, second.signal);
        first.abort(1);
      } else if (seen.at(-1) === 'first ended: 1') {
        appendFileSync(path, line('c', 3));
        second.abort(2);
        collector.finish();
      }
    }
    assert.deepEqual(seen, ['first a', 'first b', 'first ended: 1', 'second c', 'second ended: 2']);
  });

  it('holds no more than it must when nobody takes', async () => {
    writeFileSync(path, Array.from({ length: 60_000 }, (_value, index) => line(String(index), 0)).join(''));
    await using collector = new LogCollector<string>();
    collector.add('one', path, {}, AbortSignal.abort());
    collector.finish();
    let count = 0;
    let largest = 0;
    for await (const item of collector) {
      if (item.type !== 'records') continue;
      count += item.records.length;
      largest = Math.max(largest, item.records.length);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(count, 60_000);
    assert.ok(largest < 40_000, `${largest} at once`);
  });
});
