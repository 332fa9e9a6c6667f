import assert from 'node:assert/strict';
import { Begun } from '../../../src/client/begun.ts';

describe('a supervisor that was begun by the launcher', () => {
  it('is read from the environment, where nobody else finds it', () => {
    const environment = { TSCOMPOSE_BEGUN_SUPERVISOR: '3:shop', HOME: '/root' };
    const begun = Begun.fromEnvironment(environment);
    assert.deepEqual(environment, { HOME: '/root' });
    assert.equal(begun.untaken, 'shop');
  });

  it('is taken once, by its own project', () => {
    const begun = new Begun({ projectName: 'shop', readyFd: 3 });
    assert.equal(begun.take('other'), null);
    assert.deepEqual(begun.take('shop'), { projectName: 'shop', readyFd: 3 });
    assert.deepEqual([begun.take('shop'), begun.untaken], [null, null]);
  });

  it('is none where the variable says nothing of use', () => {
    for (const text of [undefined, '', '3', 'x:shop', '3:']) {
      assert.equal(Begun.fromEnvironment({ TSCOMPOSE_BEGUN_SUPERVISOR: text }).untaken, null);
    }
  });
});
