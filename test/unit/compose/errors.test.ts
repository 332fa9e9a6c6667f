// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of the files
import assert from 'node:assert/strict';
import { formatDiagnostic, SourceError } from '../../../src/compose/diagnostic.ts';
import { ComposeError } from '../../../src/util/errors.ts';
import { load, problems } from './support.ts';

describe('what is wrong with a file', () => {
  it('is told completely, with place and sentence', async () => {
    const text = [
      'services:',
      '  web:',
      '    imag: nginx',
      '    ports: "80"',
      '    environment:',
      '      A: [1]',
      '  db:',
      '    image: 5',
    ].join('\n');
    assert.deepEqual(await problems(text), [
      'compose.yaml:3:5: services.web.imag: a service has no attribute "imag"',
      'compose.yaml:6:10: services.web.environment.A: expected text, a number, true or false or nothing, got a list',
      'compose.yaml:4:12: services.web.ports: expected a list, got the text "80"',
      'compose.yaml:8:12: services.db.image: expected text, got the number 5',
    ]);
  });

  it('comes with the line, a caret and the nearest right word', async () => {
    const error = await load('services:\n  a:\n    image: x\n    enviroment: {}\n').catch((thrown: unknown) => thrown);
    assert.ok(error instanceof SourceError);
    const [diagnostic] = error.diagnostics;
    assert.ok(diagnostic);
    assert.equal(
      formatDiagnostic(diagnostic),
      [
        'compose.yaml:4:5: services.a.enviroment: a service has no attribute "enviroment"',
        '  4 |     enviroment: {}',
        '    |     ^^^^^^^^^^',
        '  did you mean environment?',
      ].join('\n'),
    );
  });

  it('points at the variable in a long text', async () => {
    assert.deepEqual(await problems('services:\n  a:\n    image: "x:${TAG:?say which}"\n'), [
      'compose.yaml:3:15: services.a.image: required variable TAG is missing a value: say which',
    ]);
    assert.deepEqual(await problems('services:\n  a:\n    image: ${TAG!}\n'), [
      'compose.yaml:3:12: services.a.image: "${TAG!}" is not a variable',
    ]);
  });

  it('points into the file that says it, of several', async () => {
    const files = {
      'a.yaml': 'services:\n  web:\n    image: x\n    ports: ["80:80"]\n',
      'b.yaml': 'services:\n  web:\n    ports:\n      - "81:81"\n      - "82:nothing"\n',
    };
    assert.deepEqual(await problems(files, { files: ['a.yaml', 'b.yaml'] }), [
      'b.yaml:5:9: "82:nothing" is not a port: "nothing" is not a port or range from 1 to 65535',
    ]);
  });

  it('points into an extended file', async () => {
    const files = {
      'compose.yaml': 'services:\n  web:\n    extends: {file: base/base.yaml, service: base}\n',
      'base/base.yaml': 'services:\n  base:\n    image: x\n    mem_limit: lots\n',
    };
    assert.deepEqual(await problems(files), ['base/base.yaml:4:16: "lots" is not a size']);
  });

  it('points at an include that cannot be loaded, and goes on', async () => {
    const text = 'include:\n  - nope.yaml\n  - {pth: x}\nservices:\n  a: {image: 1}\n';
    assert.deepEqual(await problems(text), [
      'compose.yaml:2:5: file nope.yaml not found',
      'compose.yaml:3:5: include[1]: path is missing',
      'compose.yaml:5:14: services.a.image: expected text, got the number 1',
    ]);
  });

  it('names both places of a repeated key', async () => {
    const error = await load('services:\n  a:\n    image: x\n    image: y\n').catch((thrown: unknown) => thrown);
    assert.ok(error instanceof SourceError);
    assert.equal(error.diagnostics[0]?.line, 4);
    assert.equal(error.diagnostics[0]?.hint, 'it was first given on line 3');
  });

  for (const [what, text, code] of [
    ['a circle of dependencies', 'services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [a]}}', 'CYCLE'],
    ['a circle of extends', 'services: {a: {extends: b}, b: {extends: a}}', 'CYCLE'],
    ['a malformed file', 'services: {', 'SYNTAX'],
    ['an empty file', '# nothing\n', 'SYNTAX'],
    ['a missing variable', 'services: {a: {image: "${X?}"}}', 'INTERPOLATION'],
    ['a file that repeats itself', bomb(), 'LIMIT'],
    ['a file nested too deeply', `services: {a: {image: x}}\nx-a: ${'['.repeat(300)}${']'.repeat(300)}`, 'LIMIT'],
    [
      'more ports than there are',
      `services: {a: {image: x, ports: [${[1, 2, 3, 4].map((first) => `${first}-65535`)}]}}`,
      'LIMIT',
    ],
  ] as const) {
    it(`${what} is ${code}`, async () => {
      await assert.rejects(load(text), (error) => error instanceof ComposeError && error.code === code);
    });
  }

  it('a missing file is told by its name', async () => {
    await assert.rejects(load({}, { files: ['nope.yaml'] }), /file nope.yaml not found/);
    await assert.rejects(load({ 'x.txt': '' }), /no configuration file provided/);
  });

  it('a file on another machine is refused', async () => {
    await assert.rejects(load({}, { files: ['oci://example.com/app:1'] }), /remote files are not supported/);
    await assert.rejects(load('include: ["https://github.com/a/b.git"]\nservices: {a: {image: x}}'), /remote files/);
  });
});

function bomb(): string {
  const lines = ['x-0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 10; i++)
    lines.push(
      `x-${i}: &a${i} [${Array(9)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    );
  return `${lines.join('\n')}\nservices: {a: {image: x}}\n`;
}
