/** A client of the Distribution API (OCI distribution-spec), on the platform's fetch. */
import { createHash } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ComposeError } from '../util/errors.ts';
import type { CredentialStore, Credentials } from './credentials.ts';
import { formatReference, type ImageReference, isDigest, withDefaultTag } from './reference.ts';

export interface RegistryOptions {
  readonly credentials: CredentialStore;
  readonly signal: AbortSignal;
  /** Pause before the second attempt; each further one is twice as long. */
  readonly backoffMs?: number;
  /** How long an answer may take. */
  readonly timeoutMs?: number;
}

export interface RegistryClient {
  /**
   * Digest of what a tag names: of the index, where there is one for several platforms. Throws IMAGE_NOT_FOUND, REGISTRY
   * and NO_PERMISSION.
   */
  resolveDigest(reference: ImageReference): Promise<string>;
}

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

const maxAttempts = 4;
const maxPauseMs = 30_000;
const maxRedirects = 5;
/** Of a manifest or a token, as the specification lets a registry refuse more. */
const maxBodyBytes = 4 * 1024 * 1024;

/** A client that remembers, per repository, how the registry wants to be addressed. */
export function openRegistryClient(options: RegistryOptions): RegistryClient {
  const origins = new Map<string, Promise<string>>();
  const originOf = (domain: string): Promise<string> => {
    const origin = origins.get(domain) ?? findOrigin(domain, options);
    origins.set(domain, origin);
    return origin;
  };
  return {
    async resolveDigest(reference) {
      const image = withDefaultTag(reference);
      const repository = new Repository(image, await originOf(image.domain), options);
      return repository.resolveDigest(image.digest ?? image.tag ?? 'latest');
    },
  };
}

/** Whether plain HTTP will do: the registry is on this machine. */
export function isLoopback(domain: string): boolean {
  const host = domain.replace(/:[0-9]+$/, '').toLowerCase();
  return host === 'localhost' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
}

async function findOrigin(domain: string, options: RegistryOptions): Promise<string> {
  if (!isLoopback(domain)) return `https://${domain === 'docker.io' ? 'registry-1.docker.io' : domain}`;
  try {
    const response = await send(new URL(`https://${domain}/v2/`), {}, options);
    await response.body?.cancel();
    return `https://${domain}`;
  } catch (error) {
    options.signal.throwIfAborted();
    // A certificate is proof of TLS; whatever else went wrong, plain HTTP will tell.
    if (isCertificateProblem(codeOf(error))) throw unreachable(domain, error);
    return `http://${domain}`;
  }
}

/** One repository, and what it takes to be let in. */
class Repository {
  readonly #image: ImageReference;
  readonly #origin: string;
  readonly #options: RegistryOptions;
  /** By origin: another one, to which the registry redirects, never sees the registry's. */
  readonly #authorization = new Map<string, string>();

  constructor(image: ImageReference, origin: string, options: RegistryOptions) {
    this.#image = image;
    this.#origin = origin;
    this.#options = options;
  }

  async resolveDigest(name: string): Promise<string> {
    const url = new URL(`/v2/${this.#image.repository}/manifests/${name}`, this.#origin);
    const head = await this.#request(url, 'HEAD');
    await head.body?.cancel();
    const announced = head.headers.get('docker-content-digest');
    if (head.ok && announced !== null && isDigest(announced)) return announced;
    if (!head.ok && head.status !== 405 && head.status !== 501) throw this.#refusal(head);
    const response = await this.#request(url, 'GET');
    if (!response.ok) {
      await response.body?.cancel();
      throw this.#refusal(response);
    }
    const body = await this.#read(response);
    const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
    const claimed = response.headers.get('docker-content-digest');
    if (claimed?.startsWith('sha256:') && claimed !== digest) {
      throw this.#complaint('the manifest it sends is not what its digest says');
    }
    return claimed !== null && isDigest(claimed) ? claimed : digest;
  }

  /** One request, with what redirects, challenges and failures that pass make of it. */
  async #request(url: URL, method: 'HEAD' | 'GET'): Promise<Response> {
    let target = url;
    let redirects = 0;
    const challenged = new Set<string>();
    for (;;) {
      const authorization = this.#authorization.get(target.origin);
      const headers = { accept: manifestTypes, ...(authorization === undefined ? {} : { authorization }) };
      const response = await this.#patiently(target, { method, headers });
      const location = response.headers.get('location');
      if (response.status >= 300 && response.status < 400 && location !== null) {
        await response.body?.cancel();
        if (++redirects > maxRedirects) throw this.#complaint('it redirects without end');
        target = this.#secure(location, target);
      } else if (response.status === 401 && !challenged.has(target.origin)) {
        await response.body?.cancel();
        challenged.add(target.origin);
        const answer = await this.#answer(response.headers.get('www-authenticate') ?? '', target);
        if (answer === null) return response;
        this.#authorization.set(target.origin, answer);
      } else {
        return response;
      }
    }
  }

