import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ATTRIBUTES, supportOf } from '../../../src/compose/attributes.ts';
import { type LoadedProject, loadProject } from '../../../src/compose/load.ts';
import { findUnsupported } from '../../../src/model/support.ts';
import { typescriptOptions } from '../../support/node.ts';
import { Files, load } from './support.ts';

const root = join(import.meta.dirname, '../../..');
const schema = JSON.parse(readFileSync(join(root, 'schema/compose.json'), 'utf8')) as {
  definitions: Record<string, { properties: Record<string, unknown> }>;
};

describe('docs/compatibility.md', () => {
  it('is the table of the code', () => {
    const { status } = spawnSync(
      process.execPath,
      [...typescriptOptions, 'scripts/build-compatibility.ts', '--check'],
      { cwd: root },
    );
    assert.equal(status, 0, 'run node scripts/build-compatibility.ts');
  });

  it('has every attribute of a service', () => {
    const names = Object.keys(schema.definitions.service?.properties ?? {});
    assert.ok(names.length >= 92, `${names.length}`);
    for (const name of names) assert.ok(supportOf(`services.*.${name}`));
  });

  it('says why something has no effect', () => {
    for (const { path, support, note } of ATTRIBUTES) assert.ok(support === 'honoured' || note !== undefined, path);
  });

  it('and each attribute that has no effect or is refused is told with its line', async () => {
    for (const { path, support, isSilent, asks } of ATTRIBUTES) {
      if ((support === 'honoured' && asks === undefined) || isSilent) continue;
      const { text, line, attribute } = fileWith(path);
      const { warnings } = await load(text, { machine: { platform: 'linux/other', cgroupVersion: 2 } });
      const told = warnings.filter(({ message }) => message.includes(`: ${attribute} `));
      const places = told.map(({ file, line, code }) => `${file}:${line} ${code}`);
      assert.deepEqual(places, [`compose.yaml:${line} ${support === 'refused' ? 'refused' : 'unsupported'}`], text);
    }
  });

  it('and what it calls refused is refused before anything is done', async () => {
    for (const { path, support, unless } of ATTRIBUTES) {
      // Drivers are looked at where networks and volumes are (test/e2e/bad-input.test.ts), models in the service that wants one.
      if (support !== 'refused' || unless !== undefined || path === 'models') continue;
      const { text, line, attribute } = fileWith(path);
      const { project, locate } = await loadForReal(text);
      const errors = [...findUnsupported(project, ['a'])];
      assert.match(errors[0]?.message ?? '', new RegExp(`: ${attribute} is not supported: `), text);
      assert.equal(locate(errors[0]?.path ?? [], '').line, line, text);
    }
  });
});

