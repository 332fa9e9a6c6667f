import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe as describeBytes, mediaTypes, sha256 } from '../../../src/image/oci.ts';
import { collect } from '../../../src/image/store/collect.ts';
import { type ImageStore, openImageStore } from '../../../src/image/store/store.ts';
import { ComposeError } from '../../../src/util/errors.ts';
import { typescriptOptions } from '../../support/node.ts';

const { signal } = new AbortController();
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const isCode = (code: string) => (error: unknown) => error instanceof ComposeError && error.code === code;

describe('image store', () => {
  let images: string;
  let store: ImageStore;

  beforeEach(() => {
    images = mkdtempSync(join(tmpdir(), 'tscompose-store-'));
    store = openImageStore({ images });
  });
  afterEach(() => {
    store[Symbol.dispose]();
    rmSync(images, { recursive: true, force: true });
  });

  /** An image of one layer, whose directory holds one file; the layer's blob only pretends. */
  async function addImage(text: string, architecture = process.arch === 'x64' ? 'amd64' : 'arm64') {
    await using lease = await store.lease();
    const layerBytes = Buffer.from(`layer ${text}`);
    const diffId = sha256(`diff ${text}`);
    const document = {
      architecture,
      os: 'linux',
      config: { Cmd: ['serve', text], Env: ['A=1'], Volumes: { '/data': {} } },
      rootfs: { type: 'layers', diff_ids: [diffId] },
    };
    lease.protect(diffId, sha256(layerBytes), sha256(json(document)));
    const layer = await store.blobs.put(mediaTypes.ociLayerGzip, layerBytes);
    const config = await store.blobs.put(mediaTypes.ociConfig, json(document));
    const bytes = json({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [layer] });
    lease.protect(sha256(bytes));
    const manifest = await store.blobs.put(mediaTypes.ociManifest, bytes);
    {
      await using writer = await store.layers.begin(diffId, { signal });
      if (writer !== null) {
        writeFileSync(join(writer.directory, 'file'), text);
        await writer.commit({ sizeBytes: text.length, entries: 1 });
      }
    }
    const image = await store.addImage(manifest);
    return { image, manifest, config, layer, diffId };
  }

  it('gives back what was put, under its digest and once', async () => {
    const bytes = Buffer.from('hello');
    const put = await store.blobs.put('text/plain', bytes);
    assert.deepEqual(put, describeBytes('text/plain', bytes));
    assert.deepEqual(await store.blobs.put('text/plain', bytes), put);
    assert.deepEqual(await store.blobs.read(put.digest), bytes);
    assert.deepEqual(readdirSync(store.layout.ingest), []);
    writeFileSync(store.blobs.path(put.digest), 'hallo');
    await assert.rejects(store.blobs.read(put.digest), isCode('INVALID'));
  });

  it('goes on with a blob where its writer stopped', async () => {
    const bytes = Buffer.from('first half, second half');
    const blob = describeBytes('', bytes);
    {
      await using writer = await store.blobs.begin(blob, { signal });
      assert.equal(writer?.offset, 0);
      await writer.write(bytes.subarray(0, 5), bytes.subarray(5, 10));
    }
    assert.equal(store.blobs.has(blob.digest), false);
    await using writer = await store.blobs.begin(blob, { signal });
    assert.equal(writer?.offset, 10);
    await assert.rejects(writer.commit(), isCode('REGISTRY'));
    await writer.write(bytes.subarray(10));
    await writer.commit();
    assert.deepEqual(await store.blobs.read(blob.digest), bytes);
    assert.equal(await store.blobs.begin(blob, { signal }), null);
  });

  it('keeps nothing of a blob that is not what it was announced to be', async () => {
    const blob = describeBytes('', Buffer.from('expected'));
    {
      await using writer = await store.blobs.begin(blob, { signal });
      await writer?.write(Buffer.from('otherwis'));
      await assert.rejects(async () => await writer?.commit(), isCode('REGISTRY'));
    }
    {
      await using writer = await store.blobs.begin(blob, { signal });
      assert.equal(writer?.offset, 0);
      await assert.rejects(writer.write(Buffer.from('expected and more')), isCode('REGISTRY'));
    }
    // Nor of one of which nothing came.
    await (await store.blobs.begin(blob, { signal }))?.[Symbol.asyncDispose]();
    assert.deepEqual(readdirSync(store.layout.ingest), []);
    assert.equal(store.blobs.has(blob.digest), false);
  });

  it('lets one of several write a blob while the others wait for it', async () => {
    const bytes = Buffer.from('only once');
    const blob = describeBytes('', bytes);
    const first = await store.blobs.begin(blob, { signal });
    assert.ok(first);
    const others = [1, 2, 3].map(() => store.blobs.begin(blob, { signal }));
    await first.write(bytes);
    await first.commit();
    await first[Symbol.asyncDispose]();
    assert.deepEqual(await Promise.all(others), [null, null, null]);
    assert.deepEqual(readdirSync(store.layout.ingest), []);
  });

  it('stops waiting for another writer when it is told to', async () => {
    const blob = describeBytes('', Buffer.from('x'));
    await using first = await store.blobs.begin(blob, { signal });
    assert.ok(first);
    const aborter = new AbortController();
    const second = store.blobs.begin(blob, { signal: aborter.signal });
    aborter.abort(new Error('enough'));
    await assert.rejects(second, /enough/);
  });

  it('finds images by name, id and the beginning of an id, and makes them ready to run', async () => {
    const { image, manifest, diffId } = await addImage('web');
    store.tag('127.0.0.1:5000/shop/web', manifest);
    const resolved = await store.resolveImage('127.0.0.1:5000/shop/web:latest');
    assert.equal(resolved.digest, image.id);
    assert.deepEqual(resolved.layers, [store.layers.path(diffId)]);
    assert.deepEqual(resolved.config.cmd, ['serve', 'web']);
    assert.deepEqual(resolved.config.volumes, ['/data']);
    assert.match(resolved.config.env[0] ?? '', /^PATH=/);
    assert.deepEqual(store.find(image.id), manifest);
    assert.deepEqual(store.find(image.id.slice(7, 19)), manifest);
    assert.equal(store.find('127.0.0.1:5000/shop/web:other'), null);
    await assert.rejects(store.image('127.0.0.1:5000/none'), isCode('IMAGE_NOT_FOUND'));
    await assert.rejects(
      store.image('127.0.0.1:5000/shop/web', { os: 'linux', architecture: 's390x' }),
      isCode('UNSUPPORTED'),
    );
  });

  it('refuses to record an image that lacks a layer', async () => {
    const { manifest, diffId } = await addImage('web');
    rmSync(store.layers.path(diffId), { recursive: true });
    await assert.rejects(store.addImage(manifest), isCode('IMAGE_NOT_FOUND'));
  });

  it('makes a layer again that somebody left half made', async () => {
    const diffId = sha256('layer');
    const leftOver = join(store.layout.ingest, `layer-${diffId.slice(7)}.0123abcd`);
    mkdirSync(leftOver);
    // Renamed, and not written down any more.
    mkdirSync(store.layers.path(diffId));
    writeFileSync(join(store.layers.path(diffId), 'old'), '');
    assert.equal(store.layers.has(diffId), false);
    await using writer = await store.layers.begin(diffId, { signal });
    assert.ok(writer);
    assert.equal(existsSync(leftOver), false);
    writeFileSync(join(writer.directory, 'new'), '');
    await writer.commit({ sizeBytes: 0, entries: 1 });
    assert.deepEqual(readdirSync(store.layers.path(diffId)), ['new']);
  });

  it('collects what no name, image, lease or container needs, and nothing else', async () => {
    const kept = await addImage('kept');
    store.tag('127.0.0.1:5000/kept', kept.manifest);
    const used = await addImage('used');
    store.catalog.removeImage(used.manifest.digest);
    const gone = await addImage('gone');
    store.catalog.removeImage(gone.manifest.digest);
    const leased = await addImage('leased');
    store.catalog.removeImage(leased.manifest.digest);
    const pinned = await addImage('pinned');
    store.catalog.removeImage(pinned.manifest.digest);
    store.catalog.pin('build-cache', [pinned.diffId]);
    await using lease = await store.lease();
    lease.protect(leased.manifest.digest);
    const collected = await collect(store, { inUse: [used.image.id], partials: false });
    assert.deepEqual([...collected.layers], [gone.diffId]);
    const blobs = [gone.config, gone.layer, gone.manifest, used.layer, used.manifest];
    for (const { config, layer, manifest } of [pinned]) blobs.push(config, layer, manifest);
    assert.deepEqual([...collected.blobs].sort(), blobs.map(({ digest }) => digest).sort());
    assert.equal(existsSync(store.layers.path(gone.diffId)), false);
    for (const { diffId } of [kept, used, leased, pinned]) assert.ok(store.layers.has(diffId));
    assert.deepEqual(readdirSync(store.layout.trash), []);
  });

  it('takes partial downloads away only when asked to and only when nobody writes them', async () => {
    const [left, open] = ['left', 'open'].map((text) => describeBytes('', Buffer.from(text)));
    assert.ok(left && open);
    const writer = await store.blobs.begin(left, { signal });
    await writer?.write(Buffer.from('l'));
    await writer?.[Symbol.asyncDispose]();
    await using busy = await store.blobs.begin(open, { signal });
    assert.ok(busy);
    mkdirSync(join(store.layout.ingest, `layer-${sha256('killed').slice(7)}.0123abcd`));
    await using layer = await store.layers.begin(sha256('living'), { signal });
    assert.ok(layer);
    await collect(store, { inUse: [], partials: false });
    assert.equal(readdirSync(store.layout.ingest).length, 4);
    await collect(store, { inUse: [], partials: true });
    assert.deepEqual(readdirSync(store.layout.ingest).sort(), [open.digest.slice(7), basename(layer.directory)].sort());
  });

  it('forgets the lease of a process that was killed, and not that of one that lives', async () => {
    const { layer, manifest } = await addImage('leased');
    store.catalog.removeImage(manifest.digest);
    const holder = spawn(
      process.execPath,
      [
        ...typescriptOptions,
        '--input-type=module',
        '--eval',
        `const { openImageStore } = await import(${JSON.stringify(import.meta.resolve('../../../src/image/store/store.ts'))});
         const store = openImageStore({ images: ${JSON.stringify(images)} });
         const lease = await store.lease();
         lease.protect(${JSON.stringify(manifest.digest)});
         console.log('held');
         setInterval(() => {}, 1e6);`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(createInterface(holder.stdout), 'line');
    await collect(store, { inUse: [], partials: false });
    assert.ok(store.blobs.has(layer.digest));
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await collect(store, { inUse: [], partials: false });
    assert.ok(!store.blobs.has(layer.digest));
    assert.deepEqual(readdirSync(store.layout.leases), []);
  });

  it('holds its files for their owner alone', async () => {
    const { digest } = await store.blobs.put('', Buffer.from('secret'));
    assert.equal(statSync(store.blobs.path(digest)).mode & 0o077, 0);
  });
});
