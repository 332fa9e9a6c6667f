import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CredentialStore } from '../../../src/image/credentials.ts';
import { sha256 } from '../../../src/image/oci.ts';
import { machine, parsePlatform } from '../../../src/image/platform.ts';
import { pullImage, Slots } from '../../../src/image/pull.ts';
import type { LayerProgress } from '../../../src/image/pull-layer.ts';
import { openRegistryClient } from '../../../src/image/registry/client.ts';
import { type ImageStore, openImageStore } from '../../../src/image/store/store.ts';
import { verifyStore } from '../../../src/image/store/verify.ts';
import { ComposeError } from '../../../src/util/errors.ts';
import { hasRegistryTools, type RegistryServer, startRegistry } from '../../support/docker-registry.ts';
import { addIndexToLayout, addToLayout, tarOf, type WrittenImage } from '../../support/image-layout.ts';
import { typescriptOptions } from '../../support/node.ts';
import { require } from '../../support/requirements.ts';

const { signal } = new AbortController();
const isCode =
  (code: string, words = /./) =>
  (error: unknown) =>
    error instanceof ComposeError && error.code === code && words.test(error.message);
const nobody = { of: () => null, isElsewhere: () => false } as unknown as CredentialStore;
const noise = (size: number, seed: number) => {
  const bytes = Buffer.alloc(size);
  let state = seed;
  for (let index = 0; index + 4 <= size; index += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes.writeUInt32LE(state, index);
  }
  return bytes;
};

