import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NotifierOptions } from '../../../src/watch/notifier.ts';
import { openTreeNotifier } from '../../../src/watch/tree-notifier.ts';
import { eventually } from '../../support/eventually.ts';

describe('a tree that is watched', () => {
  let root: string;
  let close: () => Promise<void> = async () => {};
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'tscompose-watch-')));
  });
  afterEach(async () => {
    await close();
    rmSync(root, { recursive: true, force: true });
  });

  const at = (path: string) => join(root, path);
  /** Answers the paths that were told of since, relative to the root, and forgets them. */
  const watch = (options: Partial<NotifierOptions> = {}) => {
    let told = new Set<string>();
    const notifier = openTreeNotifier({
      roots: [root],
      ignores: () => false,
      links: 'watched',
      onPath: (path) => told.add(path.slice(root.length + 1)),
      onError: assert.fail,
      ...options,
    });
    close = notifier.close;
    const found = [...told].sort();
    told = new Set();
    return {
      found,
      tells: (...paths: readonly string[]) =>
        eventually(() => {
          const missing = paths.filter((path) => !told.has(path));
          assert.equal(missing.length, 0, `not told: ${missing.slice(0, 5).join(' ')}`);
          for (const path of paths) told.delete(path);
        }),
      told: () => [...told],
    };
  };

  it('is told of as it is, and what changes in it', async () => {
    mkdirSync(at('a/b'), { recursive: true });
    writeFileSync(at('a/b/c'), '');
    const { found, tells } = watch();
    assert.deepEqual(found, ['', 'a', 'a/b', 'a/b/c']);
    writeFileSync(at('a/b/c'), 'x');
    await tells('a/b/c');
    mkdirSync(at('new/deep'), { recursive: true });
    writeFileSync(at('new/deep/f'), '');
    await tells('new', 'new/deep', 'new/deep/f');
    writeFileSync(at('new/deep/g'), '');
    await tells('new/deep/g');
  });

  it('tells of all that a directory held when it goes, or gets another name', async () => {
    mkdirSync(at('a/b'), { recursive: true });
    writeFileSync(at('a/b/c'), '');
    const { tells } = watch();
    renameSync(at('a'), at('z'));
    await tells('a', 'a/b', 'a/b/c', 'z', 'z/b', 'z/b/c');
    writeFileSync(at('z/b/d'), '');
    await tells('z/b/d');
    rmSync(at('z'), { recursive: true });
    await tells('z', 'z/b', 'z/b/c', 'z/b/d');
  });

  it('goes on where a directory takes the place of a file, or of a directory, at once', async () => {
    writeFileSync(at('f'), '');
    mkdirSync(at('d'));
    const { tells } = watch();
    rmSync(at('f'));
    mkdirSync(at('f'));
    writeFileSync(at('f/in'), '');
    rmSync(at('d'), { recursive: true });
    mkdirSync(at('d'));
    await tells('f', 'f/in', 'd');
    writeFileSync(at('f/later'), '');
    writeFileSync(at('d/later'), '');
    await tells('f/later', 'd/later');
  });

  it('may come later, go, and come again', async () => {
    const { tells } = watch({ roots: [at('x/y')] });
    mkdirSync(at('x/y'), { recursive: true });
    writeFileSync(at('x/y/f'), '');
    await tells('x/y', 'x/y/f');
    rmSync(at('x'), { recursive: true });
    await tells('x/y');
    mkdirSync(at('x/y'), { recursive: true });
    await tells('x/y');
    writeFileSync(at('x/y/g'), '');
    await tells('x/y/g');
  });

  it('may be a file that another one takes the place of', async () => {
    writeFileSync(at('f'), '');
    const { tells } = watch({ roots: [at('f')] });
    writeFileSync(at('f.tmp'), 'x');
    renameSync(at('f.tmp'), at('f'));
    await tells('f');
    writeFileSync(at('f'), 'y');
    await tells('f');
  });

  it('is followed where its root leads, through links that change', async () => {
    mkdirSync(at('one'));
    mkdirSync(at('two'));
    writeFileSync(at('one/f'), '1');
    writeFileSync(at('two/f'), '2');
    symlinkSync('one', at('now'));
    symlinkSync('now/f', at('f'));
    const { tells } = watch({ roots: [at('f')], links: 'followed' });
    writeFileSync(at('one/f'), '3');
    await tells('f');
    symlinkSync('two', at('next'));
    renameSync(at('next'), at('now'));
    await tells('f');
  });

  it('tells nothing of what is ignored, at whatever depth', async () => {
    mkdirSync(at('deps/x'), { recursive: true });
    const { found, tells, told } = watch({ ignores: (path) => path.startsWith(at('deps')) });
    assert.deepEqual(found, ['']);
    writeFileSync(at('deps/x/f'), '');
    writeFileSync(at('f'), '');
    await tells('f');
    assert.deepEqual(told(), []);
  });

  it('is looked at whole after more events than the kernel keeps', async () => {
    const { tells } = watch();
    const paths = Array.from({ length: 9000 }, (_, n) => `f${n}`);
    for (const path of paths) writeFileSync(at(path), 'x');
    await tells(...paths);
  });
});
