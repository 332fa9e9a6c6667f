import assert from 'node:assert/strict';
import { type IncomingLine, LogBuffer } from '../../../../src/ui/full/log-buffer.ts';
import { HistoryPageBuilder } from '../../../../src/ui/full/log-history.ts';
import { LogView } from '../../../../src/ui/full/log-view.ts';
import { plainText } from '../../../../src/ui/full/text.ts';

const rows = 20;

/** mulberry32: the same numbers every time. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A view whose buffer keeps little of what the files have. */
function reader({ kept = 300, history = 100 } = {}) {
  const files: IncomingLine[] = [];
  const buffer = new LogBuffer({ lines: kept, characters: 1 << 24, history });
  const view = new LogView(buffer);
  view.name(new Map([...'abc'].map((source) => [source, { name: source, style: {} }])));
  const time = (moment: number) => new Date(1.8e12 + moment).toISOString().replace('Z', '000000Z');
  /** What is written while nobody looks. */
  const write = (count: number, source: (number: number) => string = () => 'a') => {
    const lines = Array.from({ length: count }, (_value, index): IncomingLine => {
      const number = files.length + index;
      return {
        source: source(number),
        time: time(Math.floor(number / 3)),
        text: `line ${number} ${number % 1000 === 7 ? 'ERROR' : ''}`,
      };
    });
    files.push(...lines);
    return lines;
  };
  const print = (count: number, source?: (number: number) => string) => view.add(buffer.push(write(count, source)));
  /** So much that the follower passes over a part. */
  const flood = (count: number, source: (number: number) => string) => {
    const passed = write(count, source);
    const lines = write(40, source);
    for (const each of new Set(passed.map((line) => line.source))) {
      const next = lines.find((line) => line.source === each) ?? passed.findLast((line) => line.source === each);
      buffer.passOver(each, passed.filter((line) => line.source === each).length, next?.time ?? '');
    }
    view.add(buffer.push(lines));
  };
  /** As the loader of the files does it. */
  const serve = (): string[] => {
    const remarks: string[] = [];
    for (let request = view.reading.take(); request !== null; request = view.reading.take()) {
      const { direction, from, sources } = request;
      const isBack = direction === 'back';
      const logs = files.filter(
        ({ source, time: at }) =>
          (sources === null || sources.has(source)) && (from === null || (isBack ? at <= from : at > from)),
      );
      if (isBack) logs.reverse();
      const page = new HistoryPageBuilder(request);
      for (let at = 0; at < logs.length && !page.take(logs.slice(at, at + 100)); at += 100);
      remarks.push(view.takePage(request, page.finish()) ?? '');
    }
    return remarks.filter((remark) => remark !== '');
  };
  const shown = () => view.render(80, rows).map((line) => plainText(line).trim());
  return { files, buffer, view, write, print, flood, serve, shown };
}

/** What the screen shows are lines of the files without a gap. Answers where the first one stands. */
function assertWhole(shown: readonly string[], texts: readonly string[], about: string): number {
  const [first = ''] = shown;
  const at = texts.indexOf(first);
  assert.ok(at >= 0, `${about}: ${first} is no line`);
  assert.deepEqual(shown, texts.slice(at, at + shown.length), about);
  return at;
}