describe('pulling images', () => {
  let root: string;
  let registry: RegistryServer;
  let store: ImageStore;
  let layout: string;

  before(function () {
    require(this, hasRegistryTools(), 'docker-registry and skopeo');
  });
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'tscompose-pull-'));
    layout = join(root, 'layout');
    registry = await startRegistry();
    store = openImageStore({ images: join(root, 'images') });
  });
  afterEach(async () => {
    store[Symbol.dispose]();
    await registry[Symbol.asyncDispose]();
    rmSync(root, { recursive: true, force: true });
  });

  const pull = async (
    image: string,
    options: { platform?: string; signal?: AbortSignal; onLayer?: (progress: LayerProgress) => void } = {},
  ) => {
    using client = openRegistryClient({ credentials: nobody, signal, backoffMs: 1 });
    const { platform, ...rest } = options;
    return await pullImage(`${registry.domain}/${image}`, {
      store,
      registry: client,
      platform: platform === undefined ? machine() : parsePlatform(platform),
      slots: new Slots(4),
      signal,
      ...rest,
    });
  };
  const pushed = async (name: string, image: Parameters<typeof addToLayout>[2]): Promise<WrittenImage> => {
    const written = addToLayout(layout, name, image);
    await registry.push(layout, name, name);
    return written;
  };
  const blobFile = (digest: string) => join(layout, 'blobs/sha256', digest.slice(7));

  for (const compression of ['none', 'gzip', 'zstd'] as const) {
    it(`an image with layers packed with ${compression} is there whole, ready to run`, async () => {
      const layers = [tarOf({ 'etc/a': 'one', 'gone/x': '' }), tarOf({ 'etc/b': 'two', '.wh.gone': '' })];
      const written = await pushed('app', { layers, compression, config: { Cmd: ['run'], User: 'app' } });
      const { image, isNew } = await pull('app');
      assert.equal(isNew, true);
      assert.equal(image.id, written.id);
      const resolved = await store.resolveImage(`${registry.domain}/app`);
      assert.deepEqual(resolved.layers, written.diffIds.map(store.layers.path).toReversed());
      assert.deepEqual([resolved.config.cmd, resolved.config.user], [['run'], 'app']);
      const [top = '', bottom = ''] = resolved.layers;
      assert.equal(readFileSync(join(bottom, 'etc/a'), 'utf8'), 'one');
      assert.equal(readFileSync(join(top, 'etc/b'), 'utf8'), 'two');
      assert.ok(lstatSync(join(top, 'gone')).isCharacterDevice());
      assert.deepEqual(readdirSync(store.layout.ingest), []);
      assert.deepEqual((await verifyStore(store, { signal })).problems, []);
      assert.equal((await pull('app')).isNew, false);
    });
  }

  it('of an image for several platforms the right one comes, and none is a clear error', async () => {
    const ours = addToLayout(layout, 'ours', { layers: [tarOf({ a: 'ours' })] });
    const other = addToLayout(layout, 'other', { layers: [tarOf({ a: 'other' })], architecture: 's390x' });
    const index = addIndexToLayout(layout, 'both', [
      [other, 's390x'],
      [ours, process.arch === 'x64' ? 'amd64' : process.arch],
    ]);
    await registry.push(layout, 'both', 'both');
    await registry.push(layout, 'other', 'other');
    const { image, target } = await pull('both');
    assert.equal(image.id, ours.id);
    assert.equal(target.digest, index);
    await assert.rejects(pull('other'), isCode('UNSUPPORTED', /is made for linux\/s390x/));
    await assert.rejects(
      pull('both', { platform: 'linux/riscv64' }),
      isCode('UNSUPPORTED', /linux\/riscv64: it is made/),
    );
    assert.equal((await pull('both', { platform: 'linux/s390x' })).image.id, other.id);
    assert.equal((await pull(`both@${index}`)).image.id, ours.id);
  });

  it('layers that several images share are fetched and unpacked once', async () => {
    const base = tarOf({ base: 'b' });
    await pushed('first', { layers: [base, tarOf({ one: '1' })] });
    await pushed('second', { layers: [base, tarOf({ two: '2' })] });
    const seen: string[] = [];
    await Promise.all([
      pull('first', { onLayer: ({ status }) => void (status === 'done' && seen.push(status)) }),
      pull('second', { onLayer: ({ status }) => void (status === 'done' && seen.push(status)) }),
    ]);
    assert.equal(store.catalog.layers().length, 3);
    await pull('second', { onLayer: ({ status }) => assert.equal(status, 'present') });
  });

  it('a name that stands for another image by now follows it, and the old image stays', async () => {
    const before = await pushed('app', { layers: [tarOf({ v: '1' })] });
    await pull('app');
    rmSync(layout, { recursive: true });
    const after = await pushed('app', { layers: [tarOf({ v: '2' })] });
    const { image, isNew } = await pull('app');
    assert.deepEqual([image.id, isNew], [after.id, true]);
    assert.deepEqual(
      store.catalog
        .images()
        .map(({ id }) => id)
        .sort(),
      [before.id, after.id].sort(),
    );
  });

  it('a partial download is gone on with', async () => {
    const tar = tarOf({ big: noise(3_000_000, 1) });
    const { layers, diffIds } = await pushed('app', { layers: [tar] });
    const [layer] = layers;
    assert.ok(layer);
    {
      await using writer = await store.blobs.begin(layer, { signal });
      await writer?.write(readFileSync(blobFile(layer.digest)).subarray(0, 1_000_000));
    }
    const offsets: number[] = [];
    await pull('app', {
      onLayer: ({ status, currentBytes }) => void (status === 'downloading' && offsets.push(currentBytes)),
    });
    assert.ok((offsets[0] ?? 0) > 1_000_000);
    assert.ok(store.layers.has(diffIds[0] ?? ''));
    assert.deepEqual((await verifyStore(store, { signal })).problems, []);
  });

  it('a partial download that is wrong is thrown away, and the next pull succeeds', async () => {
    const { layers } = await pushed('app', { layers: [tarOf({ big: noise(500_000, 2) })] });
    const [layer] = layers;
    assert.ok(layer);
    {
      await using writer = await store.blobs.begin(layer, { signal });
      await writer?.write(Buffer.concat([readFileSync(blobFile(layer.digest)).subarray(0, 10_000), noise(10_000, 3)]));
    }
    await assert.rejects(pull('app'), (error) => error instanceof ComposeError && /INVALID|REGISTRY/.test(error.code));
    assert.deepEqual(readdirSync(store.layout.ingest), []);
    await pull('app');
    assert.deepEqual((await verifyStore(store, { signal })).problems, []);
  });

  it('a blob that is damaged here is found by verify, and fetched again', async () => {
    const { layers, diffIds } = await pushed('app', { layers: [tarOf({ a: noise(50_000, 4) })] });
    await pull('app');
    const path = store.blobs.path(layers[0]?.digest ?? '');
    writeFileSync(path, noise(statSync(path).size, 5));
    const { problems } = await verifyStore(store, { signal });
    assert.deepEqual(
      problems.map(({ digest }) => digest),
      [layers[0]?.digest],
    );
    store.catalog.removeLayer(diffIds[0] ?? '');
    await pull('app');
    assert.deepEqual((await verifyStore(store, { signal })).problems, []);
  });

  it('a layer whose files were changed is found by verify', async () => {
    const { diffIds } = await pushed('app', { layers: [tarOf({ 'bin/a': 'original' })] });
    await pull('app');
    writeFileSync(join(store.layers.path(diffIds[0] ?? ''), 'bin/a'), 'tampered');
    const { problems } = await verifyStore(store, { signal });
    assert.deepEqual(
      problems.map(({ digest }) => digest),
      diffIds,
    );
  });

  it('hostile, garbled and lying layers are refused, and leave the store as it was', async () => {
    const holding = (target: string) =>
      tarOf({ 'etc/x': '' }, (directory) => writeFileSync(join(directory, target), ''));
    const wrongDiff = addToLayout(layout, 'x', { layers: [tarOf({ a: '1' })] });
    const cases: (readonly [name: string, layer: Buffer, words: RegExp])[] = [
      ['garbage', noise(10_000, 6), /no sound tar archive/],
      ['whiteout', holding('.wh..'), /hides no file/],
      ['truncated', tarOf({ a: noise(10_000, 7) }).subarray(0, 5_000), /no sound tar archive/],
    ];
    for (const [name, layer, words] of cases) {
      await pushed(name, { layers: [tarOf({ fine: '' }), layer] });
      await assert.rejects(pull(name), isCode('INVALID', words));
      assert.equal(store.find(`${registry.domain}/${name}`), null);
    }
    // The configuration promises another content.
    const body = readFileSync(blobFile(wrongDiff.id), 'utf8').replace(wrongDiff.diffIds[0] ?? '', sha256('other'));
    const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha256(body), size: body.length };
    writeFileSync(blobFile(config.digest), body);
    const manifest = JSON.parse(readFileSync(blobFile(wrongDiff.manifest.digest), 'utf8')) as object;
    const bytes = JSON.stringify({ ...manifest, config });
    writeFileSync(blobFile(sha256(bytes)), bytes);
    const index = join(layout, 'index.json');
    const { size, digest } = wrongDiff.manifest;
    writeFileSync(
      index,
      readFileSync(index, 'utf8')
        .replaceAll(digest, sha256(bytes))
        .replaceAll(`"size":${size}`, `"size":${bytes.length}`),
    );
    await registry.push(layout, 'x', 'x');
    await assert.rejects(pull('x'), isCode('INVALID', /is not what the image says/));
    assert.deepEqual(
      readdirSync(store.layout.ingest).filter((name) => name.startsWith('layer-')),
      [],
    );
    assert.deepEqual((await verifyStore(store, { signal })).problems, []);
    assert.deepEqual(store.catalog.images(), []);
  });

  it('a decompression bomb ends where the disk would', async function () {
    require(this, process.getuid?.() === 0, 'root');
    const { mountTmpfs } = await import('../../support/tmpfs.ts');
    const small = join(root, 'small');
    await using _mount = await mountTmpfs(small, '300m');
    using tight = openImageStore({ images: small });
    // 64 MiB of zeros are 64 KiB packed; what must stay free is most of this disk.
    await pushed('bomb', { layers: [tarOf({ zeros: Buffer.alloc(64 << 20) })] });
    using client = openRegistryClient({ credentials: nobody, signal });
    const options = { store: tight, registry: client, platform: machine(), slots: new Slots(4), signal };
    await assert.rejects(pullImage(`${registry.domain}/bomb`, options), isCode('NO_SPACE'));
    assert.deepEqual(tight.catalog.layers(), []);
    assert.deepEqual((await verifyStore(tight, { signal })).problems, []);
  });

  it('a full disk is said so, and what came is kept', async function () {
    require(this, process.getuid?.() === 0, 'root');
    const { mountTmpfs } = await import('../../support/tmpfs.ts');
    const small = join(root, 'small');
    await using _mount = await mountTmpfs(small, '2m');
    using tight = openImageStore({ images: small });
    const { layers } = await pushed('big', { layers: [tarOf({ big: noise(4_000_000, 8) })] });
    const [layer] = layers;
    assert.ok(layer);
    await assert.rejects(async () => {
      await using writer = await tight.blobs.begin(layer, { signal });
      await writer?.write(readFileSync(blobFile(layer.digest)));
    }, isCode('NO_SPACE'));
    await using writer = await tight.blobs.begin(layer, { signal });
    assert.ok((writer?.offset ?? 0) > 0);
  });

  it('what is cancelled leaves no half-made layer, and can be pulled again', async () => {
    await pushed('app', { layers: [tarOf({ big: noise(4_000_000, 9) })] });
    const aborter = new AbortController();
    const cancelled = pull('app', {
      signal: aborter.signal,
      onLayer: ({ status }) => void (status === 'downloading' && aborter.abort(new Error('enough'))),
    });
    await assert.rejects(cancelled, /enough/);
    assert.deepEqual(
      readdirSync(store.layout.ingest).filter((name) => name.startsWith('layer-')),
      [],
    );
    await pull('app');
    assert.deepEqual((await verifyStore(store, { signal })).problems, []);
  });

  /** Another process that pulls `app` into our store. */
  const puller = () =>
    spawn(
      process.execPath,
      [
        ...typescriptOptions,
        new URL('../../support/puller.ts', import.meta.url).pathname,
        join(root, 'images'),
        `${registry.domain}/app`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );

  it('several processes that pull one image do the work once', async () => {
    const { diffIds } = await pushed('app', {
      layers: [1, 2, 3].map((seed) => tarOf({ big: noise(2_000_000, seed) })),
    });
    const processes = [1, 2, 3].map(puller);
    const lines = processes.map(async (child) => {
      const all: string[] = [];
      for await (const line of createInterface(child.stdout)) all.push(line);
      return all;
    });
    const exits = await Promise.all(processes.map((child) => once(child, 'exit')));
    assert.deepEqual(
      exits.map(([code]) => code as number),
      [0, 0, 0],
    );
    const downloaded = (await Promise.all(lines)).flat().filter((line) => line.startsWith('downloading '));
    // Each layer by one of them.
    assert.equal(new Set(downloaded.map((line) => line.split(' ')[1])).size, diffIds.length);
    for (const [index, own] of (await Promise.all(lines)).entries()) {
      const mine = new Set(own.filter((line) => line.startsWith('downloading ')).map((line) => line.split(' ')[1]));
      for (const [other, theirs] of (await Promise.all(lines)).entries()) {
        if (other !== index) assert.ok(!theirs.some((line) => mine.has(line.replace('downloading ', ''))));
      }
    }
    assert.deepEqual((await verifyStore(store, { signal })).problems, []);
  });

  it('a pull that is killed at any moment leaves a store that verifies, and the next one finishes it', async function () {
    this.timeout(60_000);
    const layers = [11, 12, 13, 14].map((seed) =>
      tarOf({ [`dir${seed}/big`]: noise(3_000_000, seed), [`f${seed}`]: '' }),
    );
    const { id } = await pushed('app', { layers });
    for (let round = 0; round < 8; round += 1) {
      const child = puller();
      const ended = once(child, 'exit');
      // From before its first request to the last rename: wherever the moment falls the store must be sound.
      await Promise.race([once(createInterface(child.stdout), 'line'), ended]);
      await sleep(round * 12);
      child.kill('SIGKILL');
      await ended;
      assert.deepEqual((await verifyStore(store, { signal })).problems, []);
    }
    assert.equal((await pull('app')).image.id, id);
    assert.deepEqual((await verifyStore(store, { signal })).problems, []);
    assert.deepEqual(readdirSync(store.layout.ingest), []);
    truncateSync(store.blobs.path(id), 10);
    assert.equal((await verifyStore(store, { signal })).problems.length, 1);
  });
});
