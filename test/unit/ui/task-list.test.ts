import assert from 'node:assert/strict';
import { fitRows } from '../../../src/ui/task-list.ts';

describe('a list of tasks on a terminal', () => {
  const rows = ['✔ a', '⠋ b', '✔ c', '⠋ d', '✔ e'];
  it('is shown whole where it fits', () => assert.deepEqual(fitRows(rows, 5), rows));
  it('leaves out what is done, from the top, and says so', () => {
    assert.deepEqual(fitRows(rows, 4), ['⠋ b', '⠋ d', '✔ e', '  + 2 done']);
    assert.deepEqual(fitRows(['\x1b[32m✔\x1b[39m a', '⠋ b', '⠋ c'], 2), ['⠋ b', '  + 1 done, 1 more']);
  });
  it('leaves out what waits next, from the bottom', () => {
    assert.deepEqual(fitRows(['✔ a', '○ b', '⠋ c', '○ d', '⠋ e'], 4), ['○ b', '⠋ c', '⠋ e', '  + 1 done, 1 waiting']);
    assert.deepEqual(fitRows(['○ a', '⠋ b', '    layer', '⠋ c'], 2), ['⠋ b', '  + 1 waiting, 1 more']);
  });
  it('leaves out what comes last where more is at work than fits', () => {
    assert.deepEqual(fitRows(['⠋ a', '⠋ b', '⠋ c', '⠋ d'], 3), ['⠋ a', '⠋ b', '  + 2 more']);
    assert.deepEqual(fitRows(['⠋ a', '⠋ b'], 1), ['  + 2 more']);
  });
});
