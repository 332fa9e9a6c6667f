import assert from 'node:assert/strict';
import { LogBuffer, levelOf } from '../../../../src/ui/full/log-buffer.ts';
import { LogView } from '../../../../src/ui/full/log-view.ts';
import { plainText } from '../../../../src/ui/full/text.ts';

const at = (second: number) => `2026-01-02T03:04:${String(second).padStart(2, '0')}.000000000Z`;

function viewOf(limits?: { lines: number; characters: number }) {
  const buffer = new LogBuffer(limits);
  const view = new LogView(buffer);
  view.name(
    new Map([
      ['w', { name: 'web-1', style: {} }],
      ['d', { name: 'db-1', style: {} }],
    ]),
  );
  const push = (...lines: readonly (readonly [source: string, second: number, text: string])[]) =>
    view.add(buffer.push(lines.map(([source, second, text]) => ({ source, time: at(second), text }))));
  const shown = (columns = 40, rows = 4) => view.render(columns, rows).map(plainText);
  return { buffer, view, push, shown };
}

const numbered = (count: number) =>
  Array.from({ length: count }, (_value, index) => ['w', index, `line ${index}`] as const);

describe('the buffer of logs', () => {
  it('who prints without end displaces his own lines', () => {
    const { buffer, push } = viewOf({ lines: 10, characters: 10_000 });
    push(['d', 0, 'ready']);
    push(...numbered(50));
    assert.ok(buffer.size <= 10);
    assert.equal(buffer.removals, 51 - buffer.size);
    const texts = buffer.lines(null).map(({ text }) => text);
    assert.equal(texts[0], 'ready');
    assert.equal(texts.at(-1), 'line 49');
  });

  it('is bounded in characters, too', () => {
    const { buffer, push } = viewOf({ lines: 1000, characters: 100_000 });
    for (let index = 0; index < 50; index++) push(['w', index, 'x'.repeat(30_000)]);
    assert.ok(buffer.size <= 6);
  });

  it('forgets containers that are gone', () => {
    const { buffer, push } = viewOf();
    push(['w', 1, 'a'], ['d', 2, 'b']);
    buffer.retain((source) => source === 'd');
    assert.deepEqual(
      buffer.lines(null).map(({ text }) => text),
      ['b'],
    );
  });

  it('tells how bad a line is by the words that programs use', () => {
    assert.equal(levelOf('ERROR cannot reach payment'), 'error');
    assert.equal(levelOf('level=info msg="no error here"'), 'info');
    assert.equal(levelOf('{"level":"warn","msg":"slow"}'), 'warning');
    assert.equal(levelOf('done, 0 errors'), 'none');
    assert.equal(levelOf('panic: it broke'), 'error');
    assert.equal(levelOf('GET /terror 200'), 'none');
    assert.equal(levelOf('query ok error=null'), 'none');
  });
});

