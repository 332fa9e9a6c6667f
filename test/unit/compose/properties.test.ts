// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of the files
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatJson, formatYaml } from '../../../src/compose/config-output.ts';
import { loadProject } from '../../../src/compose/load.ts';
import { mergeFiles } from '../../../src/compose/merge.ts';
import { substitute, TemplateError, variablesOf } from '../../../src/compose/template.ts';
import { copyValue, type Tree } from '../../../src/compose/tree-path.ts';
import { ComposeError } from '../../../src/util/errors.ts';

const load = (text: string) =>
  loadProject({
    files: ['-'],
    stdin: text,
    environment: { HOME: '/home/me' },
    workingDirectory: '/nonexistent/demo',
    profiles: ['*'],
  });

/** Text that looks more or less like a Compose file. */
const fragment = fc.constantFrom(
  'services:\n',
  '  a:\n',
  '    image: x\n',
  '    ports: ["80:80"]\n',
  '    environment:\n',
  '      A: 1\n',
  '- ',
  ': ',
  '{',
  '}',
  '[',
  ']',
  '&a ',
  '*a',
  '<<: ',
  '!reset ',
  '!override ',
  '${',
  '}',
  '$A',
  '"',
  "'",
  '|\n',
  '>\n',
  '\t',
  '#',
  '---\n',
  '? ',
  '!!int ',
  'include: [x]\n',
  '    extends: a\n',
  '    build: .\n',
  'volumes: {a: }\n',
  '    volumes: [a:/a]\n',
  '\n',
  '  ',
  '0x',
  '~',
  'null',
  '\u0000',
);
const nearlyCompose = fc
  .array(fragment, { maxLength: 40 })
  .map((parts) => `services:\n  a:\n    image: x\n${parts.join('')}`);

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/);
const anyText = fc.oneof(
  word,
  fc.string({ maxLength: 12 }),
  fc.constantFrom('yes', '1_000', '0777', '~', '1e3', '2020-01-02', '$x', '<<'),
);
const service = fc.record(
  {
    image: fc.constant('x'),
    hostname: word,
    command: fc.array(anyText, { maxLength: 3 }),
    environment: fc.dictionary(
      fc.oneof(word, fc.constantFrom('x-a', 'command', 'yes', '1')),
      fc.oneof(anyText, fc.constant(null)),
      { maxKeys: 4 },
    ),
    labels: fc.dictionary(word, anyText, { maxKeys: 3 }),
    cap_add: fc.uniqueArray(word, { maxLength: 3 }),
    ports: fc.uniqueArray(
      fc.integer({ min: 1, max: 65535 }).map((port) => `${port}:${port}`),
      { maxLength: 3 },
    ),
    tty: fc.boolean(),
    init: fc.boolean(),
    mem_limit: fc.integer({ min: 1, max: 1 << 30 }),
    'x-own': fc.dictionary(word, fc.oneof(anyText, fc.integer(), fc.constant(null)), { maxKeys: 3 }),
  },
  { requiredKeys: ['image'] },
);

describe('loading', () => {
  it('throws nothing but our errors, whatever the text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ maxLength: 200 }), nearlyCompose), async (text) => {
        await load(text).catch((error: unknown) =>
          assert.ok(error instanceof ComposeError, String((error as Error).stack)),
        );
      }),
      { numRuns: 400 },
    );
  });

  it('of what config prints gives the same project', async () => {
    const escaped = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replaceAll('$', '$$$$'));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(word, service, { minKeys: 1, maxKeys: 3 }), async (services) => {
        const { project } = await load(JSON.stringify({ name: 'demo', services: escaped(services) }));
        const fromYaml = await load(formatYaml(project));
        assert.equal(formatYaml(fromYaml.project), formatYaml(project));
        assert.equal(formatJson(fromYaml.project), formatJson(project));
        const fromJson = await load(formatJson(project));
        assert.equal(formatJson(fromJson.project), formatJson(project));
      }),
      { numRuns: 150 },
    );
  });
});

describe('merging', () => {
  const file = fc.dictionary(
    fc.constantFrom('a', 'b'),
    fc.record(
      {
        image: word,
        hostname: word,
        environment: fc.dictionary(word, word, { maxKeys: 3 }),
        labels: fc.dictionary(word, word, { maxKeys: 3 }),
        security_opt: fc.array(word, { maxLength: 3 }),
        command: fc.array(word, { maxLength: 2 }),
        build: fc.record({ context: word, args: fc.dictionary(word, word, { maxKeys: 2 }) }, { requiredKeys: [] }),
      },
      { requiredKeys: [] },
    ),
    { maxKeys: 2 },
  );
  const tree = file.map((services) => ({ services }) as unknown as Tree);
  const merge = (a: Tree, b: Tree) => mergeFiles(copyValue(a), copyValue(b));

  it('is associative', () => {
    fc.assert(
      fc.property(tree, tree, tree, (a, b, c) => assert.deepEqual(merge(merge(a, b), c), merge(a, merge(b, c)))),
    );
  });

  it('with nothing changes nothing', () => {
    fc.assert(
      fc.property(tree, (a) => {
        const plain = copyValue(a);
        assert.deepEqual(merge(a, {}), plain);
        assert.deepEqual(merge({}, a), plain);
      }),
    );
  });
});

describe('a template', () => {
  it('is either replaced or refused with a place in it', () => {
    const text = fc
      .array(fc.constantFrom('$', '{', '}', ':', '-', '?', '+', 'A', 'B', ' ', '$$', '${A', ':-'), { maxLength: 20 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (template) => {
        try {
          substitute(template, { lookup: (name) => (name === 'A' ? 'a' : undefined) });
          variablesOf(template);
        } catch (error) {
          assert.ok(error instanceof TemplateError);
          assert.ok(
            error.offset >= 0 && error.offset + error.length <= template.length,
            `${error.offset} ${error.length}`,
          );
        }
      }),
    );
  });

  it('with every dollar doubled is itself', () => {
    fc.assert(
      fc.property(fc.string(), (text) =>
        assert.equal(substitute(text.replaceAll('$', '$$$$'), { lookup: () => 'x' }), text),
      ),
    );
  });
});
