import assert from 'node:assert/strict';
import type { WatchEvent } from '../../../src/model/watch.ts';
import { LogFormat } from '../../../src/ui/log-format.ts';
import { watchText } from '../../../src/ui/watch-text.ts';
import { ComposeError } from '../../../src/util/errors.ts';

const texts = (event: WatchEvent) => watchText(event, { directory: '/project', isColored: false });

describe('what a watch says', () => {
  it('is worded as Docker Compose does', () => {
    const events: WatchEvent[] = [
      { type: 'enabled', services: ['web'] },
      { type: 'synced', service: 'web', containers: [], copied: ['/a', '/b'], removed: ['/c'], cause: 'change' },
      { type: 'rebuilding', services: ['a', 'b'] },
      { type: 'rebuilt', services: ['a', 'b'] },
      { type: 'restarted', services: ['web'] },
      { type: 'disabled' },
    ];
    assert.deepEqual(
      events.map((event) => texts(event).line),
      [
        'Watch enabled',
        'Syncing service "web" after 3 changes were detected',
        'Rebuilding service(s) ["a" "b"] after changes were detected...',
        'service(s) ["a" "b"] successfully built',
        'service(s) ["web"] restarted',
        'Watch disabled',
      ],
    );
  });

  it('names files as they are seen from where the command runs', () => {
    const files = ['/project/compose.yaml', '/etc/shared.env'];
    assert.equal(
      texts({ type: 'reloading', files }).line,
      'Reloading after changes of /etc/shared.env, compose.yaml were detected...',
    );
  });

  it('has an error below it, and that what runs goes on', () => {
    const error = new ComposeError('INVALID', 'no such thing', { hint: 'make it' });
    assert.deepEqual(texts({ type: 'failed', doing: 'reload', services: [], error }), {
      line: 'cannot reload the project, what runs goes on:',
      details: 'no such thing\nhint: make it\n',
    });
  });

  it('says nothing of a command that ended well', () => {
    assert.equal(texts({ type: 'executed', service: 'web', container: 'web-1', exitCode: 0 }).line, null);
    assert.match(texts({ type: 'executed', service: 'web', container: 'web-1', exitCode: 3 }).line ?? '', /code 3/);
  });

  it('stands beside the column of names', () => {
    const format = new LogFormat({ prefix: 'name', isColored: false, timestamps: 'hidden' });
    format.register('web-1');
    assert.equal(format.watch('Watch enabled'), '       ⦿ Watch enabled\n');
  });
});
