/**
 * Speaks to one container's monitor over its control socket. Every call opens its own connection: connecting costs less than
 * keeping track, and a call that waits never holds up another.
 */
import { connect, type Socket } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { ComposeError } from '../util/errors.ts';
import {
  type AttachArguments,
  type ControlNotice,
  channels,
  type Descriptors,
  type ExecArguments,
  encodeControl,
  encodeFrame,
  FrameDecoder,
  type MonitorEvent,
  type MonitorState,
  type RequestAnswers,
  type RequestArguments,
  type RequestName,
  refusal,
} from './monitor-protocol.ts';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A subscription: events until the container is gone, the monitor died, or close(). */
export interface Subscription extends AsyncIterable<MonitorEvent>, AsyncDisposable {
  /** What the monitor knew when the subscription began. */
  readonly state: MonitorState;
  /** What it keeps of a former supervisor. */
  readonly kept: Descriptors | undefined;
  /** Says that a supervisor leaves on purpose, so that the monitor starts no other. */
  bye(): Promise<void>;
  close(): void;
}

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

export class MonitorClient {
  readonly socketPath: string;

  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  /**
   * One request, one answer. Throws ComposeError: NOT_RUNNING when no monitor listens or it left before it answered, else
   * the monitor's own refusal.
   */
  async request<Name extends RequestName>(
    op: Name,
    args: RequestArguments[Name],
    options: CallOptions = {},
  ): Promise<RequestAnswers[Name]> {
    using connection = await Connection.open(this.socketPath, options.signal);
    connection.writeLine({ op, ...args });
    return (await connection.readAnswer()) as unknown as RequestAnswers[Name];
  }

  async state(options: CallOptions = {}): Promise<MonitorState> {
    return (await this.request('state', {}, options)).state;
  }

  /** Events from now on. Aborting `signal` ends the iteration with the reason of the abort. */
  async subscribe(
    options: CallOptions & { readonly supervisor?: boolean; readonly keep?: Descriptors | undefined } = {},
  ): Promise<Subscription> {
    const connection = await Connection.open(this.socketPath, options.signal);
    try {
      connection.writeLine({ op: 'subscribe', supervisor: options.supervisor ?? false, keep: options.keep });
      const answer = await connection.readAnswer();
      return new LineSubscription(connection, answer.state as MonitorState, answer.kept as Descriptors | undefined);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** The container's own stdio. It ends when this run of the container does. */
  async attach(args: AttachArguments, options: CallOptions = {}): Promise<MonitorStream> {
    return await this.#stream({ op: 'attach', ...args }, options);
  }

  /** Runs a process inside the container. Throws the reason when it cannot start, with the exit code a shell would give. */
  async exec(args: ExecArguments, options: CallOptions = {}): Promise<MonitorStream> {
    return await this.#stream({ op: 'exec', detach: false, ...args }, options);
  }

  /** Runs a process inside the container and leaves it there; the answer is its pid on the host. */
  async execDetached(args: ExecArguments, options: CallOptions = {}): Promise<number> {
    using connection = await Connection.open(this.socketPath, options.signal);
    connection.writeLine({ op: 'exec', detach: true, ...args });
    return (await connection.readAnswer()).pid as number;
  }

  async #stream(request: object, options: CallOptions): Promise<MonitorStream> {
    const connection = await Connection.open(this.socketPath, options.signal);
    try {
      connection.writeLine(request);
      await connection.readAnswer();
      return new FramedStream(connection);
    } catch (error) {
      connection.close();
      throw error;
    }
  }
}

type Message = Readonly<Record<string, unknown>>;

/** One connection: lines until it becomes a stream, then raw bytes. */
class Connection implements Disposable {
  readonly socket: Socket;
  readonly #signal: AbortSignal | undefined;
  readonly #abort: () => void;
  #buffered = Buffer.alloc(0);

