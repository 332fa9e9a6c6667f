// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of the files
import assert from 'node:assert/strict';
import { loadProject } from '../../../src/compose/load.ts';
import { formatDiagnostic, SourceError } from '../../../src/util/diagnostic.ts';
import { ComposeError } from '../../../src/util/errors.ts';
import { Files, load, problems } from './support.ts';

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
      'compose.yaml:4:12: services.web.ports: expected a list, got the text "80"',
      'compose.yaml:6:10: services.web.environment.A: expected text, a number, true or false or nothing, got a list',
      'compose.yaml:8:12: services.db.image: expected text, got the number 5',
    ]);
  });

  it('is told of keys and of values that only their meaning makes wrong', async () => {
    assert.deepEqual(
      await problems('services:\n  a:\n    imag: x\n    mem_limit: 1 gig\n    stop_grace_period: 10\n'),
      [
        'compose.yaml:3:5: services.a.imag: a service has no attribute "imag"',
        'compose.yaml:4:16: "1 gig" is not a size',
        'compose.yaml:5:24: services.a.stop_grace_period: expected text, got the number 10',
      ],
    );
  });

  const service = (lines: string) => `services:\n  a:\n    image: x\n${lines}\n`;
  for (const [mistake, text, message, hint] of [
    [
      'a line indented wrongly',
      service('   tty: true'),
      '4:4: this line is indented by 3, which fits none',
      'begin in the',
    ],
    ['a tab', service('\ttty: true'), '4:1: a tab cannot indent', 'use spaces'],
    ['a quote left open', service('    command: "a\n    tty: true'), '4:14: this quote is not closed'],
    ['a bracket left open', service('    command: [a, b\n    tty: true'), '4:14: this [ is not closed with ]'],
    ['a brace left open', '{"services": {"a": {"image": "x"}}\n', '1:1: this { is not closed with }'],
    ['a comma left out', service('    command: ["a" "b"]'), '4:19: a comma is missing before this'],
    [
      'a blank left out',
      service('    hostname:h'),
      '4:5: this is neither a key nor a value',
      'a blank behind the colon',
    ],
    ['a reserved character', service('    hostname: @h'), '4:15: text cannot begin with @', 'quote it'],
    ['two keys on a line', service('    command: echo a: b'), '4:14: there is a second key on this line', 'quote text'],
    ['an escape that is none', service('    hostname: "\\q"'), '4:16: \\q means nothing within', 'write \\\\q'],
    [
      'an anchor misspelt',
      `x-a: &base {}\n${service('    <<: *bse')}`,
      '5:9: services.a: no anchor &bse',
      'did you mean *base?',
    ],
    ['a control character', service('    hostname: "\u0007"'), '4:16: character 0x07 is not text'],
    [
      'a map in a list of KEY=VALUE',
      service('    environment:\n      - A: 1'),
      '5:9: .*got a map',
      'write A=1, or leave',
    ],
    [
      'services as a list',
      'services:\n  - a:\n      image: x\n',
      '2:3: services: expected a map',
      'leave out the hyphen',
    ],
    [
      'an image without its key',
      'services:\n  a: nginx\n',
      '2:6: .*got the text "nginx"',
      'write image: nginx below it',
    ],
    [
      'half a condition',
      service('    depends_on: {b: {condition: healthy}}\n  b: {image: y}'),
      '4:33: ',
      'mean service_healthy',
    ],
    [
      'a service misspelt',
      service('    depends_on: [dataase]\n  database: {image: y}'),
      '4:18: ',
      'did you mean database?',
    ],
    ['a volume misspelt', `${service('    volumes: ["dta:/d"]')}volumes: {data: }\n`, '4:15: ', 'did you mean data?'],
    [
      'a secret without its name',
      service('    secrets: [{target: t}]'),
      '4:15: .*source is missing',
      'name of a secret',
    ],
  ] as const) {
    it(`${mistake} is told by its place, and what to do`, async () => {
      const error = await load(text).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof SourceError, String(error));
      assert.equal(error.diagnostics.length, 1, error.message);
      const [place = '', words = ''] = message.split(/(?<=^\d+:\d+): /);
      assert.ok(error.message.startsWith(`compose.yaml:${place}: `), error.message);
      assert.match(error.message, new RegExp(words.includes('.*') ? words : words.replace(/[[\]{}\\]/g, '\\$&')));
      assert.ok((error.diagnostics[0]?.hint ?? '').includes(hint ?? ''), error.message);
    });
  }

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

  it('points at items of lists that files add to, shrink, expand and fill in', async () => {
    const files = {
      'a.yaml': 'services:\n  a:\n    image: x\n    ports: ["80-82:80-82", "90:90"]\n    dns: [1.1.1.1, 1.1.1.1]\n',
      'b.yaml':
        'services:\n  a:\n    ports:\n      - "80:80"\n      - "${PORT}:91"\n    dns: [2.2.2.2]\n    volumes: ["./a:/a"]\n',
      'c.yaml': 'services:\n  a:\n    volumes: ["./b:/b", "./c:/a"]\n',
    };
    using directory = new Files(files);
    const { project, locate } = await loadProject({
      files: Object.keys(files),
      environment: { PORT: '9191' },
      workingDirectory: directory.root,
    });
    const placeOf = (...path: (string | number)[]) => {
      const { file, line, column } = locate(['services', 'a', ...path], '');
      return `${file}:${line}:${column}`;
    };
    const ports = project.services.a?.ports ?? [];
    assert.deepEqual(
      ports.map(({ target }, index) => `${target} ${placeOf('ports', index)}`),
      ['80 b.yaml:4:9', '81 a.yaml:4:13', '82 a.yaml:4:13', '90 a.yaml:4:28', '91 b.yaml:5:9'],
    );
    assert.equal(placeOf('dns', 1), 'b.yaml:6:11');
    assert.deepEqual([placeOf('volumes', 0), placeOf('volumes', 1)], ['c.yaml:3:25', 'c.yaml:3:15']);
    assert.equal(placeOf(), 'c.yaml:2:3');
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

  it('asks for a number or boolean where text would be read as one, and for a unit where there is none', async () => {
    const hints = async (lines: string) => {
      const error = await load(service(lines)).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof SourceError);
      return error.diagnostics.map(({ message, hint }) => [message, hint]);
    };
    assert.deepEqual(await hints('    attach: 1\n    stop_grace_period: 10\n    hostname: 5'), [
      [
        'services.a.attach: expected true or false, got the number 1',
        'attach is whether up shows the output of this service',
      ],
      ['services.a.stop_grace_period: expected text, got the number 10', 'write it with a unit: 10s'],
      ['services.a.hostname: expected text, got the number 5', 'quote it: "5"'],
    ]);
    assert.deepEqual(await hints('    volumes: ["src/app:/app"]'), [
      ['service a refers to undefined volume src/app', 'a directory begins with ./ as in ./src/app'],
    ]);
    assert.deepEqual(await hints('    working_dir: 2020-01-02\n    labels: {a: 2020-01-02}'), [
      ['services.a.working_dir: 2020-01-02 is a date', 'quote it if it is text: "2020-01-02"'],
    ]);
  });

  it('of a variable that is missing is told once, not for what would be made of it', async () => {
    const lines = [
      '    ports: ["${P:?}:80", "70000:1"]',
      '    privileged: ${Q:?}',
      '    gpus: ${G:?}',
      '    extends: ${E:?}',
    ];
    assert.deepEqual(await problems(service(lines.join('\n'))), [
      'compose.yaml:4:13: "70000:1" is not a port: "70000" is not a port or range from 0 to 65535',
      'compose.yaml:4:14: services.a.ports[0]: required variable P is missing a value',
      'compose.yaml:5:17: services.a.privileged: required variable Q is missing a value',
      'compose.yaml:6:11: services.a.gpus: required variable G is missing a value',
      'compose.yaml:7:14: services.a.extends: required variable E is missing a value',
    ]);
  });

  it('is placed in the file whose item of a merged list it is, and once', async () => {
    const files = {
      'compose.yaml':
        'services:\n  a:\n    extends: {file: base.yaml, service: b}\n    volumes: [{type: bogus, target: /x}]\n',
      'base.yaml': 'services:\n  b:\n    image: x\n    volumes: ["/a:/a"]\n    post_start: [{command: x}, {}]\n',
      'over.yaml': 'services:\n  a:\n    post_start: [{command: y}]\n    ports: [{target: 1, pblished: 2}]\n',
    };
    assert.deepEqual(await problems(files, { files: ['compose.yaml', 'over.yaml'] }), [
      'base.yaml:5:32: services.a.post_start[1]: command is missing',
      'compose.yaml:4:22: services.a.volumes[1].type: expected bind, volume, tmpfs, cluster, npipe or image, got the text "bogus"',
      'over.yaml:4:25: services.a.ports[0].pblished: ports has no attribute "pblished"',
    ]);
  });

  it('is placed at what implies a dependency, and at the name of what lacks something', async () => {
    const circle =
      'services:\n  a:\n    image: x\n    network_mode: service:b\n  b:\n    image: x\n    pid: service:a\n';
    assert.deepEqual(await problems(circle), ['compose.yaml:7:10: dependency cycle detected: a -> b -> a']);
    assert.deepEqual(await problems('services:\n  a:\n    tty: true\n'), [
      'compose.yaml:2:3: service a has neither image nor build',
    ]);
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
