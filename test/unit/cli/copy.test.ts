import assert from 'node:assert/strict';
import { parseRoute, writtenPath } from '../../../src/cli/copy/place.ts';

describe('the two ends of cp', () => {
  it('are a service and its path, a path of this machine, or a stream', () => {
    assert.deepEqual(parseRoute('web:/etc/hosts', 'here'), {
      direction: 'out',
      from: { at: 'container', service: 'web', path: '/etc/hosts' },
      to: { at: 'machine', path: 'here' },
    });
    assert.deepEqual(parseRoute('-', 'web:data'), {
      direction: 'in',
      from: { at: 'stream' },
      to: { at: 'container', service: 'web', path: 'data' },
    });
    assert.equal(parseRoute('./a:b', 'web:/').direction, 'in');
    assert.equal(parseRoute('/a:b', 'web:/').direction, 'in');
    assert.equal(parseRoute('web:', '.').direction, 'out');
  });

  it('are not two services, and not none', () => {
    assert.throws(() => parseRoute('a:/x', 'b:/x'), {
      code: 'USAGE',
      message: 'copying between services is not supported',
    });
    assert.throws(() => parseRoute('x', 'y'), { code: 'USAGE', message: 'unknown copy direction' });
  });

  it('say by their last letters what they want to be', () => {
    const written = (text: string, base: string) => Object.values(writtenPath(text, base));
    assert.deepEqual(written('etc/./x/../y', '/'), ['/etc/y', false, false]);
    assert.deepEqual(written('/etc/', '/'), ['/etc', false, true]);
    assert.deepEqual(written('../..', '/'), ['/', false, true]);
    assert.deepEqual(written('dir/.', '/home'), ['/home/dir', true, true]);
    assert.deepEqual(written('.', '/home'), ['/home', true, true]);
    assert.deepEqual(written('', '/'), ['/', false, false]);
  });
});
