import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readCredentials } from '../../../src/image/credentials.ts';
import { type Descriptor, mediaTypes } from '../../../src/image/oci.ts';
import { machine } from '../../../src/image/platform.ts';
import { type PushProgress, pushImage } from '../../../src/image/push.ts';
import { parseReference } from '../../../src/image/reference.ts';
import { openRegistryClient, type RegistryClient } from '../../../src/image/registry/client.ts';
import { type ImageStore, openImageStore } from '../../../src/image/store/store.ts';
import { ComposeError } from '../../../src/util/errors.ts';
import { tscompose } from '../../support/command.ts';
import { hasRegistryTools, startRegistry, writeCertificates } from '../../support/docker-registry.ts';
import { slowness } from '../../support/eventually.ts';
import { require } from '../../support/requirements.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const { signal } = new AbortController();
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const htpasswd = 'me:$2y$05$gux6X8MOKxj.2dZbnFzx4efHfiUN7X7Lfq.AJqXvT3VkMMdconRwC';

describe('pushing images', function () {
  this.timeout(60_000 * slowness);
  const root = temporaryDirectory('tscompose-push-');
  let store: ImageStore;
  let client: RegistryClient;

  before(async function () {
    require(this, hasRegistryTools(), 'docker-registry and skopeo');
    store = openImageStore({ images: join(root, 'lib/images') });
    client = openRegistryClient({ credentials: await readCredentials({}), signal, backoffMs: 1 });
  });
  after(() => {
    store?.[Symbol.dispose]();
    client?.[Symbol.dispose]();
  });

  /** The documents and one layer of an image; the layer is not unpacked. */
  async function addManifest(architecture: string, layer: Descriptor): Promise<Descriptor> {
    const rootfs = { type: 'layers', diff_ids: [layer.digest] };
    const config = await store.blobs.put(mediaTypes.ociConfig, json({ architecture, os: 'linux', rootfs }));
    const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [layer] };
    return {
      ...(await store.blobs.put(mediaTypes.ociManifest, json(manifest))),
      platform: { os: 'linux', architecture },
    };
  }
  const addLayer = () => store.blobs.put(mediaTypes.ociLayerGzip, gzipSync(randomBytes(1000)));

  async function push(name: string) {
    const seen: PushProgress[] = [];
    const pushed = await pushImage(store, client, name, { signal, report: (progress) => seen.push(progress) });
    const outcomes = seen.filter(({ status }) => status !== 'waiting' && status !== 'uploading');
    return { pushed, outcomes: new Map(outcomes.map(({ digest, status }) => [digest, status])) };
  }

  it('sends an index with all its variants when they are here, each of their layers once', async () => {
    await using registry = await startRegistry();
    const layer = await addLayer();
    const manifests = [await addManifest('amd64', layer), await addManifest('arm64', layer)];
    const index = await store.blobs.put(
      mediaTypes.ociIndex,
      json({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }),
    );
    const name = `${registry.domain}/many:1`;
    store.tag(name, index);
    const { pushed, outcomes } = await push(name);
    assert.equal(pushed.digest, index.digest);
    assert.equal(outcomes.size, 3);
    for (const { digest } of manifests) {
      const found = await client.fetchManifest({ ...parseReference(name), tag: null, digest });
      assert.equal(found.descriptor.digest, digest);
    }
    assert.deepEqual([...new Set((await push(name)).outcomes.values())], ['present']);
  });

  it('sends this machine’s variant alone when the others are not here', async () => {
    await using registry = await startRegistry();
    const own = await addManifest(machine().architecture, await addLayer());
    const absent = { ...own, digest: `sha256:${'0'.repeat(64)}`, platform: { os: 'linux', architecture: 's390x' } };
    const body = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [own, absent] };
    const index = await store.blobs.put(mediaTypes.ociIndex, json(body));
    const name = `${registry.domain}/part:1`;
    store.tag(name, index);
    assert.equal((await push(name)).pushed.digest, own.digest);
    const foreign = pushImage(store, client, name, { signal, platform: { os: 'linux', architecture: 's390x' } });
    await assert.rejects(foreign, (error) => error instanceof ComposeError && error.code === 'IMAGE_NOT_FOUND');
  });

  it('takes over what another repository of the registry has', async () => {
    await using registry = await startRegistry();
    const layer = await addLayer();
    store.tag(`${registry.domain}/from:1`, await addManifest('amd64', layer));
    store.tag(`${registry.domain}/to/here:1`, await addManifest('arm64', layer));
    assert.equal((await push(`${registry.domain}/from:1`)).outcomes.get(layer.digest), 'sent');
    assert.equal((await push(`${registry.domain}/to/here:1`)).outcomes.get(layer.digest), 'mounted');
  });

  it('refuses what is no place, and what is not here', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    await assert.rejects(push(`127.0.0.1:1/a@${digest}`), /a digest is no place/);
    await assert.rejects(push('127.0.0.1:1/none'), /is not on this machine/);
    store.tag('127.0.0.1:1/a', await addManifest('amd64', await addLayer()));
    await assert.rejects(push('127.0.0.1:1/a'), /cannot reach registry 127\.0\.0\.1:1: nothing listens there/);
  });

  it('goes through TLS and a password to the same image', async function () {
    require(this, spawnSync('openssl', ['version']).status === 0, 'openssl');
    const certificates = writeCertificates(join(root, 'pki'));
    writeFileSync(join(root, 'htpasswd'), `${htpasswd}\n`);
    const auth = { htpasswd: { realm: 'test', path: join(root, 'htpasswd') } };
    const tls = { certificate: `${certificates.server}.crt`, key: `${certificates.server}.key` };
    await using registry = await startRegistry(auth, tls);
    const DOCKER_CONFIG = join(root, 'docker');
    mkdirSync(join(DOCKER_CONFIG, 'certs.d', registry.domain), { recursive: true });
    copyFileSync(certificates.authority, join(DOCKER_CONFIG, 'certs.d', registry.domain, 'ca.crt'));
    const name = `${registry.domain}/team/closed:1`;
    const target = await addManifest('amd64', await addLayer());
    store.tag(name, target);
    const run = (args: readonly string[], input = '') =>
      tscompose(['--state-dir', root, ...args], { DOCKER_CONFIG }, input);
    const refused = await run(['image', 'push', name]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /does not let us push image \S+: it asks for credentials\nhint: log in with/);
    const login = await run(['login', '-u', 'me', '--password-stdin', registry.domain], 'geheim:3');
    assert.equal(login.code, 0, login.stderr);
    const { code, stdout, stderr } = await run(['image', 'push', name]);
    assert.deepEqual([code, stdout], [0, `${target.digest}\n`], stderr);
    assert.doesNotMatch(stderr, /geheim/);
  });
});
