import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { formatTarHeader, indexTar, readRange, tarEnd, tarPadding } from '../../../src/image/archive/tar.ts';
import { ComposeError } from '../../../src/util/errors.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const directory = temporaryDirectory('tscompose-tar-');
const path = join(directory, 'archive.tar');

async function indexed(bytes: Uint8Array) {
  writeFileSync(path, bytes);
  await using file = await open(path, 'r');
  return await indexTar(file, 'the archive');
}

async function contents(bytes: Uint8Array): Promise<Record<string, string>> {
  writeFileSync(path, bytes);
  await using file = await open(path, 'r');
  const found: Record<string, string> = {};
  for (const { name, offset, size } of (await indexTar(file, 'the archive')).values()) {
    found[name] = '';
    for await (const piece of readRange(file, offset, offset + size)) found[name] += Buffer.from(piece).toString();
  }
  return found;
}

function isInvalid(message: RegExp) {
  return (error: unknown) => error instanceof ComposeError && error.code === 'INVALID' && message.test(error.message);
}

const entry = (name: string, text: string) =>
  Buffer.concat([formatTarHeader(name, text.length), Buffer.from(text), tarPadding(text.length)]);

describe('tar archives of saved images', () => {
  it('are read as they are written, by us and by tar', async () => {
    const header = formatTarHeader('blobs/', 0, { isDirectory: true });
    const bytes = Buffer.concat([header, entry('blobs/a', 'hello'), entry('empty', ''), tarEnd]);
    assert.deepEqual(await contents(bytes), { 'blobs/a': 'hello', empty: '' });
    const listed = execFileSync('tar', ['-tf', '-'], { input: bytes, encoding: 'utf8' });
    assert.equal(listed, 'blobs/\nblobs/a\nempty\n');
  });

  it('are understood in every dialect, long names and links too', async () => {
    const root = join(directory, 'tree');
    const long = `${'d'.repeat(90)}/${'n'.repeat(90)}`;
    mkdirSync(join(root, long, '..'), { recursive: true });
    writeFileSync(join(root, long), 'far');
    writeFileSync(join(root, 'layer.tar'), 'layer');
    const run = (script: string) => execFileSync('sh', ['-c', script], { cwd: root });
    run(`mkdir -p copy && ln -sf ../layer.tar copy/layer.tar && ln -f layer.tar hard`);
    for (const format of ['gnu', 'pax', 'ustar']) {
      const bytes = run(`tar --format=${format} -cf - ./* `);
      const expected = { [long]: 'far', 'layer.tar': 'layer', 'copy/layer.tar': 'layer', hard: 'layer' };
      assert.deepEqual(await contents(bytes), expected, format);
    }
  });

  it('hold files of any size', () => {
    const header = formatTarHeader('large', 10 * 1024 ** 3);
    // It complains about the missing content after it has listed the file.
    const listed = spawnSync('tar', ['-tvf', '-'], { input: header, encoding: 'utf8' }).stdout;
    assert.match(listed, /10737418240/);
  });

  it('are refused when they are none, or are cut short', async () => {
    const bytes = Buffer.concat([entry('a', 'hello'), tarEnd]);
    await assert.rejects(indexed(Buffer.from('hello')), isInvalid(/it is no tar archive/));
    await assert.rejects(indexed(Buffer.alloc(2048, 'x')), isInvalid(/it is no tar archive/));
    await assert.rejects(indexed(bytes.subarray(0, 515)), isInvalid(/it is cut short/));
    const negative = Buffer.from(bytes);
    negative.fill('x', 124, 135);
    await assert.rejects(indexed(negative), isInvalid(/it is no tar archive/));
  });
});
