import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeOutputFile } from '../../../src/cli/output-file.ts';

describe('files named by --output', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tscompose-output-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const write = (path: string, text: string) => writeOutputFile(path, 0o600, (file) => file.writeFile(text));

  it('are made, and replaced with the mode that they had', async () => {
    const path = join(directory, 'out');
    await write(path, 'one');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    chmodSync(path, 0o640);
    await write(path, 'two');
    assert.equal(readFileSync(path, 'utf8'), 'two');
    assert.equal(statSync(path).mode & 0o777, 0o640);
    assert.deepEqual(readdirSync(directory), ['out']);
  });

  it('stay as they were when the writing fails', async () => {
    const path = join(directory, 'out');
    writeFileSync(path, 'old');
    const failing = writeOutputFile(path, 0o600, async (file) => {
      await file.writeFile('ne');
      throw new Error('half way');
    });
    await assert.rejects(failing, /half way/);
    assert.equal(readFileSync(path, 'utf8'), 'old');
    assert.deepEqual(readdirSync(directory), ['out']);
  });

  it('devices are written to, not replaced', async () => {
    await write('/dev/null', 'nothing');
    assert.ok(statSync('/dev/null').isCharacterDevice());
    await assert.rejects(write('/dev/full', 'something'), { code: 'NO_SPACE' });
  });

  it('a place where none can be is told', async () => {
    const message = /^cannot write .*: (its directory does not exist|it is a directory)$/;
    await assert.rejects(write(join(directory, 'missing/out'), ''), { code: 'FILE_NOT_FOUND', exitCode: 1, message });
    writeFileSync(join(directory, 'file'), '');
    await assert.rejects(write(join(directory, 'file/out'), ''), { code: 'FILE_NOT_FOUND', message });
    await assert.rejects(write(directory, ''), { code: 'INVALID', message });
  });
});
