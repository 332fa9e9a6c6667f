import { ComposeError } from '../../util/errors.ts';
import type { CredentialStore, Credentials } from '../credentials.ts';
import { basic, fetchToken, TokenRefused } from './authorization.ts';
import { parseChallenges } from './challenge.ts';
import { findHome, type RegistryOptions } from './client.ts';
import { unreachable } from './errors.ts';
import { patiently } from './patience.ts';
import { noRegistrySettings } from './settings.ts';
import { certificateDirectories, readCertificates } from './tls.ts';
import { type HttpAnswer, openTransport } from './transport.ts';

/**
 * Shows a registry a name and a password: what is to be kept of them, which is a token where the registry gives one out in
 * their place. Throws NO_PERMISSION and REGISTRY.
 */
export async function verifyLogin(
  domain: string,
  credentials: Credentials,
  options: Omit<RegistryOptions, 'credentials'>,
): Promise<Credentials> {
  const { signal, environment = {}, settings = noRegistrySettings, backoffMs = 500, timeoutMs = 30_000 } = options;
  const directories = certificateDirectories(environment);
  using transport = openTransport({
    environment,
    timeoutMs,
    tls: ({ host }) => ({ ...readCertificates(host, directories), isVerified: !settings.isInsecure(host) }),
  });
  const nobody = { of: async () => null } as unknown as CredentialStore;
  const home = await findHome(domain, { transport, credentials: nobody, signal, backoffMs, now: Date.now }, settings);
  const send = async (url: URL, headers: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> => {
    try {
      return await patiently(() => transport.send({ url, method: 'GET', headers, signal }), { backoffMs, signal });
    } catch (error) {
      signal.throwIfAborted();
      throw unreachable(domain, error);
    }
  };
  const ping = new URL('/v2/', home.base);
  const first = await send(ping);
  first.discard();
  if (first.status !== 401) return requireOk(domain, first.status, credentials);
  const challenges = parseChallenges(first.header('www-authenticate') ?? '');
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
  if (bearer === undefined) {
    const second = await send(ping, { authorization: basic(credentials) });
    second.discard();
    return requireOk(domain, second.status, credentials);
  }
  try {
    const { token, refreshToken } = await fetchToken(
      bearer,
      [],
      credentials,
      {
        secure: (address) => home.secure(address),
        send: (request) => patiently(() => transport.send({ ...request, signal }), { backoffMs, signal }),
        readText: (answer) => home.readText(answer),
      },
      true,
    );
    const second = await send(ping, { authorization: `Bearer ${token}` });
    second.discard();
    requireOk(domain, second.status, credentials);
    return refreshToken === null ? credentials : { ...credentials, password: '', identityToken: refreshToken };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TokenRefused) throw refused(domain, error.status);
    throw error instanceof ComposeError ? error : unreachable(domain, error);
  }
}

function requireOk(domain: string, status: number, credentials: Credentials): Credentials {
  if (status === 200) return credentials;
  throw refused(domain, status);
}

function refused(domain: string, status: number): ComposeError {
  if ([400, 401, 403].includes(status)) {
    return new ComposeError('NO_PERMISSION', `registry ${domain} refuses the name or the password`);
  }
  const reason = status === 404 ? 'what answers there is no registry' : `it answers with status ${status}`;
  return new ComposeError('REGISTRY', `cannot log in to registry ${domain}: ${reason}`);
}