  static async open(path: string, signal: AbortSignal | undefined): Promise<Connection> {
    signal?.throwIfAborted();
    const socket = connect(path);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once('connect', resolve);
    socket.once('error', reject);
    const abort = () => reject(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await promise;
      return new Connection(socket, signal);
    } catch (error) {
      socket.destroy();
      throw translate(error, path);
    } finally {
      socket.removeAllListeners('connect');
      socket.removeAllListeners('error');
      socket.on('error', () => {}); // a lost connection shows as its end; readers say what that means
      signal?.removeEventListener('abort', abort);
    }
  }

  private constructor(socket: Socket, signal: AbortSignal | undefined) {
    this.socket = socket;
    this.#signal = signal;
    this.#abort = () => socket.destroy();
    signal?.addEventListener('abort', this.#abort, { once: true });
  }

  writeLine(message: object): void {
    this.socket.write(`${JSON.stringify(message)}\n`);
  }

  /** The next line; undefined at the end. Throws the reason of an abort. */
  async readLine(): Promise<Message | undefined> {
    for (;;) {
      const end = this.#buffered.indexOf(0x0a);
      if (end >= 0) {
        const line = this.#buffered.toString('utf8', 0, end);
        this.#buffered = this.#buffered.subarray(end + 1);
        return JSON.parse(line) as Message;
      }
      const chunk = await this.#readChunk();
      if (chunk === undefined) return undefined;
      this.#buffered = Buffer.concat([this.#buffered, chunk]);
    }
  }

  /** The next line, which must be an agreeing answer. */
  async readAnswer(): Promise<Message> {
    const answer = await this.readLine();
    if (answer === undefined)
      throw new ComposeError('NOT_RUNNING', 'the container stopped before its monitor answered');
    if (answer.ok !== true) throw refusal(answer);
    return answer;
  }

  /** What came after the last line, for a connection that becomes a stream. */
  takeBuffered(): Buffer {
    const rest = this.#buffered;
    this.#buffered = Buffer.alloc(0);
    return rest;
  }

  get abortReason(): unknown {
    return this.#signal?.aborted ? this.#signal.reason : undefined;
  }

  close(): void {
    this.#signal?.removeEventListener('abort', this.#abort);
    this.socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #readChunk(): Promise<Buffer | undefined> {
    for (;;) {
      this.#signal?.throwIfAborted();
      const chunk = this.socket.read() as Buffer | null;
      if (chunk !== null) return chunk;
      if (this.socket.readableEnded || this.socket.destroyed) return undefined;
      const { promise, resolve } = Promise.withResolvers<void>();
      const settled = () => resolve();
      for (const name of ['readable', 'end', 'close']) this.socket.once(name, settled);
      await promise;
      for (const name of ['readable', 'end', 'close']) this.socket.removeListener(name, settled);
    }
  }
}

class LineSubscription implements Subscription {
  readonly state: MonitorState;
  readonly kept: Descriptors | undefined;
  readonly #connection: Connection;

  constructor(connection: Connection, state: MonitorState, kept: Descriptors | undefined) {
    this.#connection = connection;
    this.state = state;
    this.kept = kept;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<MonitorEvent, void, undefined> {
    try {
      for (;;) {
        const message = await this.#connection.readLine();
        if (message === undefined) return;
        if ('event' in message) yield message as unknown as MonitorEvent;
      }
    } finally {
      this.close();
    }
  }

  async bye(): Promise<void> {
    const { socket } = this.#connection;
    if (socket.destroyed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.once('close', () => resolve());
    // Once it is in the socket's buffer the monitor reads it, whether or not we are still there.
    socket.end('{"op":"bye"}\n', () => this.close());
    await promise;
  }

  close(): void {
    this.#connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

class FramedStream implements MonitorStream {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exitCode: Promise<number>;
  readonly #connection: Connection;
  readonly #decoder = new FrameDecoder();
  readonly #exit = Promise.withResolvers<number>();
  readonly #full = new Set<Readable>();

  constructor(connection: Connection) {
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

function translate(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ECONNRESET') {
    return new ComposeError('NOT_RUNNING', `no monitor listens at ${path}`, { cause: error });
  }
  if (code === 'EACCES')
    return new ComposeError('NO_PERMISSION', `cannot reach the monitor at ${path}`, { cause: error });
  return error;
}
