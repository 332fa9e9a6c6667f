import assert from 'node:assert/strict';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { excludeRules, nothingIgnored, parseIgnore } from '../../../src/build/context/ignore.ts';
import { describeEntries } from '../../../src/build/tree/digest.ts';
import { resolveInTree } from '../../../src/build/tree/resolve.ts';
import { scanSource } from '../../../src/build/tree/scan.ts';
import { source } from './support.ts';

describe('what COPY finds', () => {
  let root: string;
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'tsc-scan-'));
    for (const path of ['a.c', 'b.c', 'd/e/f.c', 'd/e/g.h', 'd/h', '*']) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), path);
    }
    symlinkSync('/d', join(root, 'absolute'));
    symlinkSync('../../../../etc', join(root, 'd/up'));
    symlinkSync('loop', join(root, 'loop'));
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  const owner = { uid: 0, gid: 0 };
  const find = (pattern: string, options: { hasParents?: boolean; exclude?: string[]; ignore?: string } = {}) => {
    const ignored = options.ignore === undefined ? nothingIgnored : parseIgnore(source(options.ignore));
    const excluded = excludeRules(options.exclude ?? []) ?? nothingIgnored;
    const found = scanSource({ root, ignored, owner, hasAttributes: false }, pattern, {
      excluded,
      hasParents: options.hasParents ?? false,
    });
    return found.flatMap(({ entries }) => entries.map(({ target }) => target));
  };

  it('a directory’s content, parents first', () => {
    assert.deepEqual(find('d'), ['e', 'e/f.c', 'e/g.h', 'h', 'up']);
    assert.deepEqual(find('/d/'), find('d'));
    assert.deepEqual(find('x/../d'), find('d'));
  });

  it('patterns, of which each star is within one directory', () => {
    assert.deepEqual(find('?.c'), ['a.c', 'b.c']);
    assert.deepEqual(find('*/*/[f-g].*'), ['f.c', 'g.h']);
    assert.deepEqual(find('\\*'), ['*']);
    assert.deepEqual(find('nothing*'), []);
    assert.deepEqual(find('absolute/e/*.c'), ['f.c'], 'a link before the pattern is followed');
    assert.deepEqual(find('*/e/*.c'), ['f.c'], 'one that a pattern stands for is not');
  });

  it('--parents keeps the path, from a pivot on', () => {
    assert.deepEqual(find('d/e/f.c', { hasParents: true }), ['d', 'd/e', 'd/e/f.c']);
    assert.deepEqual(find('d/./e/f.c', { hasParents: true }), ['e', 'e/f.c']);
    assert.deepEqual(find('**/*.h', { hasParents: true }), ['d', 'd/e', 'd/e/g.h']);
  });

  it('--exclude is about what is in the source, .dockerignore about the context', () => {
    assert.deepEqual(find('d', { exclude: ['e/*.h', 'up'] }), ['e', 'e/f.c', 'h']);
    assert.deepEqual(find('d', { ignore: 'd/e\n!d/e/g.h' }), ['e', 'e/g.h', 'h', 'up']);
    assert.deepEqual(find('a.c', { ignore: '*.c' }), []);
  });

  it('links lead nowhere out of the tree', () => {
    assert.deepEqual(find('absolute'), find('d'));
    assert.equal(resolveInTree(root, 'd/up/passwd').path, 'etc/passwd');
    assert.equal(resolveInTree(root, '../../x').path, 'x');
    assert.equal(resolveInTree(root, 'd/up', { keepLast: true }).path, 'd/up');
    assert.throws(() => resolveInTree(root, 'loop'), { code: 'ELOOP' });
  });

  it('the digest is of content, mode, owner, links and capabilities, not of times', async () => {
    const scan = () =>
      scanSource({ root, ignored: nothingIgnored, owner, hasAttributes: false }, 'd', {
        excluded: nothingIgnored,
        hasParents: false,
      });
    const { signal } = new AbortController();
    let capability: Uint8Array | null = null;
    const capabilityOf = async () => capability;
    const digest = async () =>
      (await describeEntries(scan()[0]!.entries, { memory: null, capabilityOf, signal })).join('\n');
    const before = await digest();
    utimesSync(join(root, 'd/h'), 1, 1);
    assert.equal(await digest(), before);
    writeFileSync(join(root, 'd/h'), 'other');
    const changed = await digest();
    assert.notEqual(changed, before);
    linkSync(join(root, 'd/h'), join(root, 'd/i'));
    assert.match(await digest(), /"i" =h$/m);
    const linked = await digest();
    capability = new Uint8Array([1]);
    assert.notEqual(await digest(), linked);
  });
});
