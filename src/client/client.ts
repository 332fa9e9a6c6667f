import { existsSync } from 'node:fs';
import type { ProgressEvent, WorldEvent } from '../model/events.ts';
import type { ProjectPaths } from '../state/paths.ts';
import { ComposeError } from '../util/errors.ts';
import type { ApplyRequest, InfoResponse, RunEvent, RunRequest } from './api.ts';
import type { BegunSupervisor } from './begun.ts';
import { errorFromBody, remoteError } from './error.ts';
import { type ExchangeAnswer, exchange } from './exchange.ts';
import { parseJsonLines } from './ndjson.ts';
import { awaitBegun, type SupervisorCommand, startSupervisor } from './spawn.ts';

export interface CallOptions {
  /** Aborting closes the connection, which cancels the operation at its next step boundary. */
  readonly signal?: AbortSignal | undefined;
}

/** Times as records have them (logs/record.ts). */
export interface EventRange {
  /** What the supervisor remembers from then on comes first; otherwise only what happens from now on. */
  readonly since?: string | undefined;
  /** Ends the stream. */
  readonly until?: string | undefined;
}

/** A project's supervisor, started when there is none. Calls may be made at once; they wait for it. */
export class SupervisorClient implements Disposable {
  readonly #paths: ProjectPaths;
  readonly #command: SupervisorCommand | null;
  readonly #begun: BegunSupervisor | null;
  #started: Promise<void> | undefined;
  #isOurs = false;
  /** Those that are still being read. */
  readonly #answers = new Set<ExchangeAnswer>();

  /**
   * `command: null`: a supervisor that is not there is not started, and every call throws SUPERVISOR. `begun`: one of this
   * project that is starting already.
   */
  constructor(paths: ProjectPaths, command: SupervisorCommand | null, begun: BegunSupervisor | null = null) {
    this.#paths = paths;
    this.#command = command;
    this.#begun = begun;
  }