  /** An address the registry names: with TLS, unless the one it comes from has none, which is on this machine. */
  #secure(address: string, base: URL): URL {
    const url = URL.canParse(address, base.href) ? new URL(address, base) : null;
    if (url?.protocol === 'https:') return url;
    if (url?.protocol === 'http:' && base.protocol === 'http:' && isLoopback(url.host)) return url;
    throw this.#complaint('it sends us to an address without TLS');
  }

  /** What to send for a challenge; null: nothing we have would do. */
  async #answer(challenge: string, target: URL): Promise<string | null> {
    const isHome = target.origin === new URL(this.#origin).origin;
    const credentials = isHome ? this.#options.credentials.of(this.#image.domain) : null;
    const bearer = /(?:^|,)\s*Bearer\s+(.*)$/is.exec(challenge)?.[1];
    if (bearer !== undefined) {
      return `Bearer ${credentials?.registryToken ?? (await this.#fetchToken(parametersOf(bearer), credentials, target))}`;
    }
    return /(?:^|,)\s*Basic\b/i.test(challenge) && credentials !== null && credentials.username !== ''
      ? basic(credentials)
      : null;
  }

  async #fetchToken(
    parameters: ReadonlyMap<string, string>,
    credentials: Credentials | null,
    target: URL,
  ): Promise<string> {
    const realm = this.#secure(parameters.get('realm') ?? '', target);
    const service = parameters.get('service');
    const wishes = new URLSearchParams({
      ...(service === undefined ? {} : { service }),
      scope: parameters.get('scope') ?? `repository:${this.#image.repository}:pull`,
    });
    const response = await this.#patiently(...tokenRequest(realm, wishes, credentials));
    if (!response.ok) {
      await response.body?.cancel();
      throw this.#refusal(response);
    }
    const token = tokenOf((await this.#read(response)).toString('utf8'));
    if (token !== null && /^[\x21-\x7e]+$/.test(token)) return token;
    throw this.#complaint('it gives out no usable token');
  }

  /** Sends, and sends again after a pause while the registry is busy or broken. */
  async #patiently(url: URL, init: RequestInit): Promise<Response> {
    const { signal, backoffMs = 500 } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      let pauseMs = backoffMs * 2 ** (attempt - 1) * (1 + Math.random() / 4);
      try {
        const response = await send(url, init, this.#options);
        const isPassing = response.status === 429 || (response.status >= 500 && response.status !== 501);
        if (!isPassing || attempt === maxAttempts) return response;
        await response.body?.cancel();
        pauseMs = Math.max(pauseMs, Number(response.headers.get('retry-after')) * 1000 || 0);
      } catch (error) {
        signal.throwIfAborted();
        if (attempt === maxAttempts || !isDroppedConnection(codeOf(error))) throw unreachable(url.host, error);
      }
      await sleep(Math.min(pauseMs, maxPauseMs), undefined, { signal });
    }
  }

  async #read(response: Response): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    try {
      for await (const chunk of response.body ?? []) {
        sizeBytes += chunk.length;
        if (sizeBytes > maxBodyBytes) throw this.#complaint('its answer is too long');
        chunks.push(chunk);
      }
    } catch (error) {
      this.#options.signal.throwIfAborted();
      throw error instanceof ComposeError ? error : unreachable(this.#image.domain, error);
    }
    return Buffer.concat(chunks);
  }

  #refusal({ status }: Response): ComposeError {
    const { domain } = this.#image;
    const name = formatReference(this.#image);
    if (status === 404) {
      return new ComposeError('IMAGE_NOT_FOUND', `image ${name} does not exist: registry ${domain} does not know it`, {
        hint: 'check the name and the tag',
      });
    }
    if (status === 401 || status === 403) {
      const { credentials } = this.#options;
      const given = credentials.of(domain) !== null;
      const elsewhere = !given && credentials.isElsewhere(domain);
      return new ComposeError(
        'NO_PERMISSION',
        `registry ${domain} does not let us see image ${name}: ${given ? 'it refuses the credentials' : 'it asks for credentials'}`,
        {
          hint: elsewhere
            ? 'credential helpers are not asked yet: put the credentials into `auths` of ~/.docker/config.json'
            : `log in with: docker login${domain === 'docker.io' ? '' : ` ${domain}`}`,
        },
      );
    }
    return this.#complaint(`it answers with status ${status}`);
  }

  #complaint(reason: string): ComposeError {
    const { domain } = this.#image;
    return new ComposeError('REGISTRY', `cannot look up image ${formatReference(this.#image)} in ${domain}: ${reason}`);
  }
}

