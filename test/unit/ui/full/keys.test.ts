import assert from 'node:assert/strict';
import { commandOf, commands, findCommands } from '../../../../src/ui/full/commands.ts';
import { KeyReader } from '../../../../src/ui/full/keys.ts';

function keysOf(...chunks: string[]): string[] {
  const reader = new KeyReader();
  return chunks
    .flatMap((chunk) => reader.read(chunk))
    .map((input) => (input.type === 'key' ? input.key : JSON.stringify(input)));
}

describe('keys', () => {
  it('reads letters, controls and sequences, several in one read', () => {
    assert.deepEqual(keysOf('aG\x03\r\x1b[A\x1bOB\x1b[5~\x1b[1;2A\x7f \x1b[Z'), [
      'a',
      'G',
      'ctrl-c',
      'enter',
      'up',
      'down',
      'page-up',
      'shift-up',
      'backspace',
      'space',
      'shift-tab',
    ]);
  });

  it('escape alone is a key, a sequence cut in two is one', () => {
    assert.deepEqual(keysOf('\x1b'), ['escape']);
    assert.deepEqual(keysOf('\x1b[<64;1', '0;5M'), ['{"type":"mouse","kind":"wheel-up","x":9,"y":4}']);
    assert.deepEqual(keysOf('\x1b[5', '~q'), ['page-up', 'q']);
  });

  it('a press of the mouse counts, its release does not', () => {
    assert.deepEqual(keysOf('\x1b[<0;3;4M\x1b[<0;3;4m'), ['{"type":"mouse","kind":"press","x":2,"y":3}']);
  });

  it('a paste is one input, whatever is in it', () => {
    assert.deepEqual(keysOf('\x1b[200~q\r', 'x\x1b[201~n'), ['{"type":"paste","text":"q\\rx"}', 'n']);
  });

  it('characters beyond ASCII come whole', () => {
    assert.deepEqual(keysOf('é🍵'), ['é', '🍵']);
  });
});

describe('commands', () => {
  it('no key means two things', () => {
    const keys = commands.flatMap((command) => command.keys);
    assert.deepEqual(
      keys.filter((key, index) => keys.indexOf(key) !== index),
      [],
    );
    assert.equal(commandOf('ctrl-p'), 'palette');
  });

  it('the palette finds by words, then by letters in order', () => {
    assert.equal(findCommands('restart')[0]?.id, 'restart');
    assert.equal(findCommands('wrap')[0]?.id, 'wrap');
    assert.ok(findCommands('shl').some(({ id }) => id === 'shell'));
    assert.deepEqual(findCommands('qqqq'), []);
    assert.equal(findCommands(' ').length, commands.length);
  });
});
