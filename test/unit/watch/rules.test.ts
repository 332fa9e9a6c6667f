import assert from 'node:assert/strict';
import { parseIgnore } from '../../../src/build/context/ignore.ts';
import type { Service, WatchRule } from '../../../src/model/service.ts';
import { type ContextIgnore, mountOver, type Rule, rulesOf, targetOf } from '../../../src/watch/rules.ts';

function rule(written: Partial<WatchRule>, context: ContextIgnore | null = null): Rule {
  const develop = { watch: [{ path: '/nowhere/app', action: 'sync', target: '/srv', ...written } as WatchRule] };
  const [found] = rulesOf('web', { develop } as unknown as Service, context);
  assert.ok(found);
  return found;
}

function ignoring(text: string, directory = '/nowhere'): ContextIgnore {
  return { directory, rules: parseIgnore({ name: '.dockerignore', path: `${directory}/.dockerignore`, text }) };
}

function taken(of: Rule, ...paths: readonly string[]): string[] {
  return paths.filter((path) => of.takes(path));
}

describe('rules of develop.watch', () => {
  it('take everything below their path, and the path itself', () => {
    assert.deepEqual(taken(rule({}), '', 'a', 'b/c'), ['', 'a', 'b/c']);
  });

  it('leave out what ignore says, but for its exceptions', () => {
    const own = rule({ ignore: ['node_modules/', '*.log', '!keep.log', '**/*.tmp'] });
    const paths = ['a', 'node_modules/x/y', 'a.log', 'keep.log', 'b/a.log', 'b/c/d.tmp'];
    assert.deepEqual(taken(own, ...paths), ['a', 'keep.log', 'b/a.log']);
    assert.equal(own.skips('node_modules'), true);
    assert.equal(own.skips('b'), false);
  });

  it('take only what include says', () => {
    assert.deepEqual(taken(rule({ include: ['*.js', 'lib/'] }), 'a.js', 'b/a.js', 'a.css', 'lib/x/y.css'), [
      'a.js',
      'lib/x/y.css',
    ]);
  });

  it('leave out what .dockerignore leaves out of the build, exceptions and lists of what is allowed included', () => {
    const own = rule({}, ignoring('*\n!app/src\napp/src/secret\n'));
    assert.deepEqual(taken(own, 'src/a', 'src/b/c', 'src/secret', 'other'), ['src/a', 'src/b/c']);
    assert.equal(own.skips('src'), false);
    assert.equal(own.skips('other'), true);
    assert.equal(rule({}, ignoring('app')).takes(''), false);
    assert.deepEqual(taken(rule({}, ignoring('*', '/elsewhere')), 'a'), ['a']);
  });

  it('leave out what editors put beside a file, and git', () => {
    const temporary = [
      '.a.swp',
      '4913',
      'a~',
      '.#a',
      '#a#',
      'a___jb_tmp___',
      '.git/index',
      'b/.goutputstream-X',
      '.idea/x',
    ];
    assert.deepEqual(taken(rule({}), ...temporary, '.gitignore', 'a#b', '4913.js'), ['.gitignore', 'a#b', '4913.js']);
  });

  it('copy to their target, a file onto it', () => {
    assert.equal(targetOf(rule({}), 'a/b'), '/srv/a/b');
    assert.equal(targetOf(rule({ target: 'srv/conf.json' }), ''), '/srv/conf.json');
    assert.equal(rule({ action: 'restart' }).target, null);
  });

  it('know the mount that shows their files in the container already', () => {
    const mounted = (source: string, target: string) =>
      ({ volumes: [{ type: 'bind', source, target }] }) as unknown as Service;
    assert.equal(mountOver(rule({}), mounted('/nowhere', '/srv')), '/nowhere');
    assert.equal(mountOver(rule({}), mounted('/nowhere/app/out', '/')), '/nowhere/app/out');
    assert.equal(mountOver(rule({}), mounted('/nowhere', '/seed')), null);
    assert.equal(mountOver(rule({ path: '/nowhereelse' }), mounted('/nowhere', '/srv')), null);
  });

  it('refuse a pattern that cannot be read', () => {
    assert.throws(() => rule({ ignore: ['a', '[a'] }), {
      code: 'INVALID',
      path: ['services', 'web', 'develop', 'watch', 0, 'ignore', 1],
    });
  });
});
