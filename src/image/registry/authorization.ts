/** How a registry is persuaded to let us in: Basic, or a token that it sends us for (distribution-spec, token flows). */
import type { Credentials } from '../credentials.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { HttpAnswer, HttpRequest } from './transport.ts';

export interface AuthorizerOptions {
  readonly credentials: () => Promise<Credentials | null>;
  /** An address that the registry named: it must be as safe as the registry's own. Throws REGISTRY. */
  readonly secure: (address: string) => URL;
  readonly send: (request: Omit<HttpRequest, 'signal'>) => Promise<HttpAnswer>;
  readonly readText: (answer: HttpAnswer) => Promise<string>;
  readonly now: () => number;
}

/** What a token server answered that was no token. */
export class TokenRefused extends Error {
  readonly status: number;
  constructor(status: number) {
    super('no token');
    this.status = status;
  }
}

interface Token {
  readonly value: string;
  readonly expiresAtMs: number;
}

export interface TokenAnswer {
  readonly token: string;
  readonly expiresInSeconds: number;
  readonly refreshToken: string | null;
}

const clientId = 'tscompose';
/** Tokens that do not say it hold for so long (distribution-spec, token authentication). */
const defaultLifeSeconds = 60;
/** One that is about to end would end on the way: it is used for most of its life. */
const usedShare = 0.9;

/** One registry's door. Tokens are kept per scope until they expire. */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #tokens = new Map<string, Promise<Token>>();
  #known: Challenge | null = null;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /** The header for a request with these scopes, as far as the registry has said before what it wants; null: nothing. */
  async header(scopes: readonly string[]): Promise<string | null> {
    return this.#known === null ? null : await this.#respond(this.#known, scopes);
  }

  /**
   * The header in answer to a 401 to a request with the header `refused`. Null: nothing that we have would do. Throws
   * TokenRefused.
   */
  async answer(challengeHeader: string, scopes: readonly string[], refused: string | null): Promise<string | null> {
    const challenges = parseChallenges(challengeHeader);
    const challenge =
      challenges.find(({ scheme }) => scheme === 'bearer') ?? challenges.find(({ scheme }) => scheme === 'basic');
    if (challenge === undefined) return null;
    // Its scope is that of this request.
    this.#known = { ...challenge, parameters: new Map([...challenge.parameters].filter(([name]) => name !== 'scope')) };
    const all = withScopeOf(challenge, scopes);
    const kept = await this.#tokens.get(keyOf(all));
    if (kept !== undefined && `Bearer ${kept.value}` === refused) this.#tokens.delete(keyOf(all));
    return await this.#respond(challenge, all);
  }

  async #respond(challenge: Challenge, scopes: readonly string[]): Promise<string | null> {
    const credentials = await this.#options.credentials();
    if (challenge.scheme === 'basic') {
      return credentials === null || credentials.username === '' ? null : basic(credentials);
    }
    if (credentials?.registryToken) return `Bearer ${credentials.registryToken}`;
    const key = keyOf(scopes);
    for (;;) {
      const pending = this.#tokens.get(key);
      if (pending === undefined) break;
      const { value, expiresAtMs } = await pending;
      if (expiresAtMs > this.#options.now()) return `Bearer ${value}`;
      if (this.#tokens.get(key) === pending) this.#tokens.delete(key);
    }
    // One request, however many wait for it.
    const token = this.#fetch(challenge, scopes, credentials);
    this.#tokens.set(key, token);
    try {
      return `Bearer ${(await token).value}`;
    } catch (error) {
      this.#tokens.delete(key);
      throw error;
    }
  }

  async #fetch(challenge: Challenge, scopes: readonly string[], credentials: Credentials | null): Promise<Token> {
    const askedAtMs = this.#options.now();
    const { token, expiresInSeconds } = await fetchToken(challenge, scopes, credentials, this.#options);
    return { value: token, expiresAtMs: askedAtMs + expiresInSeconds * 1000 * usedShare };
  }
}

/** Asks the token server that a challenge names. `offline`: also for a token that stands for the password. */
export async function fetchToken(
  { parameters }: Challenge,
  scopes: readonly string[],
  credentials: Credentials | null,
  options: Pick<AuthorizerOptions, 'secure' | 'send' | 'readText'>,
  offline = false,
): Promise<TokenAnswer> {
  const realm = options.secure(parameters.get('realm') ?? '');
  const service = parameters.get('service');
  const answer = await options.send(tokenRequest(realm, service, scopes, credentials, offline));
  if (answer.status !== 200) {
    answer.discard();
    throw new TokenRefused(answer.status);
  }
  const found = readToken(await options.readText(answer));
  if (found === null) throw new TokenRefused(200);
  return found;
}

function tokenRequest(
  realm: URL,
  service: string | undefined,
  scopes: readonly string[],
  credentials: Credentials | null,
  offline: boolean,
): Omit<HttpRequest, 'signal'> {
  if (credentials?.identityToken) {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: clientId,
      refresh_token: credentials.identityToken,
      ...(service === undefined ? {} : { service }),
      ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { url: realm, method: 'POST', headers, body: () => Buffer.from(form.toString()) };
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.append('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (credentials === null) return { url, method: 'GET' };
  url.searchParams.append('account', credentials.username);
  url.searchParams.append('client_id', clientId);
  if (offline) url.searchParams.append('offline_token', 'true');
  return { url, method: 'GET', headers: { authorization: basic(credentials) } };
}

function readToken(body: string): TokenAnswer | null {
  let answer: Readonly<Record<string, unknown>> | null;
  try {
    answer = JSON.parse(body) as typeof answer;
  } catch {
    // The parser's message would quote the answer.
    return null;
  }
  const token = answer?.token || answer?.access_token;
  // Anything else could not be sent, and the error would quote it.
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) return null;
  const { expires_in: life, refresh_token: refresh } = answer ?? {};
  return {
    token,
    expiresInSeconds: typeof life === 'number' && life > 0 ? life : defaultLifeSeconds,
    refreshToken: typeof refresh === 'string' && refresh !== '' ? refresh : null,
  };
}

/** The header for a name and a password. */
export function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function withScopeOf({ parameters }: Challenge, scopes: readonly string[]): readonly string[] {
  const wanted = (parameters.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
  const missing = wanted.filter((scope) => !scopes.some((own) => includesScope(own, scope)));
  return [...scopes, ...missing];
}

/** `repository:a:pull,push` includes `repository:a:pull`. */
function includesScope(own: string, wanted: string): boolean {
  const split = (scope: string) => [scope.slice(0, scope.lastIndexOf(':')), scope.slice(scope.lastIndexOf(':') + 1)];
  const [ownName, ownActions = ''] = split(own);
  const [name, actions = ''] = split(wanted);
  return ownName === name && actions.split(',').every((action) => ownActions.split(',').includes(action));
}

function keyOf(scopes: readonly string[]): string {
  return [...scopes].sort().join(' ');
}
