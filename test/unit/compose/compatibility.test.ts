import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ATTRIBUTES, supportOf } from '../../../src/compose/attributes.ts';
import type { Service } from '../../../src/model/service.ts';
import { refuseUnsupported } from '../../../src/model/support.ts';

const root = join(import.meta.dirname, '../../..');
const schema = JSON.parse(readFileSync(join(root, 'schema/compose.json'), 'utf8')) as {
  definitions: Record<string, { properties: Record<string, unknown> }>;
};

describe('docs/compatibility.md', () => {
  it('is the table of the code', () => {
    const { status } = spawnSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', 'scripts/build-compatibility.mjs', '--check'],
      { cwd: root },
    );
    assert.equal(status, 0, 'run node scripts/build-compatibility.mjs');
  });

  it('has every attribute of a service', () => {
    const names = Object.keys(schema.definitions.service?.properties ?? {});
    assert.ok(names.length >= 92, `${names.length}`);
    for (const name of names) assert.ok(supportOf(`services.*.${name}`));
  });

  it('says why something has no effect', () => {
    for (const { path, support, note } of ATTRIBUTES) assert.ok(support === 'honoured' || note !== undefined, path);
  });

  it('and what it calls refused for a service is refused', () => {
    const asks: Readonly<Record<string, Partial<Service>>> = {
      'deploy.resources.reservations.devices': {
        deploy: { placement: {}, resources: { reservations: { devices: [{}] } } },
      },
      gpus: { gpus: [{}] },
      models: { models: { m: null } },
      pre_start: { pre_start: [{ command: ['x'] }] },
      provider: { provider: { type: 'x' } },
      use_api_socket: { use_api_socket: true },
      'volumes.*.image': { volumes: [{ type: 'image', target: '/x' }] },
    };
    for (const { path, support } of ATTRIBUTES) {
      // A missing image is refused where images are looked for.
      if (support !== 'refused' || !path.startsWith('services.*.') || path === 'services.*.build') continue;
      const ask = asks[path.slice('services.*.'.length)];
      assert.ok(ask, path);
      const project = { name: 'demo', services: { a: { command: null, entrypoint: null, ...ask } } };
      assert.throws(() => refuseUnsupported(project, ['a']), /is not supported/, path);
    }
  });
});

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
