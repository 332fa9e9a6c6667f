import assert from 'node:assert/strict';
import type { ComposeError } from '../../../src/util/errors.ts';
import { watchFiles } from '../../../src/watch/file-watch.ts';
import type { NotifierOptions } from '../../../src/watch/notifier.ts';
import { eventually } from '../../support/eventually.ts';

function fakeNotifier(failing: readonly string[]) {
  const opened: NotifierOptions[] = [];
  const means: string[] = [];
  let closed = 0;
  const open = (mean: string) => (options: NotifierOptions) => {
    means.push(mean);
    opened.push(options);
    const code = failing[opened.length - 1];
    if (code !== undefined) options.onError(Object.assign(new Error(code), { code }));
    options.onPath('/there', 5);
    return {
      // As that of one that is closed before it is.
      ready: code === undefined ? Promise.resolve() : Promise.withResolvers<void>().promise,
      close: async () => {
        closed++;
      },
    };
  };
  return { opened, means, notifiers: { watch: open('watch'), poll: open('poll') }, closed: () => closed };
}

const common = { roots: ['/'], ignores: () => false, links: 'watched' } as const;

describe('watching files', () => {
  it('tells what changes, and not what is there when it begins', async () => {
    const { notifiers, opened, closed } = fakeNotifier([]);
    const changes: string[] = [];
    const watch = await watchFiles(
      { ...common, onChange: (path) => changes.push(path), onTrouble: assert.fail },
      notifiers,
    );
    assert.deepEqual([...watch.found], [['/there', 5]]);
    opened[0]?.onPath('/new', 6);
    assert.deepEqual(changes, ['/new']);
    await watch[Symbol.asyncDispose]();
    assert.equal(closed(), 1);
  });

  for (const [code, limit] of [
    ['ENOSPC', 'max_user_watches'],
    ['EMFILE', 'max_user_instances'],
  ] as const) {
    it(`looks from time to time where ${limit} is reached, and says how to raise it`, async () => {
      const { notifiers, means, closed } = fakeNotifier([code]);
      const troubles: ComposeError[] = [];
      const watch = await watchFiles(
        { ...common, onChange() {}, onTrouble: (error) => troubles.push(error) },
        notifiers,
      );
      assert.deepEqual(means, ['watch', 'poll']);
      const [trouble] = troubles;
      assert.equal(troubles.length, 1);
      assert.match(trouble?.message ?? '', new RegExp(`fs\\.inotify\\.${limit}`));
      assert.match(trouble?.hint ?? '', new RegExp(`sysctl fs\\.inotify\\.${limit}=\\d+`));
      await watch[Symbol.asyncDispose]();
      assert.equal(closed(), 2);
    });
  }

  it('tells what changed between the last watch and the first look', async () => {
    const { notifiers, opened } = fakeNotifier([]);
    const changes: string[] = [];
    const poll = (options: NotifierOptions) => {
      options.onPath('/saved', Date.now());
      return notifiers.poll(options);
    };
    const watch = await watchFiles(
      { ...common, onChange: (path) => changes.push(path), onTrouble() {} },
      { ...notifiers, poll },
    );
    opened.at(-1)?.onError(Object.assign(new Error('no more'), { code: 'ENOSPC' }));
    await eventually(() => assert.deepEqual(changes, ['/saved']));
    await watch[Symbol.asyncDispose]();
  });
});