describe('reading back in the logs', () => {
  it('scrolls up into the files to their very first line, and down again to what is printed now', () => {
    const { view, files, write, print, serve, shown } = reader();
    write(9000);
    view.add([]);
    print(500);
    view.select(new Set(['a']));
    const texts = files.map(({ text }) => text.trim());
    let at = assertWhole(shown(), texts, 'the end');
    for (let step = 0; at > 0; step++) {
      assert.ok(step < 1000);
      view.scroll(-rows);
      serve();
      const now = assertWhole(shown(), texts, `up ${step}`);
      assert.equal(now, Math.max(0, at - rows), `up ${step}`);
      at = now;
    }
    assert.ok(!view.hasEarlier);
    for (let step = 0; !view.isFollowing; step++) {
      assert.ok(step < 1000);
      view.scroll(rows);
      serve();
      at = assertWhole(shown(), texts, `down ${step}`);
    }
    assert.equal(shown().at(-1), texts.at(-1));
  });

  it('searches in the files, tells when there is nothing, and goes on from what was found', () => {
    const { view, write, print, serve, shown } = reader();
    write(50_000);
    print(400);
    view.select(new Set(['a']));
    shown();
    view.setSearch('line 12345');
    assert.equal(view.nextMatch(-1, 'nothing'), 'reading');
    assert.deepEqual(serve(), []);
    assert.ok(shown().includes('line 12345'));
    assert.equal(view.nextMatch(-1, 'no earlier one'), 'reading');
    assert.deepEqual(serve(), ['no earlier one']);
    assert.ok(shown().includes('line 12345'));
    view.setSearch('line 50399');
    assert.equal(view.nextMatch(1, 'nothing'), 'reading');
    serve();
    assert.ok(shown().includes('line 50399'));
    assert.ok(view.nextError(-1, '') !== 'missing');
    serve();
    assert.ok(shown().includes('line 50007 ERROR'));
    view.setSearch('nowhere');
    assert.equal(view.nextMatch(-1, 'nothing'), 'reading');
    view.reading.cancel();
    assert.deepEqual(serve(), []);
    assert.ok(shown().includes('line 50007 ERROR'));
  });

  it('a filter that nothing matches in memory finds what the files have', () => {
    const { view, write, print, serve, shown } = reader();
    write(20_000);
    print(400);
    view.setFilter('line 1234\\d ');
    assert.deepEqual(shown(), []);
    view.scroll(-1);
    serve();
    assert.deepEqual(
      shown(),
      Array.from({ length: 10 }, (_value, index) => `a │ line ${12_340 + index}`),
    );
    view.setFilter('line 19999 ');
    serve();
    assert.deepEqual(shown(), ['a │ line 19999']);
    view.setFilter('');
    serve();
    assert.equal(shown().at(-1), 'a │ line 19999');
    view.follow();
    assert.ok(view.isFollowing);
  });

  it('goes to the beginning, and a selection stays where the reader is', () => {
    const { view, write, print, serve, shown } = reader();
    write(6000, (number) => 'ab'[number % 2]!);
    print(600, (number) => 'ab'[number % 2]!);
    shown();
    view.toTop();
    serve();
    assert.equal(shown()[0], 'a │ line 0');
    view.select(new Set(['b']));
    serve();
    assert.equal(shown().at(-1), 'line 19');
  });

  it('holds a bounded part of the past, whatever is asked of it', () => {
    const { view, write, print, serve, shown } = reader();
    write(120_000);
    print(400);
    shown();
    for (let page = 0; page < 60; page++) {
      view.scroll(-1990);
      serve();
    }
    assert.ok(view.size <= 40_000, String(view.size));
  });

  it('what was passed over because it came too fast is read from the files', () => {
    const { view, files, print, flood, serve, shown } = reader();
    print(50);
    flood(5000, () => 'a');
    view.select(new Set(['a']));
    assert.equal(view.passedOver, 5000);
    shown();
    for (let step = 0; step < 10; step++) {
      view.scroll(-rows);
      serve();
      assertWhole(
        shown(),
        files.map(({ text }) => text.trim()),
        `up ${step}`,
      );
    }
  });

  it('holds no lines that are gone, though nothing is drawn', () => {
    const { view, print } = reader();
    for (let round = 0; round < 100; round++) print(1000);
    assert.ok(view.size < 20_000, String(view.size));
  });

  it('whatever is printed, scrolled, searched and selected, no line is missing and none comes twice', () => {
    const random = randomFrom(Number(process.env.TSCOMPOSE_TEST_SEED ?? 6));
    const { view, files, write, print, flood, serve, shown } = reader({ kept: 600, history: 50 });
    const source = () => 'abc'[Math.floor(random() * random() * 3)]!;
    write(8000, source);
    print(300, source);
    let chosen: ReadonlySet<string> | null = null;
    for (let step = 0; step < 200; step++) {
      const choice = Math.floor(random() * 10);
      const amount = Math.ceil(random() ** 3 * 3000);
      if (choice < 2 && random() < 0.3) flood(amount, source);
      else if (choice < 2) print(Math.ceil(amount / 5), source);
      else if (choice < 5) view.scroll(-amount);
      else if (choice < 7) view.scroll(amount);
      else if (choice === 7) view.nextError(random() < 0.5 ? -1 : 1, '');
      else if (choice === 8 && random() < 0.3) view.toTop();
      else if (choice === 8 && random() < 0.2) view.follow();
      else if (choice === 9 && random() < 0.3) {
        chosen = random() < 0.5 ? null : new Set(['abc'[Math.floor(random() * 3)]!]);
        view.select(chosen);
      }
      serve();
      const screen = shown();
      if (view.isFollowing) continue;
      const texts = files
        .filter((line) => chosen === null || chosen.has(line.source))
        .map((line) => (chosen === null ? `${line.source} │ ${line.text}` : line.text).trim());
      assertWhole(screen, texts, `step ${step}`);
    }
  });
});
