/** What `docker login` and `tscompose login` have written down. Nothing in here is ever part of a message. */
import { readConfig, updateConfig } from './credential-file.ts';
import { askHelper } from './credential-helper.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** Stands for the password where the registry gives out tokens. */
  readonly identityToken: string | null;
  /** A token that is ready to use. */
  readonly registryToken: string | null;
}

export interface CredentialStore {
  /** Those for a registry; null: none are known. Throws INVALID when a helper fails. */
  of(domain: string, options: { readonly signal: AbortSignal }): Promise<Credentials | null>;
  /** Keeps them where the configuration says; the name of the helper, or null for the file itself. */
  save(domain: string, credentials: Credentials, options: { readonly signal: AbortSignal }): Promise<string | null>;
  /** Forgets them; whether there were any. */
  erase(domain: string, options: { readonly signal: AbortSignal }): Promise<boolean>;
  /** The file, for messages; null: there is no home to have one in. */
  readonly path: string | null;
}

/** Opens `config.json` of DOCKER_CONFIG or `~/.docker`; a missing file means none. Throws INVALID. */
export async function readCredentials(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<CredentialStore> {
  const directory = environment.DOCKER_CONFIG || (environment.HOME ? `${environment.HOME}/.docker` : '');
  const path = directory === '' ? null : `${directory}/config.json`;
  return new DockerCredentials(path, path === null ? {} : await readConfig(path), environment);
}

class DockerCredentials implements CredentialStore {
  readonly path: string | null;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #known = new Map<string, Promise<Credentials | null>>();
  #config: Json;

  constructor(path: string | null, config: Json, environment: Readonly<Record<string, string | undefined>>) {
    this.path = path;
    this.#config = config;
    this.#environment = environment;
  }

  of(domain: string, { signal }: { readonly signal: AbortSignal }): Promise<Credentials | null> {
    // A helper is a program that may ask the user something: once is enough.
    const known = this.#known.get(domain) ?? this.#find(domain, signal);
    this.#known.set(domain, known);
    return known;
  }

  async save(
    domain: string,
    credentials: Credentials,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<string | null> {
    this.#known.delete(domain);
    const helper = this.#helperOf(domain);
    const key = keyOf(domain);
    if (helper !== null) {
      const { identityToken, username, password } = credentials;
      const [Username, Secret] = identityToken === null ? [username, password] : [tokenName, identityToken];
      await askHelper(helper, 'store', JSON.stringify({ ServerURL: key, Username, Secret }), this.#options(signal));
    }
    await this.#update((auths) => ({ ...auths, [key]: helper === null ? entryOf(credentials) : {} }));
    return helper;
  }

  async erase(domain: string, { signal }: { readonly signal: AbortSignal }): Promise<boolean> {
    const isThere = (await this.of(domain, { signal })) !== null;
    this.#known.delete(domain);
    const helper = this.#helperOf(domain);
    if (helper !== null && isThere) await askHelper(helper, 'erase', keyOf(domain), this.#options(signal));
    const keys = Object.keys(asObject(this.#config.auths)).filter((key) => hostOf(key) === domain);
    if (keys.length > 0) {
      await this.#update((auths) => Object.fromEntries(Object.entries(auths).filter(([key]) => !keys.includes(key))));
    }
    return isThere || keys.length > 0;
  }

  async #find(domain: string, signal: AbortSignal): Promise<Credentials | null> {
    const helper = this.#helperOf(domain);
    if (helper !== null) {
      const answer = await askHelper(helper, 'get', keyOf(domain), this.#options(signal));
      if (answer !== null) {
        const { Username, Secret } = parseAnswer(answer);
        const isToken = Username === tokenName;
        return {
          username: isToken ? '' : Username,
          password: isToken ? '' : Secret,
          identityToken: isToken ? Secret : null,
          registryToken: null,
        };
      }
    }
    for (const [key, entry] of Object.entries(asObject(this.#config.auths))) {
      if (hostOf(key) !== domain) continue;
      const credentials = credentialsOf(asObject(entry));
      if (credentials !== null) return credentials;
    }
    return null;
  }

  #helperOf(domain: string): string | null {
    for (const [key, name] of Object.entries(asObject(this.#config.credHelpers))) {
      if (hostOf(key) === domain && asText(name) !== '') return asText(name);
    }
    return asText(this.#config.credsStore) || null;
  }

  #options(signal: AbortSignal) {
    return { environment: this.#environment, signal };
  }

  async #update(change: (auths: Json) => Json): Promise<void> {
    if (this.path === null) return;
    this.#config = await updateConfig(this.path, (config) => ({ ...config, auths: change(asObject(config.auths)) }));
  }
}

/** The name under which a helper keeps a token instead of a password. */
const tokenName = '<token>';

/** Old entries are addresses, `https://index.docker.io/v1/`. */
function hostOf(key: string): string {
  const host = key.replace(/^https?:\/\//, '').replace(/\/.*$/s, '');
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host;
}

/** Docker's key for a registry. */
function keyOf(domain: string): string {
  return domain === 'docker.io' ? 'https://index.docker.io/v1/' : domain;
}

function entryOf({ username, password, identityToken }: Credentials): Json {
  const secret = identityToken === null ? password : '';
  const auth = Buffer.from(`${username}:${secret}`).toString('base64');
  return identityToken === null ? { auth } : { auth, identitytoken: identityToken };
}

function credentialsOf(entry: Json): Credentials | null {
  const decoded = Buffer.from(asText(entry.auth), 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = decoded.indexOf(':');
  const username = colon < 0 ? asText(entry.username) : decoded.slice(0, colon);
  const password = colon < 0 ? asText(entry.password) : decoded.slice(colon + 1);
  const identityToken = asText(entry.identitytoken) || null;
  // Anything else could not be sent, and the error would quote it.
  const registryToken = /^[\x21-\x7e]+$/.exec(asText(entry.registrytoken))?.[0] ?? null;
  if (username === '' && identityToken === null && registryToken === null) return null;
  return { username, password, identityToken, registryToken };
}

function parseAnswer(text: string): { readonly Username: string; readonly Secret: string } {
  let answer: Json = {};
  try {
    answer = asObject(JSON.parse(text));
  } catch {
    // The parser's message would quote the answer.
  }
  return { Username: asText(answer.Username), Secret: asText(answer.Secret) };
}

type Json = Readonly<Record<string, unknown>>;

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
