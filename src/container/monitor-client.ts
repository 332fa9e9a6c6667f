/**
 * Speaks to one container's monitor over its control socket. Every call opens its own connection: connecting costs less than
 * keeping track, and a call that waits never holds up another.
 */
import { MonitorConnection } from './monitor-connection.ts';
import type {
  AttachArguments,
  Descriptors,
  ExecArguments,
  MonitorEvent,
  RequestAnswers,
  RequestArguments,
  RequestName,
} from './monitor-protocol.ts';
import type { MonitorState } from './monitor-state.ts';
import { FramedStream, type MonitorStream } from './monitor-stream.ts';

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
    using connection = await MonitorConnection.open(this.socketPath, options.signal);
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
    const connection = await MonitorConnection.open(this.socketPath, options.signal);
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
    using connection = await MonitorConnection.open(this.socketPath, options.signal);
    connection.writeLine({ op: 'exec', detach: true, ...args });
    return (await connection.readAnswer()).pid as number;
  }

  async #stream(request: object, options: CallOptions): Promise<MonitorStream> {
    const connection = await MonitorConnection.open(this.socketPath, options.signal);
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

class LineSubscription implements Subscription {
  readonly state: MonitorState;
  readonly kept: Descriptors | undefined;
  readonly #connection: MonitorConnection;

  constructor(connection: MonitorConnection, state: MonitorState, kept: Descriptors | undefined) {
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
