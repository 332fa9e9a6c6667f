import assert from 'node:assert/strict';
import { excludeRules, parseIgnore } from '../../../src/build/context/ignore.ts';
import { pathPattern } from '../../../src/build/context/pattern.ts';
import { complaints, source } from './support.ts';

const rules = (...lines: string[]) => parseIgnore(source(lines.join('\n'), '.dockerignore'));

describe('.dockerignore', () => {
  const cases: readonly (readonly [lines: string[], ignored: string[], kept: string[]])[] = [
    [['*.o'], ['a.o'], ['a.c', 'd/a.o']],
    [['**/*.o'], ['a.o', 'd/a.o', 'd/e/a.o'], ['a.c']],
    [['node_modules'], ['node_modules', 'node_modules/a/b'], ['x/node_modules', 'node_modules2']],
    [['/a/b/'], ['a/b', 'a/b/c'], ['a', 'b']],
    [['./x'], ['x'], ['y']],
    [['a/**'], ['a/b', 'a/b/c'], ['a', 'ab']],
    [['**'], ['a', 'a/b'], []],
    [
      ['*', '!keep'],
      ['a', 'b/c'],
      ['keep', 'keep/x'],
    ],
    [['*', '!keep/x'], ['keep/y'], ['keep/x']],
    [
      ['*.md', '!README*.md', 'README-secret.md'],
      ['a.md', 'README-secret.md'],
      ['README.md', 'README-a.md'],
    ],
    [['# comment', '', '  b  '], ['b'], ['# comment', 'a']],
    [['a?c'], ['abc'], ['ac', 'a/c']],
    [
      ['[a-c]x', '[^z]y'],
      ['ax', 'ay'],
      ['dx', 'zy'],
    ],
    [['a\\*'], ['a*'], ['ab']],
    [['a/../b'], ['b'], ['a/b']],
    [['foo.bar+(x)'], ['foo.bar+(x)'], ['fooxbarxx']],
    [['**/temp*'], ['temp', 'a/temporary/b'], ['a/atemp']],
  ];
  for (const [lines, ignored, kept] of cases) {
    it(lines.join(' | '), () => {
      const parsed = rules(...lines);
      assert.deepEqual(
        ignored.filter((path) => !parsed.ignores(path)),
        [],
        'should be left out',
      );
      assert.deepEqual(
        kept.filter((path) => parsed.ignores(path)),
        [],
        'should stay',
      );
    });
  }

  it('a directory that is left out is looked into only for what may come back', () => {
    const parsed = rules('*', '!a/b/c', '!**/x.md');
    assert.equal(rules('*').mayKeepBelow('a'), false);
    assert.equal(rules('*', '!a/b/c').mayKeepBelow('a'), true);
    assert.equal(rules('*', '!a/b/c').mayKeepBelow('a/b'), true);
    assert.equal(rules('*', '!a/b/c').mayKeepBelow('z'), false);
    assert.equal(parsed.mayKeepBelow('z'), true);
  });

  it('what cannot be read is told with its place', () => {
    assert.deepEqual(
      complaints(() => rules('a', ' [b', '!')),
      ['2:2 [b is not a pattern', '3:1 an exception without a pattern'],
    );
  });

  it('--exclude', () => {
    assert.equal(excludeRules(['*.txt', '!a.txt'])?.ignores('b.txt'), true);
    assert.equal(excludeRules(['*.txt', '!a.txt'])?.ignores('a.txt'), false);
    assert.equal(excludeRules(['[x']), null);
  });
});

describe('patterns of paths', () => {
  it('are those of Go: a star does not match a slash', () => {
    const matches = (pattern: string, path: string) => pathPattern(pattern, 'name')?.test(path) ?? null;
    assert.equal(matches('a*/b', 'ax/b'), true);
    assert.equal(matches('a*', 'a/b'), false);
    assert.equal(matches('a**', 'abc'), true);
    assert.equal(matches('[a-', 'a'), null);
    assert.equal(matches('[]a]', ']'), null);
    assert.equal(matches('[\\]a]', ']'), true);
    assert.equal(matches('a\\', 'a'), null);
    assert.equal(matches('[^a]', '/'), false);
  });
});
