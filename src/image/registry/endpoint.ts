/** One place where a registry, or a mirror of it, answers; what redirects, challenges and passing failures make of a request. */
import { isIPv4 } from 'node:net';
import { ComposeError } from '../../util/errors.ts';
import type { CredentialStore } from '../credentials.ts';
import type { ImageReference } from '../reference.ts';
import { Authorizer, TokenRefused } from './authorization.ts';
import { type Attempt, complaint, errorWords, refusal, unreachable } from './errors.ts';
import { patiently } from './patience.ts';
import type { HttpAnswer, HttpRequest, Transport } from './transport.ts';

export interface EndpointOptions {
  readonly transport: Transport;
  readonly credentials: CredentialStore;
  readonly signal: AbortSignal;
  readonly backoffMs: number;
  readonly now: () => number;
}

/** A request in words of the specification. */
export interface Ask {
  readonly attempt: Attempt;
  readonly image: ImageReference;
  readonly method: HttpRequest['method'];
  /** Below `/v2/`, or where the registry has sent us. */
  readonly at: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: HttpRequest['body'];
  readonly scopes: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** Whether somebody above takes care of failures that pass. */
  readonly isOnce?: boolean;
}

const maxRedirects = 5;
/** Of a manifest or a token, as the specification lets a registry refuse more. */
const maxTextBytes = 4 * 1024 * 1024;

/** Whether plain HTTP will do: the registry is on this machine. */
export function isLoopback(domain: string): boolean {
  const host = domain.replace(/:[0-9]+$/, '').toLowerCase();
  return host === 'localhost' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
}

export class Endpoint {
  /** With the path before `/v2/`, if it has one. */
  readonly base: URL;
  readonly #domain: string;
  readonly #options: EndpointOptions;
  readonly #authorizer: Authorizer;

  /** `domain`: whose credentials are sent. */
  constructor(base: URL, domain: string, options: EndpointOptions) {
    this.base = base;
    this.#domain = domain;
    this.#options = options;
    const { signal } = options;
    this.#authorizer = new Authorizer({
      credentials: () => options.credentials.of(domain, { signal }),
      secure: (address) => this.secure(address),
      send: (request) => this.#patiently({ ...request, signal }),
      readText: (answer) => this.readText(answer),
      now: options.now,
    });
  }

  /** The answer, also when it is a refusal. Throws REGISTRY and NO_PERMISSION. */
  async ask(ask: Ask): Promise<HttpAnswer> {
    const { signal: own } = ask;
    const signal = own === undefined ? this.#options.signal : AbortSignal.any([this.#options.signal, own]);
    try {
      return await this.#follow(ask, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TokenRefused) throw await this.#tokenRefusal(error, ask);
      throw error;
    }
  }

  /** An address that the registry names, in full. Throws REGISTRY when it is less safe than the registry's own. */
  secure(address: string): URL {
    const url = secureAddress(address, this.base);
    if (url !== null) return url;
    throw new ComposeError('REGISTRY', `registry ${this.#domain} sends us to an address without TLS`);
  }

  /** The error for an answer that says no; reads it. */
  async refuse(answer: HttpAnswer, { attempt, image }: Pick<Ask, 'attempt' | 'image'>): Promise<ComposeError> {
    const words = errorWords(await this.readText(answer).catch(() => ''));
    return refusal(attempt, image, answer.status, { given: await this.#hasCredentials(), words });
  }

  /** A short answer. Throws REGISTRY when it is too long or breaks off. */
  async readText(answer: HttpAnswer): Promise<string> {
    return (await this.readBytes(answer)).toString('utf8');
  }

  async readBytes(answer: HttpAnswer): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    try {
      for await (const chunk of answer.body) {
        sizeBytes += chunk.length;
        if (sizeBytes > maxTextBytes)
          throw new ComposeError('REGISTRY', `what registry ${this.#domain} answers is too long`);
        chunks.push(chunk);
      }
    } catch (error) {
      this.#options.signal.throwIfAborted();
      throw error instanceof ComposeError ? error : unreachable(this.base.host, error);
    }
    return Buffer.concat(chunks);
  }

  async #follow(ask: Ask, signal: AbortSignal): Promise<HttpAnswer> {
    const { method, headers, body, scopes } = ask;
    let target = typeof ask.at === 'string' ? this.#url(ask.at) : ask.at;
    let isChallenged = false;
    let redirects = 0;
    for (;;) {
      // Another place, to which the registry redirects, never sees what the registry is shown.
      const isHome = target.origin === this.base.origin;
      const authorization = isHome ? await this.#authorizer.header(scopes) : null;
      const request = {
        url: target,
        method,
        headers: { ...headers, ...(authorization === null ? {} : { authorization }) },
        signal,
        ...(body === undefined ? {} : { body }),
      };
      const answer = ask.isOnce ? await this.#send(request) : await this.#patiently(request);
      const location = answer.header('location');
      if (answer.status >= 300 && answer.status < 400 && answer.status !== 304 && location !== null) {
        answer.discard();
        if (++redirects > maxRedirects) throw complaint(ask.attempt, ask.image, 'it redirects without end');
        const next = secureAddress(location, target);
        if (next === null) throw complaint(ask.attempt, ask.image, 'it sends us to an address without TLS');
        target = next;
      } else if (answer.status === 401 && isHome && !isChallenged) {
        isChallenged = true;
        const answered = await this.#authorizer.answer(answer.header('www-authenticate') ?? '', scopes, authorization);
        if (answered === null) return answer;
        answer.discard();
      } else {
        return answer;
      }
    }
  }

  #url(path: string): URL {
    return new URL(`${this.base.pathname.replace(/\/+$/, '')}/v2/${path}`, this.base);
  }

  async #patiently(request: HttpRequest): Promise<HttpAnswer> {
    const { transport, backoffMs } = this.#options;
    const { signal } = request;
    try {
      return await patiently(() => transport.send(request), { backoffMs, signal });
    } catch (error) {
      signal.throwIfAborted();
      throw unreachable(request.url.host, error);
    }
  }

  /** What fails keeps its own error: whoever tries once decides on it. */
  #send(request: HttpRequest): Promise<HttpAnswer> {
    return this.#options.transport.send(request);
  }

  async #hasCredentials(): Promise<boolean> {
    const { credentials, signal } = this.#options;
    return (await credentials.of(this.#domain, { signal })) !== null;
  }

  async #tokenRefusal({ status }: TokenRefused, { attempt, image }: Ask): Promise<ComposeError> {
    if (status === 200) return complaint(attempt, image, 'it gives out no usable token');
    return refusal(attempt, image, status === 400 ? 401 : status, { given: await this.#hasCredentials(), words: [] });
  }
}

/** An address the registry names: with TLS, unless the one it comes from has none and it is on this machine or the same. */
function secureAddress(address: string, base: URL): URL | null {
  const url = URL.canParse(address, base.href) ? new URL(address, base) : null;
  if (url?.protocol === 'https:') return url;
  if (url?.protocol === 'http:' && base.protocol === 'http:' && (isLoopback(url.host) || url.host === base.host))
    return url;
  return null;
}
