import assert from 'node:assert/strict';
import { isIndex, mediaTypes, parseImageDocument, parseManifest } from '../../../src/image/oci.ts';
import { formatPlatform, parsePlatform, selectManifest, suits } from '../../../src/image/platform.ts';
import { ComposeError } from '../../../src/util/errors.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const blob = { mediaType: mediaTypes.ociConfig, digest, size: 2 };
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: blob, layers: [] };

describe('documents of images', () => {
  it('are taken as what they were announced when they do not say it', () => {
    const { mediaType: _mediaType, ...plain } = manifest;
    assert.equal(parseManifest(json(plain), mediaTypes.dockerManifest, 'x').mediaType, mediaTypes.dockerManifest);
    assert.equal(parseManifest(json(plain), '', 'x').mediaType, mediaTypes.ociManifest);
    assert.ok(isIndex(parseManifest(json({ manifests: [] }), '', 'x')));
  });

  it('are refused when they cannot be read, or can be read in two ways', () => {
    const refused: readonly (readonly [document: unknown, reason: RegExp])[] = [
      [{ ...manifest, manifests: [] }, /both an index and a manifest/],
      [{ schemaVersion: 1, fsLayers: [] }, /gave up in 2017/],
      [{ ...manifest, mediaType: mediaTypes.ociIndex }, /says it is/],
      [{ ...manifest, layers: [{ ...blob, digest: 'sha256:../../etc/passwd' }] }, /no sha256 digest/],
      [{ ...manifest, layers: [{ ...blob, digest: `sha512:${'a'.repeat(128)}` }] }, /no sha256 digest/],
      [{ ...manifest, layers: [{ ...blob, size: -1 }] }, /no size/],
      [{ ...manifest, layers: [{ ...blob, size: 2 ** 60 }] }, /no size/],
      [{ ...manifest, config: null }, /config is no object/],
      [{}, /neither layers nor manifests/],
      [[], /no object/],
    ];
    for (const [document, reason] of refused) {
      const isRefused = (error: unknown) => error instanceof ComposeError && reason.test(error.message);
      assert.throws(() => parseManifest(json(document), '', 'image x'), isRefused, JSON.stringify(document));
    }
    assert.throws(() => parseManifest(Buffer.from([0x7b, 0xff, 0x7d]), '', 'x'), /is not JSON/);
    assert.throws(() => parseManifest(Buffer.alloc(5 << 20, ' '), '', 'x'), /too large/);
  });

  it('that announce one kind and are another are refused', () => {
    assert.throws(() => parseManifest(json(manifest), mediaTypes.dockerManifest, 'x'), /was announced as/);
  });

  it('keep of a configuration what containers are made of, and nothing of another kind', () => {
    const config = { Cmd: ['a'], Env: null, Labels: { a: 'b' }, Volumes: { '/v': {} }, Unknown: 1 };
    const read = parseImageDocument(
      json({ architecture: 'amd64', os: 'linux', config, rootfs: { diff_ids: [digest] } }),
      'x',
    );
    assert.deepEqual(read.config, { Cmd: ['a'], Labels: { a: 'b' }, Volumes: { '/v': {} } });
    assert.deepEqual(read.rootfs.diff_ids, [digest]);
    for (const wrong of [
      { Cmd: 'a' },
      { Env: [1] },
      { Labels: { a: 1 } },
      { User: 0 },
      { Healthcheck: { Interval: -1 } },
    ]) {
      assert.throws(() => parseImageDocument(json({ config: wrong, rootfs: {} }), 'x'), ComposeError);
    }
    assert.throws(() => parseImageDocument(json({ rootfs: { diff_ids: ['../x'] } }), 'x'), /no list of digests/);
  });
});

describe('platforms', () => {
  it('are read as Docker reads them', () => {
    const whole = (text: string) => formatPlatform(parsePlatform(text));
    assert.equal(whole('linux/arm64/v8'), 'linux/arm64');
    assert.equal(whole('Linux/x86_64'), 'linux/amd64');
    assert.equal(whole('aarch64'), 'linux/arm64');
    assert.equal(whole('linux/arm/v6'), 'linux/arm/v6');
    for (const text of ['', 'a/b/c/d', 'linux/', 'a b']) assert.throws(() => parsePlatform(text), ComposeError);
  });

  it('run what is made for an older version of the same architecture', () => {
    const fits = (image: string, machine: string) => suits(parsePlatform(image), parsePlatform(machine));
    assert.ok(fits('linux/arm/v6', 'linux/arm/v7'));
    assert.ok(!fits('linux/arm/v7', 'linux/arm/v6'));
    assert.ok(!fits('linux/arm64', 'linux/amd64'));
    assert.ok(!fits('windows/amd64', 'linux/amd64'));
  });

  it('the best of an index is taken, and no attestation', () => {
    const entry = (platform: string, size: number) => ({ ...blob, size, platform: parsePlatform(platform) });
    const unknown = { ...blob, platform: { os: 'unknown', architecture: 'unknown' } };
    const index = (...manifests: object[]) => parseManifest(json({ manifests }), '', 'x');
    const of = (document: ReturnType<typeof index>, platform: string) =>
      isIndex(document) ? selectManifest(document, parsePlatform(platform))?.size : undefined;
    const arms = index(unknown, entry('linux/arm/v6', 6), entry('linux/arm/v7', 7), entry('linux/arm/v5', 5));
    assert.equal(of(arms, 'linux/arm/v7'), 7);
    assert.equal(of(arms, 'linux/arm/v6'), 6);
    assert.equal(of(arms, 'linux/amd64'), undefined);
    assert.equal(of(index(unknown), 'linux/amd64'), undefined);
    assert.equal(of(index(blob), 'linux/amd64'), 2);
  });
});
