import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { MonitorClient } from '../../../src/container/monitor-client.ts';
import { channels, encodeFrame, FrameDecoder } from '../../../src/container/monitor-frames.ts';
import type { MonitorEvent } from '../../../src/container/monitor-protocol.ts';

/** The other end of a connection, for tests to script. */
class Peer {
  readonly socket: Socket;
  #text = '';
  #waiting: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      this.#text += chunk.toString('latin1');
      this.#waiting?.();
    });
    socket.on('close', () => this.#waiting?.());
  }

  async line(): Promise<unknown> {
    await this.until((received) => received.includes('\n'));
    const end = this.#text.indexOf('\n');
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    return JSON.parse(line);
  }

  async until(condition: (received: string) => boolean): Promise<string> {
    while (!condition(this.#text)) await new Promise<void>((resolve) => (this.#waiting = resolve));
    return this.#text;
  }

  say(message: object): void {
    this.socket.write(`${JSON.stringify(message)}\n`);
  }
}

describe('monitor client', () => {
  let directory: string;
  let server: Server;
  let script: (peer: Peer) => Promise<void>;
  let client: MonitorClient;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'monitor-client-'));
    const path = join(directory, 's');
    server = createServer((socket) => void script(new Peer(socket)));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    client = new MonitorClient(path);
  });

  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(directory, { recursive: true });
  });

  it('sends a request and gives its answer', async () => {
    let request: unknown;
    script = async (peer) => {
      request = await peer.line();
      peer.say({ ok: true, exitCode: 3 });
    };
    assert.equal((await client.request('stop', { timeoutMs: 5 })).exitCode, 3);
    assert.deepEqual(request, { op: 'stop', timeoutMs: 5 });
  });

  it('throws the refusal of the monitor', async () => {
    script = async (peer) => peer.say({ ok: false, code: 'NOT_RUNNING', message: 'the container is not running' });
    await assert.rejects(client.request('pause', {}), { code: 'NOT_RUNNING', message: 'the container is not running' });
  });

  it('says NOT_RUNNING when nobody listens and when the monitor leaves without an answer', async () => {
    await assert.rejects(new MonitorClient(join(directory, 'none')).state(), { code: 'NOT_RUNNING' });
    script = async (peer) => void peer.socket.destroy();
    await assert.rejects(client.request('wait', {}), { code: 'NOT_RUNNING' });
  });

  it('gives up with the reason of the abort', async () => {
    const abort = new AbortController();
    script = async (peer) => {
      await peer.line();
      abort.abort(new Error('enough'));
    };
    await assert.rejects(client.request('wait', {}, { signal: abort.signal }), /enough/);
    await assert.rejects(client.request('wait', {}, { signal: AbortSignal.abort(new Error('before')) }), /before/);
  });

  it('iterates over events until the monitor closes', async () => {
    script = async (peer) => {
      await peer.line();
      peer.say({ ok: true, state: { status: 'running' } });
      peer.socket.write('{"event":"pa');
      peer.socket.write('use"}\n{"event":"unpause"}\n');
      peer.socket.end('{"event":"gone","exitCode":0}\n');
    };
    const subscription = await client.subscribe();
    assert.equal(subscription.state.status, 'running');
    const events: MonitorEvent[] = [];
    for await (const event of subscription) events.push(event);
    assert.deepEqual(events, [{ event: 'pause' }, { event: 'unpause' }, { event: 'gone', exitCode: 0 }]);
  });

  it('an abort ends the iteration with its reason', async () => {
    script = async (peer) => peer.say({ ok: true, state: {} });
    const abort = new AbortController();
    const subscription = await client.subscribe({ signal: abort.signal });
    const next = subscription[Symbol.asyncIterator]().next();
    abort.abort(new Error('leaving'));
    await assert.rejects(next, /leaving/);
  });

  it('says bye before it leaves', async () => {
    const lines: unknown[] = [];
    const left = Promise.withResolvers<void>();
    script = async (peer) => {
      lines.push(await peer.line());
      peer.say({ ok: true, state: {} });
      lines.push(await peer.line());
      left.resolve();
    };
    const subscription = await client.subscribe({ supervisor: true });
    await subscription.bye();
    await left.promise;
    assert.deepEqual(lines, [{ op: 'subscribe', supervisor: true }, { op: 'bye' }]);
  });

  it('carries stdio, size and signals of an executed process', async () => {
    let request: unknown;
    const frames: string[] = [];
    script = async (peer) => {
      request = await peer.line();
      // The first frame shares a packet with the answer.
      peer.socket.write(Buffer.concat([Buffer.from('{"ok":true,"pid":7}\n'), encodeFrame(1, Buffer.from('out'))]));
      peer.socket.write(encodeFrame(2, Buffer.from('err')));
      const received = await peer.until((bytes) => bytes.includes('SIGINT'));
      for (const { channel, payload } of new FrameDecoder().push(Buffer.from(received, 'latin1'))) {
        frames.push(`${channel}:${payload}`);
      }
      peer.socket.end(encodeFrame(3, Buffer.from('{"exit":{"exitCode":9}}')));
    };
    const stream = await client.exec({ process: { args: ['cat'] }, privileged: false });
    stream.stdin.end('in');
    await new Promise((resolve) => stream.stdin.once('finish', resolve));
    stream.resize(2, 3);
    stream.sendSignal('SIGINT');
    const output = await Promise.all([text(stream.stdout), text(stream.stderr), stream.exitCode]);
    assert.deepEqual(output, ['out', 'err', 9]);
    assert.deepEqual(request, { op: 'exec', detach: false, process: { args: ['cat'] }, privileged: false });
    assert.deepEqual(frames, ['0:in', '0:', '3:{"resize":{"rows":2,"columns":3}}', '3:{"signal":"SIGINT"}']);
  });

  it('does not read on while its own reader is slow', async () => {
    const size = 8 << 20;
    let sentBytes = 0;
    script = async (peer) => {
      await peer.line();
      peer.say({ ok: true });
      const frame = encodeFrame(channels.stdout, Buffer.alloc(1 << 16, 'x'));
      while (sentBytes < size) {
        sentBytes += 1 << 16;
        if (!peer.socket.write(frame)) await new Promise((resolve) => peer.socket.once('drain', resolve));
      }
      peer.socket.end(encodeFrame(channels.control, Buffer.from('{"exit":{"exitCode":0}}')));
    };
    const stream = await client.attach({ stdin: false, replayBytes: 0 });
    stream.stderr.resume();
    await new Promise((resolve) => stream.stdout.once('readable', resolve));
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(sentBytes < size, `the sender was held back, but sent ${sentBytes}`);
    assert.equal((await text(stream.stdout)).length, size);
    assert.equal(await stream.exitCode, 0);
  });

  it('a dropped or lost stream rejects the exit code', async () => {
    script = async (peer) => {
      await peer.line();
      peer.say({ ok: true });
      peer.socket.end(encodeFrame(channels.control, Buffer.from('{"dropped":{"bytes":5}}')));
    };
    const slow = await client.attach({ stdin: false, replayBytes: 0 });
    await assert.rejects(slow.exitCode, { code: 'LIMIT' });
    script = async (peer) => {
      await peer.line();
      peer.say({ ok: true });
      peer.socket.end();
    };
    const lost = await client.attach({ stdin: false, replayBytes: 0 });
    await assert.rejects(lost.exitCode, { code: 'NOT_RUNNING' });
  });
});
