// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is tested
import assert from 'node:assert/strict';
import { ShellError, ShellWords } from '../../../src/build/dockerfile/shell-words.ts';

const variables: Readonly<Record<string, string>> = { x: 'value', empty: '', path: '/a/b/c.tar.gz', list: 'one two' };
const lexer = new ShellWords({ escapeChar: '\\' });
const expand = (word: string) => lexer.expand(word, (name) => variables[name]).text;

describe('words of a Dockerfile', () => {
  const cases: readonly (readonly [word: string, result: string])[] = [
    ['plain', 'plain'],
    ['$x', 'value'],
    ['a${x}b', 'avalueb'],
    ['$unset.', '.'],
    ['${unset}', ''],
    ['\\$x', '$x'],
    ["'$x'", '$x'],
    ['"$x"', 'value'],
    ['"a\\"b"', 'a"b'],
    ['"a\\nb"', 'a\\nb'],
    ['a\\ b', 'a b'],
    ['$', '$'],
    ['a$', 'a$'],
    ['$1x', 'x'],
    ['${unset:-default}', 'default'],
    ['${empty:-default}', 'default'],
    ['${empty-default}', ''],
    ['${unset-default}', 'default'],
    ['${x:+set}', 'set'],
    ['${empty:+set}', ''],
    ['${empty+set}', 'set'],
    ['${unset+set}', ''],
    ['${x:?needed}', 'value'],
    ['${unset:-${x}}', 'value'],
    ['${unset:-"a b"}', 'a b'],
    ['${path#*/}', 'a/b/c.tar.gz'],
    ['${path##*/}', 'c.tar.gz'],
    ['${path%.*}', '/a/b/c.tar'],
    ['${path%%.*}', '/a/b/c'],
    ['${path#nothing}', '/a/b/c.tar.gz'],
    ['${path/b/B}', '/a/B/c.tar.gz'],
    ['${path//\\//_}', '_a_b_c.tar.gz'],
    ['${path/a?b/X}', '/X/c.tar.gz'],
    ['${path%\\.gz}', '/a/b/c.tar'],
    ['${unset%x}', ''],
  ];
  for (const [word, result] of cases) {
    it(`${word} is ${JSON.stringify(result)}`, () => assert.equal(expand(word), result));
  }

  const wrong: readonly (readonly [word: string, message: string])[] = [
    ['${x', 'a } is missing'],
    ['${}', 'bad substitution'],
    ['${x!y}', 'unsupported modifier (!) in the substitution of x'],
    ['${unset:?give it}', 'unset: give it'],
    ['${empty:?}', 'empty: it is empty'],
    ["'a", "a ' is not closed"],
    ['"a', 'a " is not closed'],
  ];
  for (const [word, message] of wrong) {
    it(`${word} is refused: ${message}`, () => assert.throws(() => expand(word), new ShellError(message, 0)));
  }

  it('a variable with blanks is several words, unless it is quoted', () => {
    const words = (word: string) => lexer.expand(word, (name) => variables[name]).words;
    assert.deepEqual(words('$list'), ['one', 'two']);
    assert.deepEqual(words('"$list"'), ['one two']);
    assert.deepEqual(words('a$list'), ['aone', 'two']);
  });

  it('in a here-document quotes are themselves, and only $ and \\ are escaped', () => {
    const text = lexer.expandText('"$x" \'$x\' \\$x \\n \\\\', (name) => variables[name]);
    assert.equal(text, '"value" \'value\' $x \\n \\');
  });

  it('cuts at unquoted blanks', () => {
    assert.deepEqual(
      lexer.split('a "b c"\td\\ e  \'f g\'').map(({ text }) => text),
      ['a', '"b c"', 'd\\ e', "'f g'"],
    );
  });
});