/** Attributes that are not honoured, each on the last line of what a service or resource says. */
const SAMPLES: Readonly<Record<string, string>> = {
  'networks.*.attachable': 'attachable: true',
  'networks.*.driver': 'driver: macvlan',
  'networks.*.driver_opts.*': 'driver_opts:\n  com.docker.network.driver.mtu: 1400\n  parent: eth0',
  'networks.*.ipam.driver': 'ipam:\n  driver: dhcp',
  'networks.*.ipam.options': 'ipam:\n  options: { a: b }',
  'volumes.*.driver': 'driver: rexray',
  'volumes.*.driver_opts.*': 'driver_opts:\n  type: tmpfs\n  size: 1g',
  'secrets.*.external': 'external: true',
  'secrets.*.driver': 'file: ./f\ndriver: vault',
  'secrets.*.driver_opts': 'file: ./f\ndriver_opts: { a: b }',
  'secrets.*.template_driver': 'file: ./f\ntemplate_driver: golang',
  'secrets.*.labels': 'file: ./f\nlabels: { a: b }',
  'configs.*.external': 'external: true',
  'configs.*.template_driver': 'content: x\ntemplate_driver: golang',
  'configs.*.labels': 'content: x\nlabels: { a: b }',
  'services.*.build.isolation': 'build:\n  isolation: hyperv',
  'services.*.cpu_count': 'cpu_count: 2',
  'services.*.cpu_percent': 'cpu_percent: 50',
  'services.*.credential_spec': 'credential_spec: { file: x }',
  'services.*.isolation': 'isolation: hyperv',
  'services.*.deploy.endpoint_mode': 'deploy:\n  endpoint_mode: vip',
  'services.*.deploy.mode': 'deploy:\n  mode: global',
  'services.*.deploy.labels': 'deploy:\n  labels: { a: b }',
  'services.*.deploy.placement': 'deploy:\n  placement: { constraints: [x] }',
  'services.*.deploy.resources.reservations.cpus': 'deploy:\n  resources:\n    reservations:\n      cpus: "1"',
  'services.*.deploy.resources.reservations.generic_resources':
    'deploy:\n  resources:\n    reservations:\n      generic_resources: [{ discrete_resource_spec: { kind: x, value: 1 } }]',
  'services.*.deploy.resources.reservations.devices':
    'deploy:\n  resources:\n    reservations:\n      devices: [{ capabilities: [gpu] }]',
  'services.*.develop': 'develop: { watch: [{ path: ., action: rebuild }] }',
  'services.*.networks.*.driver_opts': 'networks:\n  default:\n    driver_opts: { a: b }',
  'services.*.networks.*.link_local_ips': 'networks:\n  default:\n    link_local_ips: [169.254.1.1]',
  'services.*.volumes.*.volume.labels':
    'volumes:\n  - type: volume\n    target: /x\n    volume:\n      labels: { a: b }',
  'services.*.mem_swappiness': 'mem_swappiness: 10',
  'services.*.oom_kill_disable': 'oom_kill_disable: true',
  'services.*.security_opt.*': 'security_opt:\n  - no-new-privileges\n  - apparmor:mine',
  'services.*.logging.options.*': 'logging:\n  options:\n    max-size: 1m\n    compress: "true"',
  'services.*.gpus': 'gpus: all',
  'services.*.models': 'models: [res]',
  'services.*.platform': 'platform: linux/s390x',
  'services.*.pre_start.*.per_replica': 'pre_start: [{ command: x, per_replica: true }]',
  'services.*.build.provenance': 'build: { context: ., provenance: true }',
  'services.*.build.sbom': 'build: { context: ., sbom: true }',
  'services.*.runtime': 'runtime: kata',
  'services.*.storage_opt': 'storage_opt: { size: 1G }',
  'services.*.use_api_socket': 'use_api_socket: true',
  'services.*.userns_mode': 'userns_mode: private',
  'services.*.logging.driver': 'logging:\n  driver: gelf',
  'services.*.volumes.*.consistency':
    'volumes:\n  - type: bind\n    source: .\n    target: /x\n    consistency: cached',
  'services.*.volumes.*.bind.selinux':
    'volumes:\n  - type: bind\n    source: .\n    target: /x\n    bind:\n      selinux: z',
  'services.*.volumes.*.image': 'volumes:\n  - type: image\n    source: x\n    target: /x\n    image: { subpath: y }',
};

/** A file whose service has the attribute, or uses a resource that has it. */
function fileWith(path: string): { text: string; line: number; attribute: string } {
  const sample = SAMPLES[path];
  assert.ok(sample !== undefined, `${path} has no sample`);
  const [kind = '', , ...rest] = path.split('.');
  const isService = kind === 'services';
  const uses = kind === 'volumes' ? 'volumes: ["res:/x"]' : `${kind}: [res]`;
  const indented = (text: string) => text.replace(/^/gm, '    ');
  const text = [
    'services:\n  a:\n    image: x',
    indented(isService ? sample : uses),
    isService ? 'models: { res: { model: x } }' : `${kind}:\n  res:\n${indented(sample)}`,
    '',
  ].join('\n');
  const last = sample.split('\n').at(-1)?.trim() ?? '';
  const line = text.split('\n').findLastIndex((each) => each.trim() === last) + 1;
  // Where any name or item is meant, a key is told by its name and an item by what stands before it.
  const key = path.endsWith('.*') && !last.startsWith('- ') ? [last.slice(0, last.indexOf(':'))] : [];
  const words = [...rest, ...key].filter((word) => word !== '*');
  if (path.includes('.networks.*.')) words.splice(1, 0, 'default');
  return { text, line, attribute: words.join('.') };
}

async function loadForReal(text: string): Promise<LoadedProject> {
  using files = new Files({ 'compose.yaml': text, f: '' });
  return await loadProject({ environment: {}, projectName: 'demo', workingDirectory: files.root });
}

describe('src/compose/generated/validate.js', () => {
  it('is made from the schema', () => {
    const before = readFileSync(join(root, 'src/compose/generated/validate.js'), 'utf8');
    const directory = mkdtempSync(join(tmpdir(), 'tscompose-schema-'));
    try {
      const file = join(directory, 'validate.js');
      const { status, stderr } = spawnSync(process.execPath, ['scripts/build-schema.mjs', file], {
        cwd: root,
        encoding: 'utf8',
      });
      assert.equal(status, 0, stderr);
      assert.equal(readFileSync(file, 'utf8'), before, 'run node scripts/build-schema.mjs');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
