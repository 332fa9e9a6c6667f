import assert from 'node:assert/strict';
import { BottomFrame } from '../../../src/ui/bottom-frame.ts';

describe('the frame below the logs', () => {
  it('writes nothing when nothing changes, and one row when one does', () => {
    const frame = new BottomFrame();
    const rows = ['rule', 'x'.repeat(200), 'keys'];
    assert.match(frame.update(rows), /rule[\s\S]*keys/);
    assert.equal(frame.update([...rows]), '');
    const change = frame.update(['rule', 'y', 'keys']);
    assert.ok(change.includes('y') && !change.includes('rule') && !change.includes('keys'));
    assert.ok(change.length < 60, `${change.length} bytes`);
  });

  it('is one piece that the terminal shows at once', () => {
    const frame = new BottomFrame();
    for (const change of [frame.update(['a', 'b']), frame.update(['a', 'c']), frame.update(['a'], 'log\n')]) {
      assert.ok(change.startsWith('\x1b[?2026h') && change.endsWith('\x1b[?2026l'));
    }
  });

  it('has the cursor back when it goes', () => {
    const frame = new BottomFrame();
    assert.equal(frame.close(), '');
    frame.update(['a']);
    assert.ok(frame.close().endsWith('\x1b[?25h'));
    assert.equal(frame.close(), '');
  });
});
