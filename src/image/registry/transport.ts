/**
 * One HTTP request and its answer. On node:http and node:https, not on fetch: a registry may have a certificate authority
 * or want a client certificate of its own, which Node's fetch takes only from a package that is not part of Node.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { getCACertificates } from 'node:tls';
import type { TlsMaterial } from './tls.ts';

export interface HttpRequest {
  readonly url: URL;
  readonly method: 'HEAD' | 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  /** Made anew for each attempt. */
  readonly body?: () => Uint8Array | Readable;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  header(name: string): string | null;
  /** Can be read once; what is not read must be discarded. */
  readonly body: AsyncIterable<Buffer>;
  discard(): void;
}

export interface Transport extends Disposable {
  /** Follows no redirect. Rejects with the system's error, and with ETIMEDOUT when nothing comes for too long. */
  send(request: HttpRequest): Promise<HttpAnswer>;
}

export interface TransportOptions {
  readonly tls: (url: URL) => TlsMaterial;
  /** Where proxies are named: HTTP_PROXY, HTTPS_PROXY, NO_PROXY. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How long an answer, or the next piece of one, may take. */
  readonly timeoutMs: number;
}

const maxSockets = 64;

export function openTransport(options: TransportOptions): Transport {
  const agents = new Map<string, HttpAgent>();
  const agentFor = (url: URL): HttpAgent => {
    const found = agents.get(url.origin);
    if (found !== undefined) return found;
    const agent = makeAgent(url, options);
    agents.set(url.origin, agent);
    return agent;
  };
  return {
    send: (request) => send(request, agentFor(request.url), options.timeoutMs),
    [Symbol.dispose]() {
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

function makeAgent(url: URL, { tls, environment }: TransportOptions): HttpAgent {
  const common = { keepAlive: true, maxSockets, ...(isLocal(url) ? {} : { proxyEnv: proxiesIn(environment) }) };
  if (url.protocol === 'http:') return new HttpAgent(common);
  const { authorities, certificates, isVerified } = tls(url);
  return new HttpsAgent({
    ...common,
    // Those of the system too, as Docker has it; Node's own are Mozilla's.
    ca: [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...authorities])],
    cert: certificates.map(({ certificate }) => certificate),
    key: certificates.map(({ key }) => key),
    rejectUnauthorized: isVerified,
  });
}

function proxiesIn(environment: TransportOptions['environment']): Record<string, string | undefined> {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];
  return Object.fromEntries(names.map((name) => [name, environment[name]]));
}

function isLocal({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

async function send(request: HttpRequest, agent: HttpAgent, timeoutMs: number): Promise<HttpAnswer> {
  const { url, method, headers = {}, body, signal } = request;
  signal.throwIfAborted();
  const content = body?.();
  const length = content instanceof Uint8Array ? { 'content-length': String(content.length) } : {};
  const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const outgoing = open(url, { method, headers: { 'user-agent': 'tscompose', ...length, ...headers }, agent, signal });
  const { promise: answered, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  outgoing.once('response', resolve).once('error', reject);
  // Silence in either direction: whatever comes or goes begins the time anew.
  let response: IncomingMessage | null = null;
  outgoing.setTimeout(timeoutMs, () => (response ?? outgoing).destroy(timedOut()));
  // Errors after the answer come through its body.
  outgoing.on('error', () => {});
  if (content === undefined || content instanceof Uint8Array) outgoing.end(content);
  else {
    // A registry may answer, and close, before it has read all; its answer says why.
    pipeline(content, outgoing).catch((error: Error) => {
      if (!outgoing.destroyed) outgoing.destroy(error);
    });
  }
  try {
    response = await answered;
    return asAnswer(response, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

function asAnswer(response: IncomingMessage, signal: AbortSignal): HttpAnswer {
  return {
    status: response.statusCode ?? 0,
    header: (name) => {
      const value = response.headers[name];
      return Array.isArray(value) ? value.join(', ') : (value ?? null);
    },
    body: bodyOf(response, signal),
    discard() {
      // A short rest is read, so that the connection can be used again.
      const rest = Number(response.headers['content-length'] ?? Number.NaN);
      if (rest <= 65_536) response.resume();
      else response.destroy();
      response.on('error', () => {});
    },
  };
}

async function* bodyOf(response: IncomingMessage, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response) yield chunk as Buffer;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
  // Node ends the iteration quietly where the peer has closed too early only in some versions.
  if (!response.complete) throw Object.assign(new Error('the answer is cut short'), { code: 'ECONNRESET' });
}

function timedOut(): Error {
  return Object.assign(new Error('nothing came'), { code: 'ETIMEDOUT' });
}
