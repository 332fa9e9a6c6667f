import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HttpExchange, receive } from '../../../src/supervisor/http-exchange.ts';

describe('requests to the supervisor', () => {
  let directory: string;
  let socketPath: string;
  let server: Server;
  let answer: (exchange: HttpExchange) => void;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tscompose-http-'));
    socketPath = join(directory, 'socket');
    answer = (exchange) => {
      exchange.begin(200, 'application/json');
      exchange.end(
        JSON.stringify({
          method: exchange.method,
          url: exchange.url.pathname + exchange.url.search,
          body: exchange.body,
        }),
      );
    };
    server = createServer((socket) => receive(socket, (exchange) => answer(exchange)));
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  });

  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(directory, { recursive: true });
  });

  /** What comes back for these bytes, each sent on its own. */
  async function sent(...parts: readonly string[]): Promise<string> {
    const socket = connect(socketPath);
    for (const part of parts) {
      socket.write(part);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    return text;
  }

  async function viaNode(options: object, body: string): Promise<{ status: number | undefined; text: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number | undefined; text: string }>();
    const call = request({ socketPath, ...options }, async (response) => {
      let text = '';
      response.setEncoding('utf8');
      for await (const chunk of response) text += String(chunk);
      resolve({ status: response.statusCode, text });
    });
    call.on('error', reject).on('continue', () => call.end(body));
    if (!('headers' in options)) call.end(body);
    return await promise;
  }

  it('a client of HTTP/1.1 is answered', async () => {
    const { status, text } = await viaNode({ method: 'GET', path: '/v1/info?a=b' }, '');
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(text), { method: 'GET', url: '/v1/info?a=b', body: '' });
  });

  it('a client that waits to be told to continue is told', async () => {
    const body = JSON.stringify({ text: 'ü'.repeat(50_000) });
    const headers = { expect: '100-continue', 'content-length': Buffer.byteLength(body) };
    const { text } = await viaNode({ method: 'POST', path: '/v1/apply', headers }, body);
    assert.ok(JSON.parse(text).body === body);
  });

  it('a request in pieces is put together', async () => {
    const text = await sent('POST /x HTTP/1.0\r\ncontent-le', 'ngth: 4\r\n', '\r\nab', 'cd');
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
    assert.deepEqual(JSON.parse(text.split('\r\n\r\n')[1] ?? ''), { method: 'POST', url: '/x', body: 'abcd' });
  });

  const refused: Readonly<Record<string, readonly [request: string, status: number]>> = {
    'what is no HTTP': ['hello\r\n\r\n', 400],
    'a path that is none': ['GET // HTTP/1.1\r\n\r\n', 400],
    'HTTP/2': ['PRI * HTTP/2.0\r\n\r\n', 400],
    'an unknown length': ['POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n', 411],
    'two lengths': ['POST /x HTTP/1.1\r\nContent-Length: 1\r\ncontent-length: 2\r\n\r\nab', 400],
    'a length that is no number': ['POST /x HTTP/1.1\r\nContent-Length: +1\r\n\r\na', 400],
    'a line that is no field': ['GET /x HTTP/1.1\r\nnonsense\r\n\r\n', 400],
    'a body beyond every project': ['POST /x HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n', 413],
    'a head without end': [`GET /x HTTP/1.1\r\na: ${'b'.repeat(20_000)}`, 431],
  };
  for (const [what, [text, status]] of Object.entries(refused)) {
    it(`${what} is refused`, async () => {
      answer = () => assert.fail('it was answered');
      assert.match(await sent(text), new RegExp(`^HTTP/1\\.1 ${status} `));
    });
  }

  it('a client that goes away is noticed, one that has its answer is none', async () => {
    const ends: boolean[] = [];
    const closed = Promise.withResolvers<void>();
    answer = (exchange) => {
      exchange.begin(200, 'text/plain');
      exchange.onClose((isGone) => {
        ends.push(isGone);
        if (ends.length === 2) closed.resolve();
      });
      if (exchange.url.pathname === '/whole') exchange.end('all');
      else exchange.write('a part');
    };
    await sent('GET /whole HTTP/1.0\r\n\r\n');
    const socket = connect(socketPath);
    socket.write('GET /half HTTP/1.0\r\n\r\n');
    socket.once('data', () => socket.destroy());
    await closed.promise;
    assert.deepEqual(ends, [false, true]);
  });
});
