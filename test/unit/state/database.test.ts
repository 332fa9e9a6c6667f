import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { openDatabase } from '../../../src/state/database.ts';
import { pathsUnder } from '../../../src/state/paths.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('the records', () => {
  const root = temporaryDirectory('tscompose-state-');
  const paths = pathsUnder(join(root, 'lib'), join(root, 'run'));
  const project = { name: 'shop', origin: { workingDirectory: '/', configFiles: [], environmentFiles: [] } };
  after(() => rmSync(root, { recursive: true }));

  it('are none for a reader before there is a file', () => {
    using database = openDatabase(paths, 'read');
    assert.deepEqual(database.projects(), []);
  });

  it('are none for a reader while the file is being made', () => {
    mkdirSync(join(root, 'lib'));
    writeFileSync(paths.database, '');
    using database = openDatabase(paths, 'read');
    assert.deepEqual(database.projects(), []);
  });

  it('are seen by readers once they are written', () => {
    using writer = openDatabase(paths);
    const record = { ...project, project: null, updatedAt: '2026-01-01T00:00:00Z' };
    writer.saveProject(record);
    using reader = openDatabase(paths, 'read');
    assert.deepEqual(reader.projects(), [record]);
  });

  it('wait for another process that is making them', async () => {
    const others = pathsUnder(join(root, 'others'), join(root, 'run'));
    mkdirSync(join(root, 'others'));
    const maker = new Worker(
      `const { DatabaseSync } = require('node:sqlite');
       const { parentPort, workerData } = require('node:worker_threads');
       const db = new DatabaseSync(workerData);
       db.exec('BEGIN EXCLUSIVE');
       parentPort.postMessage('locked');
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
       db.exec('COMMIT');
       db.close();`,
      { eval: true, workerData: others.database },
    );
    await once(maker, 'message');
    using database = openDatabase(others);
    assert.deepEqual(database.projects(), []);
    await maker.terminate();
  });
});