function tokenRequest(realm: URL, wishes: URLSearchParams, credentials: Credentials | null): [URL, RequestInit] {
  const url = new URL(realm);
  if (credentials?.identityToken) {
    wishes.set('grant_type', 'refresh_token');
    wishes.set('client_id', 'tscompose');
    wishes.set('refresh_token', credentials.identityToken);
    return [url, { method: 'POST', body: wishes }];
  }
  for (const [key, value] of wishes) url.searchParams.append(key, value);
  return [url, credentials === null ? {} : { headers: { authorization: basic(credentials) } }];
}

function tokenOf(body: string): string | null {
  try {
    const answer = JSON.parse(body) as { readonly token?: unknown; readonly access_token?: unknown } | null;
    const token = answer?.token || answer?.access_token;
    return typeof token === 'string' ? token : null;
  } catch {
    // The parser's message would quote the answer.
    return null;
  }
}

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** `realm="…",service="…"`; of a parameter that comes twice the first counts. */
function parametersOf(challenge: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [, name = '', quoted, plain] of challenge.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,"]+))/g)) {
    const key = name.toLowerCase();
    if (!parameters.has(key)) parameters.set(key, quoted ?? plain ?? '');
  }
  return parameters;
}

function send(url: URL, init: RequestInit, { signal, timeoutMs = 30_000 }: RegistryOptions): Promise<Response> {
  // Redirects are followed by hand: fetch would go on without TLS.
  return fetch(url, {
    ...init,
    redirect: 'manual',
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
}

/** fetch hides what happened in causes, and where several addresses were tried in a list. */
function codeOf(error: unknown): string {
  for (let each = error; each instanceof Error; each = each.cause) {
    const inner = each instanceof AggregateError ? (each.errors[0] as unknown) : each;
    const code = inner instanceof Error ? (inner as NodeJS.ErrnoException).code : undefined;
    if (typeof code === 'string') return code;
    if (each.name === 'TimeoutError') return 'ETIMEDOUT';
  }
  return '';
}

function isDroppedConnection(code: string): boolean {
  return ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'EAI_AGAIN'].includes(code);
}

function isCertificateProblem(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_/.test(code);
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'its name is unknown',
  EAI_AGAIN: 'its name cannot be looked up',
  ECONNRESET: 'the connection breaks',
  UND_ERR_SOCKET: 'the connection breaks',
  ETIMEDOUT: 'it does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
};

function unreachable(host: string, cause: unknown): ComposeError {
  const code = codeOf(cause);
  const reason = isCertificateProblem(code)
    ? `its certificate is not trusted (${code})`
    : (reasons[code] ?? (code || innermost(cause)));
  return new ComposeError('REGISTRY', `cannot reach registry ${host}${reason === '' ? '' : `: ${reason}`}`, { cause });
}

function innermost(error: unknown): string {
  let deepest = error;
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause;
  return deepest instanceof Error ? deepest.message : '';
}
