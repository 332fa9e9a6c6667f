import assert from 'node:assert/strict';
import { load } from './support.ts';

/** Three services: the base, what lies over it, and what comes out. */
const cases: readonly (readonly [string, string, string, Record<string, unknown>])[] = [
  ['a scalar is replaced', 'hostname: a', 'hostname: b', { hostname: 'b' }],
  ['null changes nothing', 'hostname: a', 'hostname: ', { hostname: 'a' }],
  ['a command is replaced', 'command: [a, b]', 'command: [c]', { command: ['c'] }],
  ['a command of nothing resets it', 'command: [a, b]', 'command: ', { command: null }],
  ['a list grows', 'security_opt: [a]', 'security_opt: [b]', { security_opt: ['a', 'b'] }],
  ['a list of words has each once', 'cap_add: [A, B]', 'cap_add: [B, C]', { cap_add: ['A', 'B', 'C'] }],
  [
    'maps and lists of variables mix',
    'environment: {A: 1, B: 2}',
    'environment: [B=3, C]',
    { environment: { A: '1', B: '3', C: null } },
  ],
  [
    'volumes go by target',
    'volumes: ["/a:/x", "/b:/y"]',
    'volumes: ["/c:/x:ro"]',
    {
      volumes: [
        { type: 'bind', source: '/c', target: '/x', read_only: true, bind: { create_host_path: true } },
        { type: 'bind', source: '/b', target: '/y', bind: { create_host_path: true } },
      ],
    },
  ],
  [
    'dependencies go by service',
    'depends_on: {b: {condition: service_healthy}}',
    'depends_on: [b, c]',
    {
      depends_on: {
        b: { condition: 'service_started', required: true },
        c: { condition: 'service_started', required: true },
      },
    },
  ],
  [
    'options of another log driver go',
    'logging: {driver: json-file, options: {a: b}}',
    'logging: {driver: local, options: {c: d}}',
    { logging: { driver: 'local', options: { c: 'd' } } },
  ],
  [
    'options of the same log driver merge',
    'logging: {driver: local, options: {a: b}}',
    'logging: {options: {c: d}}',
    { logging: { driver: 'local', options: { a: 'b', c: 'd' } } },
  ],
  [
    '!reset removes',
    'hostname: a\ncap_add: [A]',
    'hostname: !reset x\ncap_add: !reset []',
    { hostname: undefined, cap_add: undefined },
  ],
  [
    '!override replaces',
    'cap_add: [A]\nenvironment: {A: 1}',
    'cap_add: !override [B]\nenvironment: !override {B: 2}',
    { cap_add: ['B'], environment: { B: '2' } },
  ],
  [
    'host names keep all addresses',
    'extra_hosts: ["h:1.1.1.1"]',
    'extra_hosts: {h: 2.2.2.2}',
    { extra_hosts: ['h=1.1.1.1', 'h=2.2.2.2'] },
  ],
  ['a limit is replaced', 'ulimits: {nofile: {soft: 1, hard: 2}}', 'ulimits: {nofile: 3}', { ulimits: { nofile: 3 } }],
];

describe('a service over another', () => {
  for (const [what, base, over, wanted] of cases) {
    it(what, async () => {
      const file = (body: string) =>
        `services:\n  a:\n    image: x\n${body.replace(/^/gm, '    ')}\n  b: {image: x}\n  c: {image: x}\n`;
      const { project } = await load({ 'a.yaml': file(base), 'b.yaml': file(over) }, { files: ['a.yaml', 'b.yaml'] });
      const got = project.services.a as unknown as Record<string, unknown>;
      for (const [key, value] of Object.entries(wanted)) assert.deepEqual(got[key], value, key);
    });
  }

  it('that is another kind of value is refused', async () => {
    const files = {
      'a.yaml': 'services: {a: {image: x, labels: [a]}}',
      'b.yaml': 'services: {a: {security_opt: [a], ports: {a: b}}}',
    };
    await assert.rejects(load(files, { files: ['a.yaml', 'b.yaml'] }), /services\.a\.ports/);
  });
});

describe('extends', () => {
  it('takes over a service of another directory, with paths from there', async () => {
    const { project } = await load({
      'compose.yaml': 'services: {a: {extends: {file: d/base.yaml, service: b}, environment: {X: own}}}',
      'd/base.yaml':
        'services: {b: {build: ., extends: {file: e/deep.yaml, service: c}, environment: {X: base, Y: base}}}',
      'd/e/deep.yaml': 'services: {c: {volumes: ["./v:/v"], env_file: [c.env]}}',
      'd/e/c.env': 'Z=deep\n',
    });
    const { a } = project.services;
    assert.equal(a?.build?.context, '$ROOT/d');
    assert.equal(a?.volumes?.[0]?.source, '$ROOT/d/e/v');
    assert.deepEqual(a?.environment, { X: 'own', Y: 'base', Z: 'deep' });
  });

  it('reaches a service that was included', async () => {
    const { project } = await load({
      'compose.yaml': 'include: [inc.yaml]\nservices: {a: {extends: b, hostname: h}}',
      'inc.yaml': 'services: {b: {image: from-include}}',
    });
    assert.equal(project.services.a?.image, 'from-include');
  });
});

describe('anchors', () => {
  it('merge below what is given, the first of a list first', async () => {
    const { project } = await load(
      'x-a: &a {A: 1, B: 1}\nx-b: &b {B: 2, C: 2}\nservices: {a: {image: x, environment: {<<: [*a, *b], A: own}}}',
    );
    assert.deepEqual(project.services.a?.environment, { A: 'own', B: '1', C: '2' });
  });
});
