import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { missingChanges } from '../../../../src/cli/watch/compare.ts';
import { planTreeChanges, type TreeChange } from '../../../../src/cli/watch/tree-changes.ts';

const owner = { uid: 7, gid: 8 };

function tree(files: Readonly<Record<string, string | null>>, links: Readonly<Record<string, string>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'tscompose-tree-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(text === null ? join(root, path) : dirname(join(root, path)), { recursive: true });
    if (text !== null) writeFileSync(join(root, path), text);
  }
  for (const [path, target] of Object.entries(links)) symlinkSync(target, join(root, path));
  return root;
}

describe('changes of a container', () => {
  const roots: string[] = [];
  const make = (...args: Parameters<typeof tree>): string => {
    const root = tree(...args);
    roots.push(root);
    return root;
  };
  afterEach(() => {
    for (const root of roots.splice(0)) rmSync(root, { recursive: true });
  });
  const here =
    (root: string) =>
    (kind: TreeChange['kind'], path: string): TreeChange => ({
      kind,
      source: join(root, path),
      target: `/app/${path}`,
      root,
      base: '/app',
    });

  it('make directories that are not there, each once and before what is in them', () => {
    const source = here(make({ 'a/b/c': '', 'a/b/d': '' }));
    const container = make({ etc: null });
    const { entries, removals } = planTreeChanges(container, [source('file', 'a/b/d'), source('file', 'a/b/c')], owner);
    assert.deepEqual(
      entries.map(({ kind, target, mode, uid }) => [kind, target, mode, uid]),
      [
        ['directory', 'app', undefined, 7],
        ['directory', 'app/a', undefined, 7],
        ['directory', 'app/a/b', undefined, 7],
        ['file', 'app/a/b/c', undefined, 7],
        ['file', 'app/a/b/d', undefined, 7],
      ],
    );
    assert.deepEqual(removals, []);
  });

  it('go where symlinks of the container lead, and never out of it', () => {
    const source = here(make({ x: '' }));
    const container = make({ 'srv/real/x': 'old' }, { app: '/srv/real' });
    assert.deepEqual(
      planTreeChanges(container, [source('file', 'x')], owner).entries.map(({ target }) => target),
      ['srv/real/x'],
    );
    const escaping = make({ srv: null }, { app: '../../../srv' });
    assert.deepEqual(
      planTreeChanges(escaping, [source('file', 'x')], owner).entries.map(({ target }) => target),
      ['srv/x'],
    );
  });

  it('remove what is gone, a tree in one step, and nothing that was not there', () => {
    const source = here(make({}));
    const container = make({ 'app/d/e/f': '', 'app/g': '' });
    const gone = ['d', 'd/e', 'd/e/f', 'g', 'h', 'i/j'].map((path) => source('none', path));
    const { removals, removed, entries } = planTreeChanges(container, gone, owner);
    assert.deepEqual([removals, entries], [['app/d', 'app/g'], []]);
    assert.equal(removed.length, 2);
  });

  it('put a file in the place of a directory, and the other way round', () => {
    const source = here(make({ x: '', 'y/z': '' }));
    const container = make({ 'app/x/deep': '', 'app/y': '' });
    const steps = planTreeChanges(
      container,
      [source('file', 'x'), source('directory', 'y'), source('file', 'y/z')],
      owner,
    );
    assert.deepEqual(steps.removals, ['app/x', 'app/y']);
    assert.deepEqual(
      steps.entries.map(({ target }) => target),
      ['app/x', 'app/y', 'app/y/z'],
    );
  });

  it('at the beginning are those whose content differs', () => {
    const root = make({ same: 'one', other: 'two', longer: 'three', d: null, 'new/x': '' }, { link: 'same' });
    const container = make(
      { 'app/same': 'one', 'app/other': 'TWO', 'app/longer': '3', 'app/d': null },
      { 'app/link': 'same' },
    );
    const source = here(root);
    const all = [
      ...['same', 'other', 'longer', 'new/x'].map((path) => source('file', path)),
      source('directory', 'd'),
      source('other', 'link'),
      source('none', 'gone'),
    ];
    assert.deepEqual(
      missingChanges(container, all).map(({ target }) => target),
      ['/app/other', '/app/longer', '/app/new/x'],
    );
  });
});