describe('the view of logs', () => {
  it('shows the latest lines of all, in order of time, each with its name', () => {
    const { push, shown } = viewOf();
    push(['w', 1, 'one'], ['w', 3, 'three']);
    push(['d', 2, 'two']);
    assert.deepEqual(shown(), ['web-1 │ one', 'db-1  │ two', 'web-1 │ three']);
  });

  it('shows those that are selected, without a name when there is one', () => {
    const { view, push, shown } = viewOf();
    push(['w', 1, 'one'], ['d', 2, 'two']);
    view.select(new Set(['d']));
    assert.deepEqual(shown(), ['two']);
    push(['w', 3, 'three'], ['d', 4, 'four']);
    assert.deepEqual(shown(), ['two', 'four']);
    push(['tscompose', 5, 'restart db: done']);
    assert.deepEqual(shown(), ['two', 'four', ' restart db: done']);
    view.select(null);
    assert.equal(view.size, 5);
  });

  it('stands still when scrolled up, counts what comes, and follows again at the end', () => {
    const { view, push, shown } = viewOf();
    view.select(new Set(['w']));
    push(...numbered(10));
    shown();
    view.scroll(-2);
    assert.deepEqual(shown(), ['line 4', 'line 5', 'line 6', 'line 7']);
    push(['w', 30, 'new']);
    assert.deepEqual(shown(), ['line 4', 'line 5', 'line 6', 'line 7']);
    assert.equal(view.unseen, 1);
    view.scroll(5);
    assert.ok(view.isFollowing);
    assert.equal(shown().at(-1), 'new');
  });

  it('what is read stays, though the buffer has displaced it', () => {
    const { view, push, shown } = viewOf({ lines: 20, characters: 100_000 });
    view.select(new Set(['w']));
    push(...numbered(20));
    view.pause();
    push(...Array.from({ length: 40 }, (_value, index) => ['w', 59, `later ${index}`] as const));
    assert.deepEqual(shown(), ['line 16', 'line 17', 'line 18', 'line 19']);
    assert.equal(view.unseen, 20);
    view.follow();
    assert.equal(shown().at(-1), 'later 39');
  });

  it('goes no further up than its first line at the top', () => {
    const { view, push, shown } = viewOf();
    view.select(new Set(['w']));
    push(...numbered(6));
    shown();
    view.scroll(-100);
    assert.deepEqual(shown(), ['line 0', 'line 1', 'line 2', 'line 3']);
    view.follow();
    view.toTop();
    assert.equal(shown()[0], 'line 0');
  });

  it('filters by a regular expression, and says what is wrong with one', () => {
    const { view, push, shown } = viewOf();
    push(['w', 1, 'GET /tea 200'], ['w', 2, 'GET /tea 500'], ['d', 3, 'checkpoint']);
    assert.equal(view.setFilter('tea (4|5)\\d\\d'), null);
    assert.deepEqual(shown(), ['web-1 │ GET /tea 500']);
    push(['w', 4, 'GET /tea 404'], ['w', 5, 'GET /tea 200']);
    assert.equal(shown().length, 2);
    assert.match(view.setFilter('(') ?? '', /Unterminated group/);
    assert.equal(view.filter, 'tea (4|5)\\d\\d');
    view.setFilter('');
    assert.equal(view.size, 5);
  });

  it('finds matches from the end backwards, and errors', () => {
    const { view, push, shown } = viewOf();
    view.select(new Set(['w']));
    push(...numbered(40), ['w', 41, 'ERROR payment']);
    push(...numbered(3));
    view.setSearch('LINE 7');
    assert.equal(view.nextMatch(-1, ''), 'missing');
    view.setSearch('line 7');
    shown();
    assert.equal(view.nextMatch(-1, ''), 'found');
    assert.ok(shown().includes('line 7'));
    assert.ok(!view.isFollowing);
    assert.equal(view.nextError(1, ''), 'found');
    assert.ok(shown().includes('ERROR payment'));
    assert.equal(view.nextError(1, ''), 'missing');
  });

  it('wraps lines behind their names, and scrolls by rows', () => {
    const { view, push, shown } = viewOf();
    view.wraps = true;
    push(['d', 1, 'a'], ['w', 2, '0123456789'.repeat(5)]);
    assert.deepEqual(shown(30, 3), [
      'web-1 │ 0123456789012345678901',
      '        2345678901234567890123',
      '        456789',
    ]);
    view.scroll(-1);
    assert.deepEqual(shown(30, 3), ['db-1  │ a', 'web-1 │ 0123456789012345678901', '        2345678901234567890123']);
  });

  it('gives the text of the screen, or of all, without colours and never too much', () => {
    const { view, push, shown } = viewOf();
    push(['w', 1, '\x1b[31mred\x1b[0m'], ['w', 2, 'two'], ['w', 3, 'three']);
    shown(40, 2);
    assert.deepEqual(view.text('screen', 1000), { text: 'two\nthree', lines: 2 });
    assert.deepEqual(view.text('all', 1000), { text: 'red\ntwo\nthree', lines: 3 });
    assert.deepEqual(view.text('all', 6), { text: 'three', lines: 1 });
  });
});
