import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { tscompose } from '../../support/command.ts';
import { hasRegistryTools, startRegistry, writeCertificates, writeLayout } from '../../support/docker-registry.ts';
import { slowness } from '../../support/eventually.ts';
import { serve } from '../../support/http-server.ts';
import { require } from '../../support/requirements.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const password = 'geheim:3';
const htpasswd = 'me:$2y$05$gux6X8MOKxj.2dZbnFzx4efHfiUN7X7Lfq.AJqXvT3VkMMdconRwC';
const encoded = Buffer.from(`me:${password}`).toString('base64');

/** A helper that keeps what it is given in one file, and complains to everybody who listens. */
const helper = `#!/bin/sh
echo "secret in the log: geheim:3" >&2
case $1 in
  get) read -r server; if [ "$(cat "$KEPT.server" 2>/dev/null)" = "$server" ]; then cat "$KEPT"; else echo credentials not found in native keychain; exit 1; fi ;;
  store) cat >"$KEPT"; sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/' "$KEPT" >"$KEPT.server" ;;
  erase) rm -f "$KEPT" "$KEPT.server" ;;
  *) exit 2 ;;
esac
`;

describe('login and logout', function () {
  this.timeout(30_000 * slowness);
  const root = temporaryDirectory('tscompose-login-');
  const layout = join(root, 'layout');
  const passwords = join(root, 'htpasswd');
  let count = 0;

  before(function () {
    require(this, hasRegistryTools(), 'docker-registry and skopeo');
    require(this, spawnSync('openssl', ['version']).status === 0, 'openssl');
    writeLayout(layout);
    writeFileSync(passwords, `${htpasswd}\n`);
  });

  /** A directory for DOCKER_CONFIG; `config.json` when it is given. */
  function configDirectory(config?: object): string {
    const directory = join(root, `config-${count++}`);
    mkdirSync(directory);
    if (config !== undefined) writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
    return directory;
  }
  const configIn = (directory: string) => JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8'));
  const basic = () => startRegistry({ htpasswd: { realm: 'test', path: passwords } });

  /** What resolving the digest of an image says, which needs to be let in. */
  async function look(image: string, environment: Readonly<Record<string, string>>) {
    const file = join(root, `compose-${count++}.yaml`);
    writeFileSync(file, `name: p\nservices: {a: {image: "${image}"}}\n`);
    return await tscompose(['-f', file, 'config', '--resolve-image-digests'], environment);
  }

  it('keep a password that the registry takes, beside what else the file says, and forget it', async () => {
    await using registry = await basic();
    const { domain } = registry;
    await registry.push(layout, 'one', 'one', `me:${password}`);
    const DOCKER_CONFIG = configDirectory({ auths: { 'other.example': { auth: 'eDp5' } }, psFormat: 'x' });
    const args = ['login', '-u', 'me', '--password-stdin', domain];
    const { code, stdout, stderr } = await tscompose(args, { DOCKER_CONFIG }, `${password}\n`);
    assert.deepEqual([code, stdout], [0, 'Login Succeeded\n']);
    assert.match(stderr, /^warning: the password is stored unencrypted in /);
    const auths = { 'other.example': { auth: 'eDp5' }, [domain]: { auth: encoded } };
    assert.deepEqual(configIn(DOCKER_CONFIG), { auths, psFormat: 'x' });
    assert.equal(statSync(join(DOCKER_CONFIG, 'config.json')).mode & 0o777, 0o600);
    assert.equal((await look(`${domain}/one`, { DOCKER_CONFIG })).code, 0);

    const out = await tscompose(['logout', domain], { DOCKER_CONFIG });
    assert.deepEqual([out.code, out.stdout], [0, `Removing login credentials for ${domain}\n`]);
    assert.deepEqual(configIn(DOCKER_CONFIG), { auths: { 'other.example': { auth: 'eDp5' } }, psFormat: 'x' });
    assert.equal((await tscompose(['logout', domain], { DOCKER_CONFIG })).stdout, `Not logged in to ${domain}\n`);
    assert.match((await look(`${domain}/one`, { DOCKER_CONFIG })).stderr, /asks for credentials/);
  });

  it('keep nothing that the registry refuses, and print no password', async () => {
    await using registry = await basic();
    const DOCKER_CONFIG = configDirectory();
    const args = ['login', '-u', 'me', '-p', 'not-this-one', registry.domain];
    const { code, stdout, stderr } = await tscompose(args, { DOCKER_CONFIG });
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^warning: a password on the command line can be seen/);
    assert.match(stderr, /refuses the name or the password/);
    assert.doesNotMatch(stderr, /not-this-one/);
    assert.ok(!existsSync(join(DOCKER_CONFIG, 'config.json')));
    const without = await tscompose(['login', '-u', 'me', registry.domain], { DOCKER_CONFIG });
    assert.match(without.stderr, /cannot ask for a password: standard input is no terminal/);
    const nobody = await tscompose(['login', '-u', 'me', '--password-stdin', '127.0.0.1:1'], { DOCKER_CONFIG }, 'x');
    assert.match(nobody.stderr, /cannot reach registry 127\.0\.0\.1:1: nothing listens there/);
  });

  it('write through a link, and leave a file that is no JSON as it is', async () => {
    await using registry = await basic();
    const DOCKER_CONFIG = configDirectory();
    const elsewhere = join(configDirectory({ a: 1 }), 'config.json');
    const path = join(DOCKER_CONFIG, 'config.json');
    symlinkSync(elsewhere, path);
    const args = ['login', '-u', 'me', '--password-stdin', registry.domain];
    assert.equal((await tscompose(args, { DOCKER_CONFIG }, password)).code, 0);
    assert.equal(JSON.parse(readFileSync(elsewhere, 'utf8')).a, 1);
    writeFileSync(elsewhere, `{"auths": {"x": {"auth": "${encoded}"`);
    const { code, stderr } = await tscompose(args, { DOCKER_CONFIG }, password);
    assert.deepEqual([code, stderr.includes(encoded)], [1, false]);
    assert.match(stderr, /cannot read the credentials in \S+: it is not JSON/);
    assert.ok(readFileSync(elsewhere, 'utf8').includes(encoded));
  });

  it('leave passwords to helpers, for one registry or for all', async () => {
    await using registry = await basic();
    const { domain } = registry;
    await registry.push(layout, 'one', 'one', `me:${password}`);
    const bin = join(root, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'docker-credential-test'), helper);
    chmodSync(join(bin, 'docker-credential-test'), 0o755);
    for (const config of [{ credsStore: 'test' }, { credHelpers: { [domain]: 'test' }, credsStore: 'none-such' }]) {
      const DOCKER_CONFIG = configDirectory(config);
      const environment = { DOCKER_CONFIG, PATH: `${bin}:${process.env.PATH}`, KEPT: join(root, `kept-${count++}`) };
      const args = ['login', '-u', 'me', '--password-stdin', domain];
      const { code, stderr } = await tscompose(args, environment, password);
      assert.deepEqual([code, stderr], [0, '']);
      assert.deepEqual(configIn(DOCKER_CONFIG), { ...config, auths: { [domain]: {} } });
      assert.equal(JSON.parse(readFileSync(environment.KEPT, 'utf8')).Secret, password);
      assert.equal((await look(`${domain}/one`, environment)).code, 0);
      assert.equal((await tscompose(['logout', domain], environment)).code, 0);
      assert.ok(!existsSync(environment.KEPT));
      assert.match((await look(`${domain}/one`, environment)).stderr, /asks for credentials/);
    }
    const missing = await look(`${domain}/one`, { DOCKER_CONFIG: configDirectory({ credsStore: 'none-such' }) });
    assert.match(missing.stderr, /cannot get credentials with docker-credential-none-such: there is no such program/);
  });

  it('keep the token that a registry gives out in place of the password', async () => {
    const asked: string[] = [];
    await using server = await serve((request, response) => {
      const url = new URL(request.url ?? '', 'http://x');
      if (url.pathname === '/token') {
        asked.push(`${url.searchParams.get('offline_token')} ${url.searchParams.get('account')}`);
        const isRight = request.headers.authorization === `Basic ${encoded}`;
        const body = { token: 'short', refresh_token: 'refresh' };
        return void response.writeHead(isRight ? 200 : 401).end(isRight ? JSON.stringify(body) : '{}');
      }
      if (request.headers.authorization === 'Bearer short') return void response.end('{}');
      const challenge = `Bearer realm="http://${request.headers.host}/token",service="s"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
    });
    const DOCKER_CONFIG = configDirectory();
    const args = ['login', '-u', 'me', '--password-stdin', server.domain];
    assert.equal((await tscompose(args, { DOCKER_CONFIG }, password)).code, 0);
    const entry = { auth: Buffer.from('me:').toString('base64'), identitytoken: 'refresh' };
    assert.deepEqual(configIn(DOCKER_CONFIG), { auths: { [server.domain]: entry } });
    assert.deepEqual(asked, ['true me']);
    assert.match((await tscompose(args, { DOCKER_CONFIG }, 'wrong')).stderr, /refuses the name or the password/);
  });

  it('trust a registry by its authority, and show it a certificate where it wants one', async () => {
    const certificates = writeCertificates(join(root, 'pki'));
    const tls = { certificate: `${certificates.server}.crt`, key: `${certificates.server}.key` };
    await using registry = await startRegistry(null, tls);
    const { domain } = registry;
    await registry.push(layout, 'one', 'one');
    const DOCKER_CONFIG = configDirectory();
    const untrusted = await look(`${domain}/one`, { DOCKER_CONFIG });
    assert.match(untrusted.stderr, /its certificate is not trusted \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)\n.*certs\.d/);
    const insecure = join(root, 'registries.json');
    writeFileSync(insecure, JSON.stringify({ insecure: [domain] }));
    assert.equal((await look(`${domain}/one`, { DOCKER_CONFIG, TSCOMPOSE_REGISTRIES: insecure })).code, 0);
    const trust = (address: string) => {
      const directory = join(DOCKER_CONFIG, 'certs.d', address);
      mkdirSync(directory, { recursive: true });
      copyFileSync(certificates.authority, join(directory, 'ca.crt'));
      return directory;
    };
    trust(domain);
    assert.equal((await look(`${domain}/one`, { DOCKER_CONFIG })).code, 0);

    await using strict = await startRegistry(null, { ...tls, clientcas: [certificates.authority] });
    const directory = trust(strict.domain);
    assert.match(
      (await look(`${strict.domain}/one`, { DOCKER_CONFIG })).stderr,
      /cannot reach registry|does not exist/,
    );
    copyFileSync(`${certificates.client}.crt`, join(directory, 'client.cert'));
    const keyless = await look(`${strict.domain}/one`, { DOCKER_CONFIG });
    assert.match(keyless.stderr, /cannot read the certificate file \S+client\.key: ENOENT/);
    copyFileSync(`${certificates.client}.key`, join(directory, 'client.key'));
    assert.match((await look(`${strict.domain}/one`, { DOCKER_CONFIG })).stderr, /one:latest does not exist/);
  });
});
