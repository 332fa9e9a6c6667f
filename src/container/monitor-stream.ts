import { Readable, Writable } from 'node:stream';
import { ComposeError } from '../util/errors.ts';
import type { MonitorConnection } from './monitor-connection.ts';
import { type ControlNotice, channels, encodeControl, encodeFrame, FrameDecoder } from './monitor-frames.ts';

/**
 * An attached or executed process. `stdout` and `stderr` must both be read (or resumed): they share a connection, and
 * whoever does not read is what slows it.
 */
export interface MonitorStream extends Disposable {
  /** Ending it closes the process's standard input. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles when the process has exited and all of its output has arrived; rejects when the connection was lost. */
  readonly exitCode: Promise<number>;
  resize(rows: number, columns: number): void;
  sendSignal(name: string): void;
  /** Leaves the process alone and closes the connection. */
  close(): void;
}

/** The stream that a connection becomes after an agreeing answer. */
export class FramedStream implements MonitorStream {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exitCode: Promise<number>;
  readonly #connection: MonitorConnection;
  readonly #decoder = new FrameDecoder();
  readonly #exit = Promise.withResolvers<number>();
  readonly #full = new Set<Readable>();

  constructor(connection: MonitorConnection) {
    this.#connection = connection;
    const { socket } = connection;
    this.exitCode = this.#exit.promise;
    this.exitCode.catch(() => {}); // who only reads the output need not await the code
    this.stdout = this.#readable();
    this.stderr = this.#readable();
    this.stdin = new Writable({
      decodeStrings: true,
      write: (chunk: Buffer, _encoding, done) => this.#send(encodeFrame(channels.stdin, chunk), done),
      final: (done) => this.#send(encodeFrame(channels.stdin, Buffer.alloc(0)), done),
    });
    this.stdin.on('error', () => {}); // a process that ended does not read; its exit code says so
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.once('close', () => this.#finish());
    socket.resume();
    const rest = connection.takeBuffered();
    if (rest.length > 0) this.#receive(rest);
  }

  resize(rows: number, columns: number): void {
    this.#send(encodeControl({ resize: { rows, columns } }), () => {});
  }

  sendSignal(name: string): void {
    this.#send(encodeControl({ signal: name }), () => {});
  }

  close(): void {
    this.#connection.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #readable(): Readable {
    const readable: Readable = new Readable({
      read: () => {
        this.#full.delete(readable);
        if (this.#full.size === 0) this.#connection.socket.resume();
      },
    });
    return readable;
  }

  #send(frame: Buffer, done: (error?: Error | null) => void): void {
    const { socket } = this.#connection;
    if (!socket.writable) done(null);
    else socket.write(frame, () => done(null));
  }

  #receive(chunk: Buffer): void {
    try {
      for (const { channel, payload } of this.#decoder.push(chunk)) {
        if (channel === channels.control) this.#notice(JSON.parse(payload.toString('utf8')) as ControlNotice);
        else if (payload.length > 0) this.#deliver(channel === channels.stderr ? this.stderr : this.stdout, payload);
      }
    } catch (error) {
      this.#exit.reject(error);
      this.close();
    }
  }

  #deliver(readable: Readable, payload: Buffer): void {
    if (readable.destroyed || readable.push(payload)) return;
    this.#full.add(readable);
    this.#connection.socket.pause();
  }

  #notice(notice: ControlNotice): void {
    if ('exit' in notice) this.#exit.resolve(notice.exit.exitCode);
    else {
      const message = `output was read too slowly: ${notice.dropped.bytes} bytes were dropped`;
      this.#exit.reject(new ComposeError('LIMIT', message, { hint: 'read the rest with logs' }));
    }
  }

  #finish(): void {
    const lost = new ComposeError('NOT_RUNNING', 'the connection to the container was lost');
    this.#exit.reject(this.#connection.abortReason ?? lost);
    this.stdout.push(null);
    this.stderr.push(null);
    this.stdin.destroy();
    this.close();
  }
}
