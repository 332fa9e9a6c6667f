/** What `docker login` has written down. Nothing in here is ever part of a message. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ComposeError } from '../util/errors.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** Stands for the password where the registry gives out tokens. */
  readonly identityToken: string | null;
  /** A token that is ready to use. */
  readonly registryToken: string | null;
}

export interface CredentialStore {
  /** Those for a registry; null: none are known. */
  of(domain: string): Credentials | null;
  /** Whether a program, which we do not ask, keeps those of the registry. */
  isElsewhere(domain: string): boolean;
}

/** Reads `config.json` of DOCKER_CONFIG or `~/.docker`; a missing file means none. Throws INVALID. */
export async function readCredentials(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<CredentialStore> {
  const directory = environment.DOCKER_CONFIG || (environment.HOME ? join(environment.HOME, '.docker') : '');
  return directory === '' ? storeOf({}) : storeOf(await readConfig(join(directory, 'config.json')));
}

async function readConfig(path: string): Promise<Json> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return {};
    throw new ComposeError('INVALID', `cannot read the credentials in ${path}: ${code}`, { cause: error });
  }
  try {
    return asObject(JSON.parse(text));
  } catch {
    // Without the parser's message, which quotes the file.
    throw new ComposeError('INVALID', `cannot read the credentials in ${path}: it is not JSON`);
  }
}

function storeOf(config: Json): CredentialStore {
  const helpers = new Set(Object.keys(asObject(config.credHelpers)).map(hostOf));
  const known = new Map<string, Credentials>();
  for (const [key, entry] of Object.entries(asObject(config.auths))) {
    const credentials = credentialsOf(asObject(entry));
    if (credentials !== null) known.set(hostOf(key), credentials);
  }
  return {
    of: (domain) => known.get(domain) ?? null,
    isElsewhere: (domain) => helpers.has(domain) || asText(config.credsStore) !== '',
  };
}

/** Old entries are addresses, `https://index.docker.io/v1/`. */
function hostOf(key: string): string {
  const host = key.replace(/^https?:\/\//, '').replace(/\/.*$/s, '');
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host;
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

type Json = Readonly<Record<string, unknown>>;

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
