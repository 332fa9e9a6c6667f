import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { CredentialStore, Credentials } from '../../../src/image/credentials.ts';
import { mediaTypes, sha256 } from '../../../src/image/oci.ts';
import { parseReference } from '../../../src/image/reference.ts';
import { openRegistryClient, type RegistryOptions } from '../../../src/image/registry/client.ts';
import { ComposeError } from '../../../src/util/errors.ts';
import { hasRegistryTools, startRegistry, writeLayout } from '../../support/docker-registry.ts';
import { slowness } from '../../support/eventually.ts';
import { serve } from '../../support/http-server.ts';
import { require } from '../../support/requirements.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const nobody: CredentialStore = {
  of: async () => null,
  save: async () => null,
  erase: async () => false,
  path: null,
};

function client(options: Partial<RegistryOptions> = {}) {
  const { signal } = new AbortController();
  return openRegistryClient({ credentials: nobody, signal, backoffMs: 1, timeoutMs: 5000, ...options });
}

function refuses(code: string, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof ComposeError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
}

async function read(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const blob = randomBytes(300_000);
const descriptor = { digest: sha256(blob), size: blob.length };
const source = {
  descriptor,
  async *read(start: number, end: number) {
    for (let at = start; at < end; at += 10_000) yield blob.subarray(at, Math.min(end, at + 10_000));
  },
};

describe('client of registries', function () {
  this.timeout(30_000 * slowness);

  describe('at the real server', () => {
    const layout = `${temporaryDirectory('tscompose-client-')}/layout`;
    let digests: ReturnType<typeof writeLayout>;
    before(function () {
      require(this, hasRegistryTools(), 'docker-registry and skopeo');
      digests = writeLayout(layout);
    });

    it('fetches manifests and blobs, from any byte on', async () => {
      await using registry = await startRegistry();
      await registry.push(layout, 'many', 'team/many:1');
      using own = client();
      const image = parseReference(`${registry.domain}/team/many:1`);
      const { descriptor: found, bytes } = await own.fetchManifest(image);
      assert.deepEqual(found, { mediaType: mediaTypes.ociIndex, digest: digests.many, size: bytes.length });
      const [first] = JSON.parse(bytes.toString()).manifests;
      const manifest = await own.fetchManifest({ ...image, tag: null, digest: first.digest });
      const [layer] = JSON.parse(manifest.bytes.toString()).layers;
      const whole = await read(own.fetchBlob(image, layer));
      assert.equal(sha256(whole), layer.digest);
      assert.deepEqual(await read(own.fetchBlob(image, layer, { offset: 7 })), whole.subarray(7));
      assert.deepEqual(await read(own.fetchBlob(image, layer, { offset: layer.size })), Buffer.alloc(0));
      const missing = own.fetchBlob(image, { digest: sha256('none'), size: 4 });
      await assert.rejects(read(missing), refuses('REGISTRY', /does not have the blob sha256:/));
    });

    it('pushes blobs and manifests, takes over what another repository has, and sends nothing twice', async () => {
      await using registry = await startRegistry();
      using own = client();
      const image = parseReference(`${registry.domain}/a/one:1`);
      const progress: number[] = [];
      assert.equal(await own.pushBlob(image, source, { onProgress: (sent) => progress.push(sent) }), 'sent');
      assert.deepEqual([progress[0], progress.at(-1)], [0, blob.length]);
      assert.equal(await own.pushBlob(image, source), 'present');
      const other = parseReference(`${registry.domain}/b/other:2`);
      assert.equal(await own.pushBlob(other, source, { mountFrom: ['a/none', 'a/one'] }), 'mounted');
      assert.deepEqual(await read(own.fetchBlob(other, descriptor)), blob);
      const empty = { descriptor: { digest: sha256(''), size: 0 }, async *read() {} };
      assert.equal(await own.pushBlob(image, empty), 'sent');

      const config = { mediaType: mediaTypes.ociConfig, ...descriptor };
      const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [] };
      const bytes = Buffer.from(JSON.stringify(manifest));
      const pushed = await own.pushManifest(image, mediaTypes.ociManifest, bytes);
      assert.equal(pushed.digest, sha256(bytes));
      assert.deepEqual((await own.fetchManifest(image)).bytes, bytes);
      await own.pushManifest({ ...other, tag: null }, mediaTypes.ociManifest, bytes);
      assert.equal(
        (await own.fetchManifest({ ...other, tag: null, digest: sha256(bytes) })).descriptor.size,
        bytes.length,
      );
      const broken = Buffer.from(JSON.stringify({ ...manifest, config: { ...config, digest: sha256('none') } }));
      const refused = own.pushManifest(image, mediaTypes.ociManifest, broken);
      await assert.rejects(refused, refuses('REGISTRY', /^cannot push image \S+ to \S+: .*400 \(MANIFEST_/));
    });

    it('sends and fetches a large blob although the line breaks again and again', async () => {
      await using registry = await startRegistry();
      const [host = '', port = ''] = registry.domain.split(':');
      let cuts = 3;
      // Each of the first lines is cut after a megabyte in either direction.
      const line = createServer((near) => {
        const far = connect(Number(port), host);
        let passed = 0;
        const count = (chunk: Buffer): void => {
          passed += chunk.length;
          if (cuts === 0 || passed < 1_000_000) return;
          cuts -= 1;
          near.destroy();
          far.destroy();
        };
        for (const [from, to] of [
          [near, far],
          [far, near],
        ] as const)
          from
            .on('data', count)
            .on('error', () => {})
            .pipe(to);
      });
      line.listen(0, '127.0.0.1');
      await once(line, 'listening');
      try {
        const image = parseReference(`127.0.0.1:${(line.address() as AddressInfo).port}/a`);
        const large = randomBytes(20_000_000);
        const whole = { digest: sha256(large), size: large.length };
        const readLarge = async function* (start: number, end: number) {
          for (let at = start; at < end; at += 100_000) yield large.subarray(at, Math.min(end, at + 100_000));
        };
        using own = client();
        assert.equal(await own.pushBlob(image, { descriptor: whole, read: readLarge }), 'sent');
        assert.equal(cuts, 0);
        cuts = 3;
        assert.equal(sha256(await read(own.fetchBlob(image, whole))), whole.digest);
        assert.equal(cuts, 0);
      } finally {
        line.close();
      }
    });
  });

  describe('fetching from one in trouble', () => {
    /** Serves the blob as `answer` says; the ranges it was asked for. */
    async function faulty(answer: (response: ServerResponse, start: number, request: number) => void) {
      const ranges: number[] = [];
      const server = await serve((request, response) => {
        if (request.url === '/v2/') return void response.end();
        const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
        ranges.push(start);
        answer(response, start, ranges.length);
      });
      return { server, ranges, image: parseReference(`${server.domain}/a`) };
    }
    const part = (response: ServerResponse, start: number) =>
      response.writeHead(206, {
        'content-range': `bytes ${start}-${blob.length - 1}/${blob.length}`,
        'content-length': blob.length - start,
      });

    it('goes on where the connection broke, however often that brings it further', async () => {
      const { server, ranges, image } = await faulty((response, start) => {
        part(response, start).write(blob.subarray(start, start + 20_000), () => {
          if (start + 20_000 < blob.length) response.destroy();
          else response.end();
        });
      });
      await using _ = server;
      using own = client();
      assert.deepEqual(await read(own.fetchBlob(image, descriptor)), blob);
      assert.deepEqual(
        ranges,
        Array.from({ length: 15 }, (_each, index) => index * 20_000),
      );
    });

    it('skips what it has where the server knows no ranges', async () => {
      const { server, image } = await faulty((response, _start, request) => {
        response.writeHead(200, { 'content-length': blob.length });
        if (request === 1) response.write(blob.subarray(0, 100_000), () => response.destroy());
        else response.end(blob);
      });
      await using _ = server;
      using own = client();
      assert.deepEqual(await read(own.fetchBlob(image, descriptor)), blob);
      assert.deepEqual(await read(own.fetchBlob(image, descriptor, { offset: 299_999 })), blob.subarray(299_999));
    });

    it('comes again when it is told to wait, and gives up when nothing comes any more', async () => {
      const { server, ranges, image } = await faulty((response, _start, request) => {
        if (request === 1) response.writeHead(429, { 'retry-after': '0' }).end();
        else if (request === 2) response.writeHead(503).end('{}');
        else response.writeHead(200, { 'content-length': blob.length }).end(blob);
      });
      await using _ = server;
      using own = client();
      assert.deepEqual(await read(own.fetchBlob(image, descriptor)), blob);
      assert.equal(ranges.length, 3);

      const deaf = await faulty((response) => response.destroy());
      await using _deaf = deaf.server;
      await assert.rejects(read(own.fetchBlob(deaf.image, descriptor)), refuses('REGISTRY', /the connection breaks/));
      assert.equal(deaf.ranges.length, 5);
      const busy = await faulty((response) => response.writeHead(429).end('{"errors":[{"code":"TOOMANYREQUESTS"}]}'));
      await using _busy = busy.server;
      const refused = refuses('REGISTRY', /too many requests from us \(TOOMANYREQUESTS\)/);
      await assert.rejects(read(own.fetchBlob(busy.image, descriptor)), refused);
    });

    it('does not wait for ever for the next byte', async () => {
      const { server, image } = await faulty((response) => {
        response.writeHead(200, { 'content-length': blob.length }).write(blob.subarray(0, 10));
      });
      await using _ = server;
      using own = client({ timeoutMs: 50 });
      await assert.rejects(read(own.fetchBlob(image, descriptor)), refuses('REGISTRY', /it does not answer/));
    });

    it('believes no size and no range that is not what was announced', async () => {
      const lies: readonly (readonly [(response: ServerResponse, start: number) => void, RegExp, number])[] = [
        [
          (response) => response.writeHead(200, { 'content-length': 5 }).end('short'),
          /it has 5 bytes and not 300000/,
          0,
        ],
        [(response) => response.writeHead(200).end('short'), /it is shorter than announced/, 0],
        [(response) => response.writeHead(200).end(Buffer.concat([blob, blob])), /it is longer than announced/, 0],
        [(response) => part(response, 0).end(blob), /another part of it came/, 7],
        [(response) => response.writeHead(206, { 'content-range': 'bytes 7-9/10' }).end('abc'), /another part/, 7],
      ];
      for (const [answer, message, offset] of lies) {
        const { server, image } = await faulty(answer);
        await using _ = server;
        using own = client();
        await assert.rejects(read(own.fetchBlob(image, descriptor, { offset })), refuses('REGISTRY', message));
      }
    });

    it('takes no manifest that is not what its digest says, is too long, or no HTTP', async () => {
      await using liar = await serve((_request, response) => response.end('{}'));
      using own = client();
      const pinned = parseReference(`${liar.domain}/a@${sha256('other')}`);
      await assert.rejects(own.fetchManifest(pinned), refuses('REGISTRY', /is not what its digest says/));
      await using endless = await serve((_request, response) => response.end(Buffer.alloc(5_000_000)));
      const long = own.fetchManifest(parseReference(`${endless.domain}/a`));
      await assert.rejects(long, refuses('REGISTRY', /is too long/));
      await using garbage = await serve((_request, response) => void response.socket?.end('what?\r\n\r\n'));
      const unreadable = own.fetchManifest(parseReference(`${garbage.domain}/a`));
      await assert.rejects(unreadable, refuses('REGISTRY', /what it answers is no HTTP/));
    });

    it('stops when it is told to, with the reason it is told', async () => {
      const controller = new AbortController();
      const { server, image } = await faulty((response) => {
        response.writeHead(200, { 'content-length': blob.length }).write(blob.subarray(0, 10));
        controller.abort(new Error('enough'));
      });
      await using _ = server;
      using own = client();
      await assert.rejects(read(own.fetchBlob(image, descriptor, { signal: controller.signal })), /enough/);
    });

    it('asks mirrors first, and the registry when they do not have it or are not there', async () => {
      const asked: string[] = [];
      const answer = (name: string, status: number) => (request: IncomingMessage, response: ServerResponse) => {
        if (request.url !== '/v2/') asked.push(`${name} ${request.url}`);
        response.writeHead(status).end('{}');
      };
      await using mirror = await serve(answer('mirror', 200));
      await using empty = await serve(answer('empty', 404));
      await using home = await serve(answer('home', 200));
      const settings = (...urls: readonly string[]) => ({
        isInsecure: () => false,
        mirrors: () => urls.map((url) => new URL(url)),
      });
      const image = parseReference(`${home.domain}/a:1`);
      using mirrored = client({ settings: settings(`http://${mirror.domain}/prefix/`) });
      await mirrored.fetchManifest(image);
      using left = client({ settings: settings('http://127.0.0.1:1', `http://${empty.domain}`) });
      await left.fetchManifest(image);
      assert.deepEqual(asked, ['mirror /prefix/v2/a/manifests/1', 'empty /v2/a/manifests/1', 'home /v2/a/manifests/1']);
    });
  });

  describe('behind a proxy', () => {
    it('asks the proxy for registries elsewhere, and never for those on this machine', async () => {
      const asked: string[] = [];
      await using proxy = await serve((request, response) => {
        asked.push(`${request.method} ${request.url}`);
        response.end('{}');
      });
      await using local = await serve((_request, response) => response.end('{}'));
      const address = `http://${proxy.domain}`;
      const settings = { isInsecure: (domain: string) => domain === 'registry.invalid:5000', mirrors: () => [] };
      using own = client({ settings, environment: { HTTP_PROXY: address, HTTPS_PROXY: address } });
      await own.fetchManifest(parseReference(`${local.domain}/a:1`));
      assert.deepEqual(asked, []);
      await own.fetchManifest(parseReference('registry.invalid:5000/a:1'));
      assert.deepEqual(asked, ['GET http://registry.invalid:5000/v2/a/manifests/1']);
    });
  });

  describe('with tokens', () => {
    const credentials: Credentials = { username: 'me', password: 'geheim', identityToken: null, registryToken: null };
    const known = (given: Partial<Credentials> = {}): CredentialStore => ({
      ...nobody,
      of: async () => ({ ...credentials, ...given }),
    });

    /** A registry that wants a token for each scope; what its token server was asked. */
    async function guarded() {
      const asked: string[] = [];
      let issued = 0;
      const server = await serve(async (request, response) => {
        const url = new URL(request.url ?? '', 'http://x');
        if (url.pathname === '/token') {
          const form = new URLSearchParams((await read(request)).toString());
          const wishes = request.method === 'POST' ? form : url.searchParams;
          asked.push(`${request.method} ${wishes.get('grant_type') ?? ''} ${wishes.getAll('scope').join(' ')}`);
          const token = `t${++issued}.${wishes.getAll('scope').join('|').replaceAll(':', '_')}`;
          return void response.end(JSON.stringify({ access_token: token, expires_in: 300 }));
        }
        const [, name = ''] = /^\/v2\/(.*)\/manifests\//.exec(url.pathname) ?? [];
        const isKnown = request.headers.authorization?.startsWith('Bearer t') ?? false;
        if (isKnown || name === '') return void response.writeHead(200).end('{}');
        const challenge = `Bearer realm="http://${request.headers.host}/token",service="s",scope="repository:${name}:pull"`;
        response.writeHead(401, { 'www-authenticate': challenge }).end('{}');
      });
      return { server, asked };
    }

    it('asks for one token a scope, however many requests wait for it, until it expires', async () => {
      const { server, asked } = await guarded();
      await using _ = server;
      using own = client({ credentials: known() });
      const image = (name: string) => parseReference(`${server.domain}/${name}:1`);
      await own.fetchManifest(image('a'));
      await Promise.all([own.fetchManifest(image('a')), own.fetchManifest(image('b')), own.fetchManifest(image('b'))]);
      assert.deepEqual(asked, ['GET  repository:a:pull', 'GET  repository:b:pull']);

      let nowMs = 0;
      using waiting = client({ credentials: known(), now: () => nowMs });
      await Promise.all([1, 2, 3].map(() => waiting.fetchManifest(image('c'))));
      assert.equal(asked.length, 3);
      nowMs = 269_000;
      await waiting.fetchManifest(image('c'));
      assert.equal(asked.length, 3);
      nowMs = 271_000;
      await Promise.all([1, 2, 3].map(() => waiting.fetchManifest(image('c'))));
      assert.equal(asked.length, 4);
    });

    it('shows a token in place of the password where it has one', async () => {
      const { server, asked } = await guarded();
      await using _ = server;
      using own = client({ credentials: known({ identityToken: 'refresh' }) });
      await own.fetchManifest(parseReference(`${server.domain}/a:1`));
      assert.deepEqual(asked, ['POST refresh_token repository:a:pull']);
    });
  });

  describe('pushing to one in trouble', () => {
    /** Keeps uploads as the specification says, and breaks off as it is told; what it was sent. */
    async function flaky(breakAfter: (request: IncomingMessage, nth: number) => number | null) {
      const log: string[] = [];
      let kept = Buffer.alloc(0);
      let stored: Buffer | null = null;
      let uploads = 0;
      let nth = 0;
      const server = await serve((request, response) => {
        const url = new URL(request.url ?? '', 'http://x');
        const state = {
          location: `/v2/a/blobs/uploads/${uploads}`,
          range: `0-${Math.max(0, kept.length - 1)}`,
        };
        if (request.method === 'HEAD') return void response.writeHead(stored === null ? 404 : 200).end();
        if (request.method === 'POST') {
          uploads += 1;
          kept = Buffer.alloc(0);
          log.push('POST');
          return void response.writeHead(202, { location: `/v2/a/blobs/uploads/${uploads}` }).end();
        }
        if (request.method === 'GET') {
          if (url.pathname === '/v2/') return void response.end();
          log.push('GET');
          return void response.writeHead(204, state).end();
        }
        const limit = breakAfter(request, ++nth);
        log.push(`${request.method} ${request.headers['content-range'] ?? 'all'}`);
        let came = 0;
        request.on('data', (chunk: Buffer) => {
          const taken = limit === null ? chunk : chunk.subarray(0, Math.max(0, limit - came));
          came += chunk.length;
          kept = Buffer.concat([kept, taken]);
          if (limit !== null && came >= limit) request.destroy();
        });
        request.on('end', () => {
          if (request.method === 'PUT') stored = kept;
          const range = `0-${Math.max(0, kept.length - 1)}`;
          response.writeHead(request.method === 'PUT' ? 201 : 202, { ...state, range }).end();
        });
      });
      return { server, log, stored: () => stored, image: parseReference(`${server.domain}/a:1`) };
    }

    it('goes on where the registry says that it has come to', async () => {
      const { server, log, stored, image } = await flaky((_request, nth) => (nth <= 2 ? 100_000 : null));
      await using _ = server;
      using own = client();
      assert.equal(await own.pushBlob(image, source), 'sent');
      assert.deepEqual(stored(), blob);
      assert.deepEqual(log, ['POST', 'PUT all', 'GET', 'PATCH 100000-299999', 'GET', 'PATCH 200000-299999', 'PUT all']);
    });

    it('begins anew where the registry has lost it, and gives up in the end', async () => {
      const { server, image, stored } = await flaky((_request, nth) => (nth === 1 ? 0 : null));
      await using _ = server;
      using own = client();
      assert.equal(await own.pushBlob(image, source), 'sent');
      assert.deepEqual(stored(), blob);

      await using broken = await serve((request, response) => {
        if (request.method === 'POST') response.writeHead(202, { location: '/v2/u' }).end();
        else response.writeHead(request.method === 'HEAD' ? 404 : 500).end();
      });
      const given = own.pushBlob(parseReference(`${broken.domain}/a`), source);
      await assert.rejects(given, refuses('REGISTRY', /^cannot push image .* it answers with status 500/));
    });

    it('says who may not', async () => {
      await using closed = await serve((_request, response) => {
        response.writeHead(403).end('{"errors":[{"code":"DENIED","message":"geheim"}]}');
      });
      using own = client();
      const given = own.pushBlob(parseReference(`${closed.domain}/a`), source);
      await assert.rejects(given, refuses('NO_PERMISSION', /does not let us push image \S+: it asks for credentials$/));
    });
  });
});
