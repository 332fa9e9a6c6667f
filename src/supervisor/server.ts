/** The supervisor's API over a unix socket (docs/architecture.md). Every answer that takes time is a stream of NDJSON. */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type ApplyRequest, apiVersion, type InfoResponse, type RunRequest } from '../client/api.ts';
import { apply } from '../engine/engine.ts';
import { errorData, OperationFailure } from '../engine/execute.ts';
import { runOneOff } from '../engine/run.ts';
import { normalizeTime } from '../logs/record.ts';
import type { ProgressEvent, WorldEvent } from '../model/events.ts';
import { version } from '../util/version.ts';
import type { Supervisor } from './supervisor.ts';

/** A longer timer would end at once (setTimeout); no supervisor lives that long. */
const longestTimerMs = 2 ** 31 - 1;

/** How long an event may wait for others: nobody sees it. */
const gatherMs = 4;

export class ApiServer {
  readonly #supervisor: Supervisor;
  readonly #socketPath: string;
  readonly #server: Server;
  #clients = 0;

  constructor(supervisor: Supervisor, socketPath: string) {
    this.#supervisor = supervisor;
    this.#socketPath = socketPath;
    this.#server = createServer((request, response) => {
      this.#clients++;
      response.once('close', () => {
        this.#clients--;
        supervisor.touch();
      });
      void this.#answer(request, response);
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
    this.#server.listen(this.#socketPath, resolve);
    await promise;
    chmodSync(this.#socketPath, 0o600);
  }

  /** Lets nobody else in: who comes now starts another supervisor, which waits for this one to leave. */
  refuse(): void {
    rmSync(this.#socketPath, { force: true });
    this.#server.close();
    this.#server.closeIdleConnections();
  }

  /** Ends what is still connected. */
  async close(): Promise<void> {
    this.refuse();
    // What was written on the last turn is still on its way.
    await new Promise((resolve) => setImmediate(resolve));
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://supervisor');
    const route = `${request.method} ${pathname}`;
    try {
      switch (route) {
        case 'GET /v1/info':
          return this.#json(response, this.#info());
        case 'GET /v1/idle':
          await this.#supervisor.settled();
          return this.#json(response, {});
        case 'GET /v1/events':
          return this.#events(response, searchParams.get('since'), searchParams.get('until'));
        case 'POST /v1/apply':
          return await this.#apply(await readJson<ApplyRequest>(request), response);
        case 'POST /v1/run':
          return await this.#run(await readJson<RunRequest>(request), response);
        case 'POST /v1/shutdown':
          this.#json(response, {});
          await this.#supervisor.close();
          return;
        default:
          response.writeHead(404, { 'content-type': 'application/json' });
          response.end(JSON.stringify({ code: 'USAGE', message: `there is no ${route}` }));
      }
    } catch (error) {
      console.error(`${route}:`, error);
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: errorData(error) }));
    }
  }

  #info(): InfoResponse {
    return { version, apiVersion, pid: process.pid, project: this.#supervisor.context.projectName };
  }

  #json(response: ServerResponse, body: unknown): void {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  }

  /** From now on, or from `since` as far back as is remembered; until then, or for ever. */
  #events(response: ServerResponse, since: string | null, until: string | null): void {
    const { write, end } = openStream(response);
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
    response.once('close', () => {
      clearTimeout(timer);
      stop();
    });
  }

  async #apply(request: ApplyRequest, response: ServerResponse): Promise<void> {
    const { context } = this.#supervisor;
    const { write, end, signal } = openStream(response);
    try {
      await this.#supervisor.change(() => apply(context, request, { signal, emit: write }), signal);
      write({ type: 'done' });
    } catch (error) {
      if (!signal.aborted) this.#fail(error, write);
    }
    end();
    if (context.database.containers(context.projectName).length === 0 && request.settings.intent === 'down') {
      context.database.removeProject(context.projectName);
      response.once('close', () => {
        // Whoever came meanwhile is served; what is queued without a client is carried out before we leave.
        if (this.#clients === 0) void this.#supervisor.close();
      });
    }
  }

  async #run(request: RunRequest, response: ServerResponse): Promise<void> {
    const { write, end, signal } = openStream(response);
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

function openStream(response: ServerResponse): EventStream {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(new DOMException('the client went away', 'AbortError'));
  });
  // What happens within a few milliseconds travels together: a write is a system call here and a wake-up there.
  let pending = '';
  const flush = (): void => {
    if (pending !== '') response.write(pending);
    pending = '';
  };
  const write = (event: object): void => {
    if (pending === '') setTimeout(flush, gatherMs);
    pending += `${JSON.stringify(event)}\n`;
  };
  const end = (): void => {
    // With what is pending, in one write.
    response.end(pending);
    pending = '';
  };
  return { signal: gone.signal, write, end };
}

async function readJson<T>(request: IncomingMessage): Promise<T> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as T;
}