  /** Begins to start the supervisor if it is absent, without waiting: a failure shows at the first call. */
  prepare(): void {
    // One that was begun needs nothing more.
    if (this.#begun === null) this.#ready().catch(() => {});
  }

  /** Whether a supervisor listens. */
  async isPresent(): Promise<boolean> {
    try {
      const response = await this.#send('GET', '/v1/info', undefined, {});
      response.body.destroy();
      return true;
    } catch (error) {
      // One that leaves just now may still take the connection, and break it.
      if (isAbsent(error) || isReset(error)) return false;
      throw error;
    }
  }

  async info(options: CallOptions = {}): Promise<InfoResponse> {
    return JSON.parse(await readAll(await this.#call('GET', '/v1/info', undefined, options))) as InfoResponse;
  }

  /** Ends after `done`; an `error` event is thrown as RemoteError. */
  apply(body: ApplyRequest, options: CallOptions = {}): AsyncGenerator<ProgressEvent> {
    return this.#progress<ProgressEvent>('/v1/apply', body, options);
  }

  /** Ends after `done`; an `error` event is thrown as RemoteError. */
  run(body: RunRequest, options: CallOptions = {}): AsyncGenerator<RunEvent> {
    return this.#progress<RunEvent>('/v1/run', body, options);
  }

  /** What happens to containers; `opened` runs when the supervisor has agreed. */
  async *events(options: CallOptions & EventRange & { readonly opened?: () => void } = {}): AsyncGenerator<WorldEvent> {
    const { since, until } = options;
    const range = new URLSearchParams({ ...(since && { since }), ...(until && { until }) });
    const response = await this.#call('GET', `/v1/events?${range}`, undefined, options);
    options.opened?.();
    yield* this.#lines<WorldEvent>(response, options.signal);
  }

  /** Settles when the supervisor carries out nothing any more. Starts none. */
  async untilIdle(options: CallOptions = {}): Promise<void> {
    await readAll(await this.#send('GET', '/v1/idle', undefined, options));
  }

  /** Settles when what was lost so far was looked at and repaired, by a new supervisor if there is none. */
  async untilRepaired(options: CallOptions = {}): Promise<void> {
    await readAll(await this.#call('GET', '/v1/idle', undefined, options));
  }

  async shutdown(options: CallOptions = {}): Promise<void> {
    await readAll(await this.#call('POST', '/v1/shutdown', undefined, options));
  }

  /** Takes back a start that was for nothing: a supervisor that was there before stays. */
  async leaveIfStarted(): Promise<void> {
    const started = this.#begun === null ? this.#started : this.#ready();
    await started?.catch(() => {});
    if (this.#isOurs) await this.shutdown().catch(() => {});
  }

  [Symbol.dispose](): void {
    for (const { body } of this.#answers) body.destroy();
  }

  async *#progress<T extends RunEvent>(path: string, body: unknown, options: CallOptions): AsyncGenerator<T> {
    const response = await this.#call('POST', path, body, options);
    let isOver = false;
    for await (const event of this.#lines<T>(response, options.signal)) {
      if (event.type === 'error') throw remoteError(event.error);
      isOver ||= event.type === 'done';
      yield event;
    }
    if (isOver) return;
    throw new ComposeError('SUPERVISOR', 'the supervisor ended in the middle of the operation', {
      hint: `run the command again, it goes on from there; the supervisor's log is ${this.#paths.log}`,
    });
  }

  async *#lines<T>(response: ExchangeAnswer, signal: AbortSignal | undefined): AsyncGenerator<T> {
    try {
      yield* parseJsonLines<T>(response.body);
    } catch (error) {
      signal?.throwIfAborted();
      // The connection broke: the caller knows whether the stream was complete.
      if (!isReset(error)) throw error;
    } finally {
      response.body.destroy();
    }
  }

  async #call(method: 'GET' | 'POST', path: string, body: unknown, options: CallOptions): Promise<ExchangeAnswer> {
    await unlessAborted(this.#ready(), options.signal);
    let response: ExchangeAnswer;
    try {
      response = await this.#send(method, path, body, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      // It was there a moment ago and went away, which idle supervisors do: once more with a new one. Without a word of
      // answer the request was not begun, or was by one that was killed: to go on from there is what a request does.
      const isGone = isAbsent(error) || isReset(error);
      if (!isGone || this.#command === null) throw translate(error, this.#paths);
      this.#started = this.#start(this.#command);
      await unlessAborted(this.#started, options.signal);
      response = await this.#send(method, path, body, options).catch((again: unknown) => {
        options.signal?.throwIfAborted();
        throw translate(again, this.#paths);
      });
    }
    if (response.status === 200) return response;
    throw errorFromBody(response.status, await readAll(response));
  }

  #ready(): Promise<void> {
    this.#started ??= this.#startWhenAbsent();
    return this.#started;
  }

  async #startWhenAbsent(): Promise<void> {
    if (this.#begun !== null) {
      const answer = await awaitBegun(this.#begun, this.#paths);
      this.#isOurs = answer === 'ready';
      if (answer !== null) return;
    }
    // Whether somebody listens at the socket shows at the call.
    if (existsSync(this.#paths.socket)) return;
    if (this.#command === null) throw new ComposeError('SUPERVISOR', 'the project has no supervisor');
    await this.#start(this.#command);
  }

  async #start(command: SupervisorCommand): Promise<void> {
    this.#isOurs = (await startSupervisor(command, this.#paths)) === 'ready';
  }

  async #send(method: 'GET' | 'POST', path: string, body: unknown, { signal }: CallOptions): Promise<ExchangeAnswer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const answer = await exchange({ socketPath: this.#paths.socket, method, path, body: text, signal });
    this.#answers.add(answer);
    answer.body.once('close', () => this.#answers.delete(answer));
    return answer;
  }
}

/** Settles as `promise` does, or with the reason of an abort; what it waits for goes on. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

async function readAll({ body }: ExchangeAnswer): Promise<string> {
  let text = '';
  body.setEncoding('utf8');
  for await (const chunk of body) text += String(chunk);
  return text;
}

function isAbsent(error: unknown): boolean {
  return hasCode(error, ['ENOENT', 'ECONNREFUSED']);
}

function isReset(error: unknown): boolean {
  return hasCode(error, ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']);
}

function hasCode(error: unknown, codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

function translate(error: unknown, paths: ProjectPaths): unknown {
  if (hasCode(error, ['EACCES'])) {
    return new ComposeError('NO_PERMISSION', `cannot reach the supervisor at ${paths.socket}`, {
      hint: 'run the command as the user who owns the project',
      cause: error,
    });
  }
  if (!(error instanceof Error) || !('code' in error)) return error;
  return new ComposeError('SUPERVISOR', `cannot reach the supervisor: ${error.message}`, {
    hint: `its log is ${paths.log}`,
    cause: error,
  });
}
