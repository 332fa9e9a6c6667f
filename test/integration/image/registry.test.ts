import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash, createPublicKey, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pinImages } from '../../../src/image/digests.ts';
import { ComposeError } from '../../../src/util/errors.ts';
import { freePort, hasRegistryTools, startRegistry, writeLayout } from '../../support/docker-registry.ts';
import { slowness } from '../../support/eventually.ts';
import { require } from '../../support/requirements.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const main = new URL('../../../dist/cli.js', import.meta.url).pathname;
const user = 'me:geheim:3';
const htpasswd = 'me:$2y$05$gux6X8MOKxj.2dZbnFzx4efHfiUN7X7Lfq.AJqXvT3VkMMdconRwC';

describe('digests of images', function () {
  this.timeout(30_000 * slowness);
  const root = temporaryDirectory('tscompose-digests-');
  const layout = join(root, 'layout');
  let digests: ReturnType<typeof writeLayout>;

  before(function () {
    require(this, hasRegistryTools(), 'docker-registry and skopeo');
    digests = writeLayout(layout);
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  /** Writes `config.json`, as `docker login` does; its directory. */
  function login(domain: string, entry: object): string {
    const directory = join(root, domain.replace(':', '-'));
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'config.json'), JSON.stringify({ auths: { [domain]: entry } }));
    return directory;
  }

  async function pin(image: string, environment: Record<string, string> = {}): Promise<string | undefined> {
    const { signal } = new AbortController();
    return (await pinImages([image], { environment, signal, backoffMs: 1 })).get(image);
  }

  function refuses(code: string, message: RegExp) {
    return (error: unknown) => {
      assert.ok(error instanceof ComposeError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      return true;
    };
  }

  describe('from an open registry', () => {
    it('are those of images and of indexes, and are unknown for what is not there', async () => {
      await using registry = await startRegistry();
      const { domain } = registry;
      await registry.push(layout, 'one', 'team/one:1.0');
      await registry.push(layout, 'many', 'many');
      assert.equal(await pin(`${domain}/team/one:1.0`), `${domain}/team/one:1.0@${digests.one}`);
      assert.equal(await pin(`${domain}/many`), `${domain}/many:latest@${digests.many}`);
      await assert.rejects(pin(`${domain}/many:2`), refuses('IMAGE_NOT_FOUND', /^image \S+\/many:2 does not exist/));
      await assert.rejects(pin(`${domain}/none`), refuses('IMAGE_NOT_FOUND', /none:latest does not exist/));
    });

    it('stand in what config prints, which can be used as an override', async () => {
      await using registry = await startRegistry();
      const { domain } = registry;
      await registry.push(layout, 'many', 'many');
      const file = join(root, 'compose.yaml');
      writeFileSync(
        file,
        `name: p\nservices:\n  a: {image: "${domain}/many"}\n  b: {build: .}\n  c: {image: "rootfs:/"}\n`,
      );
      const image = `${domain}/many:latest@${digests.many}`;
      const lock = join(root, 'lock.yaml');
      const locked = await tscompose(['-f', file, 'config', '--lock-image-digests', '-o', lock]);
      assert.deepEqual([locked.code, locked.stdout, locked.stderr], [0, '', '']);
      const { stdout } = await tscompose(['-f', file, '-f', lock, 'config', '--format', 'json']);
      const { services } = JSON.parse(stdout);
      assert.deepEqual([services.a.image, services.b.image, services.c.image], [image, undefined, 'rootfs:/']);
      const resolved = await tscompose(['-f', file, 'config', '--resolve-image-digests', '--format', 'json']);
      assert.deepEqual(JSON.parse(resolved.stdout), JSON.parse(stdout));
    });
  });

  describe('from a registry with passwords', () => {
    it('need the right ones, which are never printed', async () => {
      const passwords = join(root, 'htpasswd');
      writeFileSync(passwords, `${htpasswd}\n`);
      await using registry = await startRegistry({ htpasswd: { realm: 'test', path: passwords } });
      const { domain } = registry;
      await registry.push(layout, 'one', 'one', user);
      const image = `${domain}/one`;
      await assert.rejects(pin(image), refuses('NO_PERMISSION', /asks for credentials/));
      const good = { DOCKER_CONFIG: login(domain, { auth: Buffer.from(user).toString('base64') }) };
      assert.equal(await pin(image, good), `${image}:latest@${digests.one}`);
      const wrong = { DOCKER_CONFIG: login(domain, { username: 'me', password: 'not-this-one' }) };
      await assert.rejects(pin(image, wrong), refuses('NO_PERMISSION', /refuses the credentials/));

      const file = join(root, 'secret.yaml');
      writeFileSync(file, `services: {a: {image: "${image}"}}\n`);
      const { code, stdout, stderr } = await tscompose(['-f', file, 'config', '--resolve-image-digests'], wrong);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, /refuses the credentials/);
      assert.doesNotMatch(stderr, /not-this-one|bm90LXRoaXMtb25l/);
    });
  });

  describe('from a registry with tokens', () => {
    it('are given for a token, got with or without a password', async function () {
      require(this, spawnSync('openssl', ['version']).status === 0, 'openssl');
      const issuer = tokenIssuer();
      await using tokens = await serve((request, response) => {
        const url = new URL(request.url ?? '', 'http://issuer');
        const given = Buffer.from((request.headers.authorization ?? '').slice('Basic '.length), 'base64').toString();
        const [type = '', name = '', actions = ''] = (url.searchParams.get('scope') ?? '').split(':');
        if (given !== '' && given !== user) response.writeHead(401).end();
        else {
          const isAllowed = given === user || name === 'open';
          const access = isAllowed ? [{ type, name, actions: actions.split(',') }] : [];
          response.end(JSON.stringify({ token: issuer.token(url.searchParams.get('service') ?? '', access) }));
        }
      });
      const bundle = join(root, 'issuer.pem');
      writeFileSync(bundle, issuer.certificate);
      const realm = `http://${tokens.domain}/token`;
      const token = { realm, service: 'the test', issuer: 'tscompose-test', rootcertbundle: bundle };
      await using registry = await startRegistry({ token });
      const { domain } = registry;
      await registry.push(layout, 'one', 'closed', user);
      await registry.push(layout, 'many', 'open', user);
      assert.equal(await pin(`${domain}/open`), `${domain}/open:latest@${digests.many}`);
      await assert.rejects(pin(`${domain}/closed`), refuses('NO_PERMISSION', /asks for credentials/));
      const good = { DOCKER_CONFIG: login(domain, { auth: Buffer.from(user).toString('base64') }) };
      assert.equal(await pin(`${domain}/closed`, good), `${domain}/closed:latest@${digests.one}`);
      const wrong = { DOCKER_CONFIG: login(domain, { username: 'me', password: 'x' }) };
      await assert.rejects(pin(`${domain}/closed`, wrong), refuses('NO_PERMISSION', /refuses the credentials/));
    });
  });

  describe('from a registry in trouble', () => {
    const body = '{"schemaVersion":2}';
    const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;

    it('are asked for again while it is busy, and not for ever', async () => {
      let requests = 0;
      await using busy = await serve((_request, response) => {
        requests += 1;
        const status = [429, 503][requests - 1] ?? 200;
        response.writeHead(status, { 'docker-content-digest': digest }).end();
      });
      assert.equal(await pin(`${busy.domain}/a`), `${busy.domain}/a:latest@${digest}`);
      assert.equal(requests, 3);
      await using broken = await serve((_request, response) => response.writeHead(500).end());
      await assert.rejects(pin(`${broken.domain}/a`), refuses('REGISTRY', /answers with status 500/));
    });

    it('are computed where it does not tell them, and must be true where it does', async () => {
      await using silent = await serve((_request, response) => response.end(body));
      assert.equal(await pin(`${silent.domain}/a`), `${silent.domain}/a:latest@${digest}`);
      await using liar = await serve((request, response) => {
        response.writeHead(request.method === 'HEAD' ? 405 : 200, { 'docker-content-digest': digest }).end('{}');
      });
      await assert.rejects(pin(`${liar.domain}/a`), refuses('REGISTRY', /is not what its digest says/));
    });

    it('do not take the password along to another address', async () => {
      const seen: (string | undefined)[] = [];
      await using other = await serve((request, response) => {
        seen.push(request.headers.authorization);
        response.writeHead(200, { 'docker-content-digest': digest }).end();
      });
      await using home = await serve((request, response) => {
        if (request.headers.authorization === undefined) {
          response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
        } else response.writeHead(307, { location: `http://${other.domain}${request.url}` }).end();
      });
      const environment = { DOCKER_CONFIG: login(home.domain, { username: 'me', password: 'x' }) };
      assert.equal(await pin(`${home.domain}/a`, environment), `${home.domain}/a:latest@${digest}`);
      assert.deepEqual(seen, [undefined]);
      await using away = await serve((_request, response) => {
        response.writeHead(307, { location: 'http://192.0.2.1/' }).end();
      });
      await assert.rejects(pin(`${away.domain}/a`), refuses('REGISTRY', /address without TLS/));
    });

    it('are not there when nobody listens, or when somebody gives up', async () => {
      const domain = `127.0.0.1:${await freePort()}`;
      await assert.rejects(
        pin(`${domain}/a`),
        refuses('REGISTRY', /^cannot reach registry \S+: nothing listens there$/),
      );
      const controller = new AbortController();
      await using slow = await serve(() => controller.abort());
      const pinned = pinImages([`${slow.domain}/a`], { environment: {}, signal: controller.signal });
      await assert.rejects(pinned, { name: 'AbortError' });
    });
  });
});

