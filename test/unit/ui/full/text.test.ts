import assert from 'node:assert/strict';
import { parseAnsi, plainOf } from '../../../../src/ui/full/ansi.ts';
import { Frame } from '../../../../src/ui/full/frame.ts';
import { sparkline } from '../../../../src/ui/full/sparkline.ts';
import {
  cutText,
  fitText,
  lineWidth,
  paintLine,
  plainText,
  tailText,
  textWidth,
  withoutEnd,
  wrapLine,
} from '../../../../src/ui/full/text.ts';

describe('text in cells', () => {
  it('wide characters take two cells, marks none', () => {
    assert.equal(textWidth('tea'), 3);
    assert.equal(textWidth('お茶'), 4);
    assert.equal(textWidth('🍵'), 2);
    assert.equal(textWidth('e\u0301'), 1);
    assert.equal(textWidth('👩‍👩‍👧'), 2);
    assert.equal(textWidth('▁█●…→'), 5);
  });

  it('what is cut ends in … and never in half a character', () => {
    assert.equal(cutText('orders', 6), 'orders');
    assert.equal(cutText('orders', 4), 'ord…');
    assert.equal(cutText('注文を受けた', 6), '注文…');
    assert.equal(cutText('orders', 0), '');
    assert.equal(fitText('注文を', 4), '注… ');
    assert.equal(fitText('7', 3, 'right'), '  7');
  });

  it('of what is typed the end is shown', () => {
    assert.equal(tailText('abcdef', 4), '…def');
    assert.equal(tailText('abc', 4), 'abc');
    assert.equal(tailText('a注文', 4), '…文');
  });

  it('wrapped rows have all of the line, none wider than asked for', () => {
    const line = [{ text: 'ab注文' }, { text: 'を受けた', style: { bold: true } }];
    const rows = wrapLine(line, 5);
    assert.deepEqual(rows.map(plainText), ['ab注', '文を', '受け', 'た']);
    assert.ok(rows.every((row) => lineWidth(row) <= 5));
  });

  it('without colours attributes stay', () => {
    const line = [{ text: 'x', style: { bold: true, color: '31' } }, { text: ' y' }];
    assert.equal(paintLine(line, true), '\x1b[1;31mx\x1b[0m y');
    assert.equal(paintLine(line, false), '\x1b[1mx\x1b[0m y');
  });

  it('blanks at the end are not drawn, inverted ones are', () => {
    assert.deepEqual(withoutEnd([{ text: 'a  ' }, { text: '   ' }]), [{ text: 'a' }]);
    const inverted = [{ text: 'a  ', style: { inverse: true } }];
    assert.deepEqual(withoutEnd(inverted), inverted);
  });

  it('bars show the latest values, the greatest as high as they go', () => {
    assert.equal(sparkline([0, 50, 100], 4, 100), ' ▁▅█');
    assert.equal(sparkline([1, 2, 3, 4, 5], 2, 5).length, 2);
    assert.equal(sparkline([], 3, 1), '   ');
  });
});

describe("programs' output in cells", () => {
  it('keeps colours and drops whatever else moves the cursor', () => {
    assert.deepEqual(parseAnsi('\x1b[1;32mok\x1b[0m \x1b[2K\x1b]0;title\x07done\x1b[5A'), [
      { text: 'ok', style: { bold: true, color: '32' } },
      { text: ' ' },
      { text: 'done' },
    ]);
    assert.equal(plainOf('\x1b[38;5;208morange\x1b[39m\x07'), 'orange');
    assert.equal(plainOf('a\x00b\x9bc'), 'abc');
    assert.equal(plainOf('a\u202eb\u2028c\u2066d'), 'abcd');
  });

  it('shows what a carriage return left, and tabs as blanks', () => {
    assert.equal(plainOf('10%\r50%\r100%'), '100%');
    assert.equal(plainOf('line\r'), 'line');
    assert.equal(plainOf('a\tb'), 'a       b');
  });
});

describe('a frame', () => {
  it('puts lines over others without moving what is beside them', () => {
    const frame = new Frame(10, 2);
    frame.put(0, 0, 10, [{ text: 'abcdefghij' }]);
    frame.put(3, 0, 3, [{ text: 'XY' }]);
    assert.equal(plainText(frame.lines[0] ?? []), 'abcXY ghij');
    frame.put(0, 1, 10, [{ text: '注文を受けた' }]);
    frame.put(3, 1, 3, [{ text: '---' }]);
    assert.equal(plainText(frame.lines[1] ?? []), '注 ---受… ');
    assert.equal(lineWidth(frame.lines[1] ?? []), 10);
  });

  it('knows what lies uppermost at a place', () => {
    const frame = new Frame(10, 4);
    frame.target({ x: 0, y: 0, width: 10, height: 4 }, { type: 'pane' });
    frame.target({ x: 2, y: 1, width: 3, height: 1 }, { type: 'command', command: 'quit' });
    assert.deepEqual(frame.targetAt(2, 1), { type: 'command', command: 'quit' });
    assert.deepEqual(frame.targetAt(5, 1), { type: 'pane' });
    assert.equal(frame.targetAt(10, 0), undefined);
  });
});
