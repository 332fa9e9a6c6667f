/** The supervisor's API over a unix socket (docs/architecture.md). Every answer that takes time is a stream of NDJSON. */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { type ApplyRequest, apiVersion, type InfoResponse, type RunRequest } from '../client/api.ts';
import { apply } from '../engine/engine.ts';
import { errorData, OperationFailure } from '../engine/execute.ts';
import { runOneOff } from '../engine/run.ts';
import { normalizeTime } from '../logs/record.ts';
import type { ProgressEvent, WorldEvent } from '../model/events.ts';
import { listen } from '../util/listen.ts';
import { version } from '../util/version.ts';
import { type HttpExchange, receive } from './http-exchange.ts';
import type { Supervisor } from './supervisor.ts';

/** A longer timer would end at once (setTimeout); no supervisor lives that long. */
const longestTimerMs = 2 ** 31 - 1;

/** How long an event may wait for others: nobody sees it. */
const gatherMs = 4;

export class ApiServer {
  readonly #supervisor: Supervisor;
  readonly #socketPath: string;
  readonly #server: Server;
  /** Connections, those that have asked nothing yet included. */
  readonly #sockets = new Map<Socket, 'idle' | 'busy'>();
  #clients = 0;

  constructor(supervisor: Supervisor, socketPath: string) {
    this.#supervisor = supervisor;
    this.#socketPath = socketPath;
    this.#server = createServer((socket) => {
      this.#sockets.set(socket, 'idle');
      socket.once('close', () => this.#sockets.delete(socket));
      receive(socket, (exchange) => {
        this.#sockets.set(socket, 'busy');
        this.#clients++;
        exchange.onClose(() => {
          this.#clients--;
          supervisor.touch();
        });
        void this.#answer(exchange);
      });
    });
  }

  /** Requests that are being answered. */
  get clients(): number {
    return this.#clients;
  }

  /** Listens; a socket that a killed supervisor left is replaced (the flock says that nobody listens there). */
  async listen(): Promise<void> {
    rmSync(this.#socketPath, { force: true });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    listen(this.#server, { path: this.#socketPath }, resolve);
    await promise;
    chmodSync(this.#socketPath, 0o600);
  }

  /** Lets nobody else in: who comes now starts another supervisor, which waits for this one to leave. */
  refuse(): void {
    rmSync(this.#socketPath, { force: true });
    this.#server.close();
    for (const [socket, state] of this.#sockets) if (state === 'idle') socket.destroy();
  }

  /** Ends what is still connected. */
  async close(): Promise<void> {
    this.refuse();
    // What was written on the last turn is still on its way.
    await new Promise((resolve) => setImmediate(resolve));
    for (const socket of this.#sockets.keys()) socket.destroy();
  }

  async #answer(exchange: HttpExchange): Promise<void> {
    const { pathname, searchParams } = exchange.url;
    const route = `${exchange.method} ${pathname}`;
    try {
      switch (route) {
        case 'GET /v1/info':
          return answerJson(exchange, 200, this.#info());
        case 'GET /v1/idle':
          await this.#supervisor.settled();
          return answerJson(exchange, 200, {});
        case 'GET /v1/events':
          return this.#events(exchange, searchParams.get('since'), searchParams.get('until'));
        case 'POST /v1/apply':
          return await this.#apply(JSON.parse(exchange.body) as ApplyRequest, exchange);
        case 'POST /v1/run':
          return await this.#run(JSON.parse(exchange.body) as RunRequest, exchange);
        case 'POST /v1/shutdown':
          answerJson(exchange, 200, {});
          await this.#supervisor.close();
          return;
        default:
          answerJson(exchange, 404, { code: 'USAGE', message: `there is no ${route}` });
      }
    } catch (error) {
      console.error(`${route}:`, error);
      const answer = { error: errorData(error) };
      if (exchange.isBegun) exchange.end(JSON.stringify(answer));
      else answerJson(exchange, 500, answer);
    }
  }

  #info(): InfoResponse {
    return { version, apiVersion, pid: process.pid, project: this.#supervisor.context.projectName };
  }

  /** From now on, or from `since` as far back as is remembered; until then, or for ever. */
  #events(exchange: HttpExchange, since: string | null, until: string | null): void {
    const { write, end } = openStream(exchange);
    const isBefore = ({ at }: WorldEvent) => until === null || normalizeTime(at) <= until;
    if (since !== null) for (const event of this.#supervisor.memory.since(since)) if (isBefore(event)) write(event);
    const leftMs = until === null ? Number.POSITIVE_INFINITY : Date.parse(until) - Date.now();
    if (leftMs <= 0) {
      end();
      return;
    }
    const stop = this.#supervisor.onEvent((event) => {
      if (isBefore(event)) write(event);
    });
    const timer = leftMs <= longestTimerMs ? setTimeout(end, leftMs) : undefined;
    exchange.onClose(() => {
      clearTimeout(timer);
      stop();
    });
  }

  async #apply(request: ApplyRequest, exchange: HttpExchange): Promise<void> {
    const { context } = this.#supervisor;
    const { write, end, signal } = openStream(exchange);
    try {
      await this.#supervisor.change(() => apply(context, request, { signal, emit: write }), signal);
      write({ type: 'done' });
    } catch (error) {
      if (!signal.aborted) this.#fail(error, write);
    }
    end();
    if (context.database.containers(context.projectName).length === 0 && request.settings.intent === 'down') {
      context.database.removeProject(context.projectName);
      exchange.onClose(() => {
        // Whoever came meanwhile is served; what is queued without a client is carried out before we leave.
        if (this.#clients === 0) void this.#supervisor.close();
      });
    }
  }

  async #run(request: RunRequest, exchange: HttpExchange): Promise<void> {
    const { write, end, signal } = openStream(exchange);
    try {
      await runOneOff(this.#supervisor, request, { signal, emit: write });
      write({ type: 'done' });
    } catch (error) {
      if (!signal.aborted) this.#fail(error, write);
    }
    end();
  }

  #fail(error: unknown, write: (event: ProgressEvent) => void): void {
    const data = errorData(error);
    if (data.code === 'BUG') console.error(error instanceof OperationFailure ? error.cause : error);
    write({ type: 'error', error: data });
  }
}

interface EventStream {
  readonly write: (event: object) => void;
  readonly end: () => void;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

function openStream(exchange: HttpExchange): EventStream {
  exchange.begin(200, 'application/x-ndjson');
  const gone = new AbortController();
  exchange.onClose((isGone) => {
    if (isGone) gone.abort(new DOMException('the client went away', 'AbortError'));
  });
  // What happens within a few milliseconds travels together: a write is a system call here and a wake-up there.
  let pending = '';
  const flush = (): void => {
    if (pending !== '') exchange.write(pending);
    pending = '';
  };
  const write = (event: object): void => {
    if (pending === '') setTimeout(flush, gatherMs);
    pending += `${JSON.stringify(event)}\n`;
  };
  const end = (): void => {
    // With what is pending, in one write.
    exchange.end(pending);
    pending = '';
  };
  return { signal: gone.signal, write, end };
}

function answerJson(exchange: HttpExchange, status: number, body: unknown): void {
  exchange.begin(status, 'application/json');
  exchange.end(JSON.stringify(body));
}
