import assert from 'node:assert/strict';
import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChangeSorter } from '../../../../src/cli/watch/change-sorter.ts';
import type { Service } from '../../../../src/model/service.ts';
import { rulesOf } from '../../../../src/watch/rules.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

describe('changes of files, as rules see them', () => {
  const directory = temporaryDirectory('sorter-');
  const path = join(directory, 'app.js');
  const [rule] = rulesOf(
    'web',
    {
      develop: { watch: [{ path: directory, action: 'sync+restart', target: '/srv' }] },
    } as unknown as Service,
    null,
  );
  assert.ok(rule);
  const rules = [rule];
  let age = 100;
  /** Saved some time ago: what was saved this very moment cannot be told from what comes next. */
  const save = (text: string) => {
    writeFileSync(path, text);
    utimesSync(path, new Date(), new Date(Date.now() - age--));
  };
  const open = () => {
    const sorter = new ChangeSorter();
    sorter.begin([path], new Set([rule.key]));
    return sorter;
  };
  const relatives = ({ copied }: ReturnType<ChangeSorter['sort']>) =>
    copied.get('web')?.map(({ relative }) => relative);

  it('mean something once, and again when they could not be dealt with', () => {
    const sorter = open();
    save('one');
    const first = sorter.sort([path], rules);
    assert.deepEqual(relatives(first), ['app.js']);
    assert.deepEqual([...first.worked], rules);
    assert.equal(relatives(sorter.sort([path], rules)), undefined);
    sorter.forget(rule, path);
    assert.deepEqual(relatives(sorter.sort([path], rules)), ['app.js']);
    save('two');
    assert.deepEqual(relatives(sorter.sort([path], rules)), ['app.js']);
  });

  it('wait where they may be half of a save, and are what they are when that has not come', () => {
    const sorter = open();
    save('');
    assert.deepEqual(sorter.sort([path], rules).passing, [path]);
    sorter.settle(path);
    assert.deepEqual(relatives(sorter.sort([path], rules)), ['app.js']);
    rmSync(path);
    assert.deepEqual(sorter.sort([path], rules).passing, [path]);
    sorter.settle(path);
    assert.deepEqual(relatives(sorter.sort([path], rules)), ['app.js']);
  });

  it('are looked at once more where they are too fresh', () => {
    const sorter = open();
    writeFileSync(path, 'now');
    utimesSync(path, new Date(), new Date(Date.now() + 1000));
    assert.deepEqual(sorter.sort([path], rules).fresh, [path]);
    assert.deepEqual(relatives(sorter.sort([path], rules)), ['app.js']);
  });

  it('mean nothing where a file has come and gone meanwhile', () => {
    const sorter = open();
    const sorted = sorter.sort([join(directory, '.app.js.swp')], rules);
    assert.deepEqual([sorted.copied.size, sorted.worked.size, sorted.passing, sorted.fresh], [0, 0, [], []]);
  });
});
