import assert from 'node:assert/strict';
import { publishedFile } from '../../../src/compose/published-file.ts';

const publish = (text: string) =>
  publishedFile({ name: 'compose.yaml', path: '/p/compose.yaml', text }, '/p', (path) => path !== '/p/none.env');
const nameOf = (text: string, path: string) => publish(text).variableFiles.get(path) ?? '';

describe('a Compose file as it is published', () => {
  it('has other names for files of variables, and is the same besides', () => {
    const text = [
      'services: # comment',
      '  a: { image: x, env_file: one.env }',
      '  b:',
      '    env_file:',
      "    - 'one.env' # twice",
      '    - path: ../two.env',
      '      required: true',
      '    - none.env',
      '---',
      'services: { a: { env_file: [./one.env] }, c: ~ }',
      'x-other: { env_file: one.env }',
      '',
    ].join('\n');
    const [one, two] = [nameOf(text, '/p/one.env'), nameOf(text, '/two.env')];
    assert.match(one, /^[0-9a-f]{64}\.env$/);
    assert.notEqual(one, two);
    const expected = text
      .replace('env_file: one.env }\n  b', `env_file: ${one} }\n  b`)
      .replace("'one.env'", one)
      .replace('../two.env', two)
      .replace('[./one.env]', `[${one}]`);
    assert.equal(publish(text).text, expected);
    assert.deepEqual([...publish(text).variableFiles.keys()].sort(), ['/p/one.env', '/two.env']);
  });

  it('is as it was without them', () => {
    for (const text of [
      '',
      'services: {}\n',
      'services: { a: { image: x } }\n',
      'services: { a: { env_file: none.env } }\n',
    ]) {
      assert.deepEqual(publish(text), { text, variableFiles: new Map() });
    }
  });
});
