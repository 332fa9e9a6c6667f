import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tscompose } from '../../support/command.ts';
import { slowness } from '../../support/eventually.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { mountTmpfs } from '../../support/tmpfs.ts';

describe('a build on a full disk', function () {
  this.timeout(30_000 * slowness);
  const root = temporaryDirectory('tscompose-build-full-');

  it('is told with the line that needed the space, and leaves a store that is whole', async () => {
    const context = join(root, 'context');
    mkdirSync(context);
    for (const name of ['small', 'large']) {
      writeFileSync(join(context, name), randomBytes(name === 'small' ? 200_000 : 12 << 20));
    }
    writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY small /\nCOPY large /\n');
    const state = join(root, 'state');
    await using _ = mountTmpfs(state, '8m');
    const ours = async (...args: string[]) => await tscompose(['--state-dir', state, 'image', ...args]);
    const { code, stderr } = await ours('build', '-t', 'tscompose.test/full', context);
    assert.equal(code, 17, stderr);
    assert.match(stderr, /Dockerfile:3:1: no space is left/);
    assert.match((await ours('verify')).stdout, /all is as it should be/);
    assert.equal((await ours('ls', '-q')).stdout, '');
  });
});
