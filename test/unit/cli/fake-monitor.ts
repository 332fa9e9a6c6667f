import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { encodeFrame, FrameDecoder } from '../../../src/container/monitor-frames.ts';
import type { ContainerRecord } from '../../../src/model/records.ts';
import type { ContainerPaths } from '../../../src/state/paths.ts';

/** A monitor's control socket, in memory: it answers what a test needs and says what it was asked. */
export class FakeMonitor implements AsyncDisposable {
  readonly requests: Record<string, unknown>[] = [];
  readonly received: { channel: number; text: string }[] = [];
  readonly #paths: ContainerPaths;
  readonly #server: Server;
  readonly #subscribers = new Set<Socket>();
  readonly #sockets = new Set<Socket>();
  #stream: Socket | undefined;
  #asked = Promise.withResolvers<void>();

  static async open(paths: ContainerPaths): Promise<FakeMonitor> {
    mkdirSync(paths.runDir, { recursive: true });
    mkdirSync(paths.bundle, { recursive: true });
    const monitor = new FakeMonitor(paths);
    await new Promise<void>((resolve) => monitor.#server.listen(paths.socket, resolve));
    return monitor;
  }

  private constructor(paths: ContainerPaths) {
    this.#paths = paths;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** Settles at the next request. */
  async nextRequest(): Promise<void> {
    await this.#asked.promise;
  }

  emit(event: object): void {
    for (const socket of this.#subscribers) socket.write(`${JSON.stringify(event)}\n`);
  }

  /** Output, or with channel 3 a notice, to whoever attached. */
  send(channel: number, text: string): void {
    this.#stream?.write(encodeFrame(channel, Buffer.from(text)));
  }

  /** Ends as a monitor does: record, event, socket. */
  exit(exitCode: number): void {
    writeFileSync(this.#paths.exitRecord, JSON.stringify({ exitCode }));
    this.emit({ event: 'die', exitCode, signal: null, oomKilled: false, at: '' });
    this.emit({ event: 'gone', exitCode });
    rmSync(this.#paths.socket, { force: true });
    for (const socket of this.#sockets) socket.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    const decoder = new FrameDecoder();
    let isStream = false;
    socket.on('data', (chunk) => {
      if (isStream) {
        for (const { channel, payload } of decoder.push(chunk)) this.received.push({ channel, text: String(payload) });
        return;
      }
      const request = JSON.parse(String(chunk)) as Record<string, unknown>;
      this.requests.push(request);
      isStream = request.op === 'attach' || request.op === 'exec';
      if (isStream) this.#stream = socket;
      if (request.op === 'subscribe') this.#subscribers.add(socket);
      socket.write(`${JSON.stringify({ ok: true, state: { status: 'running', restartCount: 0, health: null } })}\n`);
      this.#asked.resolve();
      this.#asked = Promise.withResolvers<void>();
    });
  }
}

/** As much of a record as watching it takes. */
export function containerRecord(id: string, name: string, service = name): ContainerRecord {
  return { id, name, project: 'shop', service, number: 1, oneOff: false, ports: [] } as unknown as ContainerRecord;
}
