import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMode, parseOwner } from '../../../src/build/tree/owner.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('--chown', () => {
  const root = temporaryDirectory('tscompose-owner-');
  const empty = temporaryDirectory('tscompose-owner-');
  before(() => {
    mkdirSync(join(root, 'etc'));
    writeFileSync(join(root, 'etc/passwd'), 'web:x:10:20::/:\nbroken:x\n');
    writeFileSync(join(root, 'etc/group'), 'extra:x:30:\n');
  });

  const cases: readonly (readonly [text: string, uid: number, gid: number])[] = [
    ['7', 7, 7],
    ['7:8', 7, 8],
    ['web', 10, 20],
    ['web:', 10, 20],
    ['web:extra', 10, 30],
    [':extra', 0, 30],
    ['12:extra', 12, 30],
    ['root:root', 0, 0],
  ];
  for (const [text, uid, gid] of cases) {
    it(`${text} is ${uid}:${gid}`, () => assert.deepEqual(parseOwner(text, root), { uid, gid }));
  }

  it('knows root where nobody is known, and refuses who is not', () => {
    assert.deepEqual(parseOwner('root:root', empty), { uid: 0, gid: 0 });
    for (const text of ['web', 'broken', '7:broken', '4294967295', '-1']) {
      assert.throws(() => parseOwner(text, text === 'web' ? empty : root), { code: 'USER_NOT_FOUND' }, text);
    }
  });
});

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
