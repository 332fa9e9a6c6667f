import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Credentials, readCredentials } from '../../../src/image/credentials.ts';
import { ComposeError } from '../../../src/util/errors.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const { signal } = new AbortController();
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('credentials in config.json', () => {
  let count = 0;
  const root = temporaryDirectory('tscompose-credentials-');

  /** A store over a file with this content. */
  async function storeOf(content: unknown) {
    const directory = join(root, String(count++));
    const path = join(directory, 'config.json');
    mkdirSync(directory);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return { path, store: await readCredentials({ DOCKER_CONFIG: directory }) };
  }
  const known = async (entry: unknown, key = 'r.example', domain = 'r.example') =>
    await (await storeOf({ auths: { [key]: entry } })).store.of(domain, { signal });
  const credentials = (given: Partial<Credentials>): Credentials => ({
    username: '',
    password: '',
    identityToken: null,
    registryToken: null,
    ...given,
  });

  it('are read in every form that has been written', async () => {
    const me = credentials({ username: 'me', password: 'a:b' });
    assert.deepEqual(await known({ auth: base64('me:a:b') }), me);
    assert.deepEqual(await known({ auth: base64('me:a:b\0\0') }), me);
    assert.deepEqual(await known({ username: 'me', password: 'a:b' }), me);
    const token = credentials({ username: 'me', identityToken: 'x' });
    assert.deepEqual(await known({ auth: base64('me:'), identitytoken: 'x' }), token);
    assert.deepEqual(await known({ registrytoken: 'x' }), credentials({ registryToken: 'x' }));
    for (const entry of [{}, null, 5, { auth: '' }, { registrytoken: 'a b' }, { registrytoken: 'a\nb' }]) {
      assert.equal(await known(entry), null);
    }
  });

  it('are found under the addresses that older versions wrote', async () => {
    const entry = { auth: base64('me:x') };
    const keys = ['https://index.docker.io/v1/', 'index.docker.io', 'docker.io', 'https://registry-1.docker.io/v2/'];
    for (const key of keys) assert.equal((await known(entry, key, 'docker.io'))?.username, 'me', key);
    assert.equal((await known(entry, 'http://r.example:5000/v1/', 'r.example:5000'))?.username, 'me');
    assert.equal(await known(entry, 'r.example', 'r.example:5000'), null);
  });

  it('are kept beside everything else, for the owner alone, and taken away again', async () => {
    const { path, store } = await storeOf({
      auths: { other: { auth: 'eDp5' } },
      proxies: { default: { httpProxy: 'x' } },
    });
    await store.save('docker.io', credentials({ username: 'me', password: 'x' }), { signal });
    const written = JSON.parse(readFileSync(path, 'utf8'));
    assert.deepEqual(written.auths, {
      other: { auth: 'eDp5' },
      'https://index.docker.io/v1/': { auth: base64('me:x') },
    });
    assert.deepEqual(written.proxies, { default: { httpProxy: 'x' } });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal((await store.of('docker.io', { signal }))?.password, 'x');
    assert.equal(await store.erase('docker.io', { signal }), true);
    assert.equal(await store.erase('docker.io', { signal }), false);
    assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')).auths, { other: { auth: 'eDp5' } });
  });

  it('are none where there is no file and no home, and are refused, unquoted, where the file is broken', async () => {
    const nowhere = await readCredentials({});
    assert.deepEqual([nowhere.path, await nowhere.of('r.example', { signal })], [null, null]);
    const missing = await readCredentials({ HOME: join(root, 'none') });
    assert.equal(await missing.of('r.example', { signal }), null);
    assert.ok(!existsSync(join(root, 'none')));
    for (const content of ['{"auths": {"r": {"auth": "geheim"', '[]', '"geheim"']) {
      await assert.rejects(
        storeOf(content),
        (error) => error instanceof ComposeError && error.code === 'INVALID' && !error.message.includes('geheim'),
      );
    }
  });
});
