// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of the files
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeProject } from '../../../src/compose/decode-project.ts';
import { diffProjects, formatDiff, withRelativePaths } from '../../../src/compose/diff.ts';
import { checkRuleNames, lint, rules } from '../../../src/compose/lint/lint.ts';
import { loadModel } from '../../../src/compose/load.ts';
import { Files, load } from './support.ts';

async function advice(body: string, disabled: readonly string[] = []): Promise<string[]> {
  using files = new Files({ 'compose.yaml': body });
  const options = { environment: {}, workingDirectory: files.root, projectName: 'demo' };
  const model = await loadModel(options);
  const written = await loadModel({ ...options, skip: { interpolation: true } });
  const subject = { project: decodeProject(model, options), written: written.tree };
  return lint(subject, model.context.locator, disabled).map(({ line, code }) => `${line} ${code}`);
}

const quiet = 'x-lint: [memory-limit]\nservices:\n  a:\n';

describe('lint', () => {
  for (const [rule, bad, good] of [
    ['anonymous-volume', 'image: x:1\n    volumes: [/data]', 'image: x:1\n    volumes: ["./d:/data"]'],
    [
      'baked-setting',
      'image: x:1\n    environment: {URL: "https://api.example.com"}',
      'image: x:1\n    environment: {URL: "http://a:80", N: "1"}',
    ],
    ['docker-socket', 'image: x:1\n    volumes: ["/var/run/docker.sock:/s"]', 'image: x:1\n    volumes: ["/tmp:/s"]'],
    ['image-tag', 'image: host:5000/x', 'image: host:5000/x:1'],
    ['image-tag', 'image: x:latest', 'image: x@sha256:0'],
    [
      'open-port',
      'image: x:1\n    restart: always\n    ports: ["5432:5432"]',
      'image: x:1\n    restart: always\n    ports: ["127.0.0.1:5432:5432"]',
    ],
    ['privileged', 'image: x:1\n    privileged: true', 'image: x:1\n    cap_add: [NET_ADMIN]'],
    ['restart-policy', 'image: x:1\n    ports: ["80:80"]', 'image: x:1\n    ports: ["80:80"]\n    restart: "no"'],
    [
      'secret-in-environment',
      'image: x:1\n    environment: [DB_PASSWORD=x]',
      'image: x:1\n    environment: [DB_PASSWORD_FILE=/x, TOKENIZER=y]',
    ],
    [
      'secret-in-environment',
      'image: x:1\n    environment: {URL: "postgres://me:pw@a/x"}',
      'image: x:1\n    environment: {URL: "postgres://me:${PW:-}@a/x"}',
    ],
    ['several-processes', 'image: x:1\n    command: sh -c "a & b"', 'image: x:1\n    command: sh -c "a && b 2>&1"'],
  ] as const) {
    it(`${rule} is found, and only where it is`, async () => {
      assert.deepEqual(
        (await advice(`${quiet}    ${bad}\n`)).map((line) => line.split(' ')[1]),
        [rule],
      );
      assert.deepEqual(await advice(`${quiet}    ${good}\n`), []);
      assert.deepEqual(await advice(`${quiet}    ${bad}\n`, [rule]), []);
      assert.deepEqual(await advice(`${quiet}    x-lint: {disable: [${rule}]}\n    ${bad}\n`), []);
    });
  }

  it('health-check and memory-limit look at the whole', async () => {
    const text = 'services:\n  a: {image: x:1, depends_on: [b]}\n  b: {image: x:1, mem_limit: 1g}\n';
    assert.deepEqual(await advice(text), ['2 memory-limit', '3 health-check']);
    assert.deepEqual(await advice(text.replace('1g', '1g, healthcheck: {test: ls}')), ['2 memory-limit']);
  });

  it('tells a misspelt name in a file, which switches nothing off', async () => {
    const text = 'x-lint: [memory-limt]\nservices:\n  a: {image: x:1, x-lint: {disable: image-tags}}\n';
    assert.deepEqual(await advice(text), ['1 unknown-rule', '3 memory-limit', '3 unknown-rule']);
  });

  it('is described in docs/lint.md', () => {
    const text = readFileSync(join(import.meta.dirname, '../../../docs/lint.md'), 'utf8');
    for (const { name, summary } of rules) assert.ok(text.includes(`| \`${name}\` | ${summary} |`), name);
  });

  it('has rules of different names, and refuses others', () => {
    assert.equal(new Set(rules.map((rule) => rule.name)).size, rules.length);
    assert.throws(() => checkRuleNames(['image-tagg']), /there is no rule "image-tagg"/);
  });
});

describe('diff', () => {
  it('shows service by service what differs, whatever the projects are called', async () => {
    const left = await load('services: {a: {image: x:1, environment: {A: 1, B: 1}, ports: ["80:80"]}, b: {image: y}}');
    const right = await load('services: {a: {image: x:2, environment: {A: 1, C: 1}, ports: ["81:80"]}}', {
      projectName: 'prod',
    });
    assert.equal(
      formatDiff(diffProjects(left.project, right.project), (text) => text),
      [
        'service a',
        '  - environment.B: 1',
        '  + environment.C: 1',
        '  - image: x:1',
        '  + image: x:2',
        '  - ports.80/tcp.published: 80',
        '  + ports.80/tcp.published: 81',
        '',
        'service b',
        '  - image y',
        '',
      ].join('\n'),
    );
    assert.deepEqual(diffProjects(left.project, left.project), []);
  });

  it('shows single values of what only one side has, with paths as the files say them', async () => {
    const left = await load('services: {a: {image: x:1, volumes: ["./src:/src:ro", /t]}}');
    const right = await load({
      'compose.yaml':
        'services: {a: {image: x:1, networks: [n], deploy: {replicas: 3, resources: {limits: {memory: 1m}}}, ports: ["80:80", "53"]}}\nnetworks: {n: {}}',
    });
    const [mine, yours] = [left, right].map(({ project, sources }) =>
      withRelativePaths(project, sources.projectDirectory),
    );
    assert.ok(mine !== undefined && yours !== undefined);
    assert.equal(
      formatDiff(diffProjects(mine, yours), (text) => text),
      [
        'service a',
        '  + deploy.replicas: 3',
        '  + deploy.resources.limits.memory: 1048576',
        '  - networks.default',
        '  + networks.n',
        '  + ports.80/tcp: 80',
        '  + ports.53/tcp: on any port',
        '  - volumes./src: ./src, read-only',
        '  - volumes./t: a volume without a name',
        '',
        'network default',
        '  - is only here',
        '',
        'network n',
        '  + is only here',
        '',
      ].join('\n'),
    );
  });
});
