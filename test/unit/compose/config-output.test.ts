// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of the files
import assert from 'node:assert/strict';
import {
  formatJson,
  formatYaml,
  listHashes,
  listImages,
  listVariables,
  selectServices,
  serviceOrder,
} from '../../../src/compose/config-output.ts';
import { loadModel } from '../../../src/compose/load.ts';
import { Files, load } from './support.ts';

const chain =
  'services: {a: {image: a, depends_on: [b]}, b: {image: b, depends_on: [c], volumes: ["v:/v"]}, c: {build: .}, d: {image: a}}\nvolumes: {v: }';

describe('config', () => {
  it('prints YAML that says text is text', async () => {
    const { project } = await load(
      'services: {a: {image: x, environment: {A: "yes", B: "1_000", C: $$x, D: "", E: "null"}}}',
    );
    const lines = formatYaml(project).split('\n');
    const expected = ['      A: "yes"', '      B: "1_000"', '      C: $$x', '      D: ""', '      E: "null"'];
    assert.deepEqual(
      lines.filter((line) => /^ {6}[A-Z]/.test(line)),
      expected,
    );
    assert.equal(lines[0], 'name: demo');
  });

  it('keeps extensions in YAML, and only those at the top in JSON', async () => {
    const { project } = await load(
      'x-top: {x-in: 1}\nservices: {a: {image: x, x-own: 1, labels: {x-label: 1}}, x-b: {image: y}}',
    );
    const json = JSON.parse(formatJson(project));
    assert.deepEqual(json['x-top'], { 'x-in': 1 });
    assert.deepEqual(Object.keys(json.services), ['a', 'x-b']);
    assert.equal(json.services.a['x-own'], undefined);
    assert.deepEqual(json.services.a.labels, { 'x-label': '1' });
    assert.match(formatYaml(project), /x-own: 1/);
  });

  it('says in YAML what the project needs to come back, and in JSON what the reference says', async () => {
    const { project } = await load(
      'services: {a: {image: x, networks: [net], depends_on: {b: {condition: service_started, required: false}}, labels: {"k$": v}, ulimits: {core: 0}, deploy: {resources: {reservations: {devices: [{driver: cdi, capabilities: []}]}}}}, b: {image: y, profiles: [p]}}\nnetworks: {net: {name: ""}}\nx-a: []',
    );
    const again = await load(formatYaml(project));
    assert.equal(formatYaml(again.project), formatYaml(project));
    assert.match(formatYaml(project), /^ {2}net:\n {4}name: ""$/m);
    assert.equal(again.project.networks?.net?.name, undefined);
    assert.deepEqual(again.project.services.a?.labels, { k$: 'v' });
    const json = JSON.parse(formatJson(project));
    assert.deepEqual(json.services.a.labels, { k$$: 'v' });
    assert.deepEqual(json.services.a.ulimits, { core: {} });
    assert.equal(json['x-a'], null);
  });

  it('has services named like attributes', async () => {
    const { project } = await load('services: {labels: {image: x, x-own: 1}, ulimits: {image: y, scale: 0}}');
    const { services } = JSON.parse(formatJson(project));
    assert.equal(services.labels['x-own'], undefined);
    assert.equal(services.ulimits.scale, 0);
    assert.doesNotMatch(formatYaml(project), /command/);
  });

  it('begins with the services', async () => {
    const { project } = await load('services: {a: {image: a, volumes: ["vol:/v"]}}\nvolumes: {vol: }');
    const order = formatYaml(project).match(/^[a-z]+/gm);
    assert.deepEqual(order, ['name', 'services', 'networks', 'volumes']);
  });

  it('lists services after what they depend on, images and hashes by name', async () => {
    const { project } = await load(chain);
    assert.deepEqual(serviceOrder(project), ['c', 'b', 'a', 'd']);
    assert.deepEqual(listImages(project, '-'), ['a', 'a', 'b', 'demo-c']);
    assert.deepEqual(
      (await listHashes(project, ['*'])).map((line) => line.split(' ')[0]),
      ['a', 'b', 'c', 'd'],
    );
    await assert.rejects(listHashes(project, ['z']), /no such service: z/);
  });

  it('restricts to services and what they need', async () => {
    const { project } = await load(chain);
    assert.deepEqual(Object.keys(selectServices(project, ['b']).services), ['b', 'c']);
    assert.equal(selectServices(project, ['d']).volumes, undefined);
    assert.throws(() => selectServices(project, ['z']), /no such service: z/);
  });

  it('lists variables as they are written', async () => {
    using files = new Files({
      'compose.yaml': 'services: {a: {image: "${A:-a${B}}:${C?}", hostname: "${D:+d}", ports: ["${P}:80"]}}',
    });
    const { tree } = await loadModel({ environment: {}, workingDirectory: files.root, skip: { interpolation: true } });
    assert.deepEqual(
      listVariables(tree).map(({ name, required, defaultValue, alternateValue }) => [
        name,
        required,
        defaultValue,
        alternateValue,
      ]),
      [
        ['A', false, 'a${B}', ''],
        ['B', false, '', ''],
        ['C', true, '', ''],
        ['D', false, '', 'd'],
        ['P', false, '', ''],
      ],
    );
  });
});
