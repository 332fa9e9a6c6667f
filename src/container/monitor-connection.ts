import { connect, type Socket } from 'node:net';
import { ComposeError } from '../util/errors.ts';
import { refusal } from './monitor-protocol.ts';

type Message = Readonly<Record<string, unknown>>;

/** One connection to a monitor's control socket: lines until it becomes a stream, then raw bytes. */
export class MonitorConnection implements Disposable {
  readonly socket: Socket;
  readonly #signal: AbortSignal | undefined;
  readonly #abort: () => void;
  #buffered = Buffer.alloc(0);

  static async open(path: string, signal: AbortSignal | undefined): Promise<MonitorConnection> {
    signal?.throwIfAborted();
    const socket = connect(path);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once('connect', resolve);
    socket.once('error', reject);
    const abort = () => reject(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await promise;
      return new MonitorConnection(socket, signal);
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

function translate(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ECONNRESET') {
    return new ComposeError('NOT_RUNNING', `no monitor listens at ${path}`, { cause: error });
  }
  if (code === 'EACCES')
    return new ComposeError('NO_PERMISSION', `cannot reach the monitor at ${path}`, { cause: error });
  return error;
}