async function tscompose(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: '/nonexistent', ...environment },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

/** A server on a free port of 127.0.0.1. */
async function serve(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    domain: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Gives out tokens that docker-registry takes for true. */
function tokenIssuer() {
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const pem = execFileSync('openssl', ['req', '-x509', ...curve, '-nodes', '-subj', '/CN=test', '-keyout', '-'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const certificate = pem.slice(pem.indexOf('-----BEGIN CERTIFICATE'));
  const privateKey = pem.slice(0, pem.indexOf('-----BEGIN CERTIFICATE'));
  const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  // The registry knows a key by this: the first 240 bits of its hash, in base 32, in groups of four.
  const hash = createHash('sha256')
    .update(createPublicKey(certificate).export({ type: 'spki', format: 'der' }))
    .digest();
  const kid = base32(hash.subarray(0, 30)).replace(/.{4}(?=.)/g, '$&:');
  return {
    certificate,
    token(service: string, access: readonly object[]): string {
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        iss: 'tscompose-test',
        sub: '',
        aud: service,
        exp: now + 300,
        nbf: now - 10,
        iat: now,
        jti: 'x',
        access,
      };
      const text = `${base64url({ typ: 'JWT', alg: 'ES256', kid })}.${base64url(claims)}`;
      const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
      return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
    },
  };
}

function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const digit = (five: string) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(five, 2)];
  return (bits.match(/.{5}/g) ?? []).map(digit).join('');
}
