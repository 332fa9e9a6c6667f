/** A client of the Distribution API (OCI distribution-spec 1.1, and Docker's before it). */
import { createHash } from 'node:crypto';
import { ComposeError } from '../../util/errors.ts';
import type { CredentialStore } from '../credentials.ts';
import { type Descriptor, manifestMediaTypes } from '../oci.ts';
import { type ImageReference, isDigest, withDefaultTag } from '../reference.ts';
import { fetchBlob } from './blob.ts';
import { Endpoint, type EndpointOptions, isLoopback } from './endpoint.ts';
import { type Attempt, codeOf, complaint, isCertificateProblem, unreachable } from './errors.ts';
import { noRegistrySettings, type RegistrySettings } from './settings.ts';
import { certificateDirectories, readCertificates } from './tls.ts';
import { type HttpAnswer, openTransport, type Transport } from './transport.ts';
import { type BlobSource, type Pushed, pushBlob } from './upload.ts';

export interface RegistryOptions {
  readonly credentials: CredentialStore;
  readonly signal: AbortSignal;
  /** Names proxies and the directories of certificates. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly settings?: RegistrySettings;
  /** Pause before the second attempt; each further one is twice as long. */
  readonly backoffMs?: number;
  /** How long an answer, or the next piece of one, may take. */
  readonly timeoutMs?: number;
  /** The time, for tokens that expire. */
  readonly now?: () => number;
}

export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/** Each method throws IMAGE_NOT_FOUND, NO_PERMISSION and REGISTRY; an abort passes with the signal's reason. */
export interface RegistryClient extends Disposable {
  /** Digest of what a tag names: of the index, where there is one for several platforms. */
  resolveDigest(reference: ImageReference, options?: Abortable): Promise<string>;
  /** A manifest or an index, by the digest of the reference or else its tag; it is what its digest says. */
  fetchManifest(
    reference: ImageReference,
    options?: Abortable & { readonly accept?: readonly string[] },
  ): Promise<FetchedManifest>;
  /**
   * The bytes of a blob from `offset` on, gone on with when the connection breaks. As many as the descriptor says, or an
   * error; the digest is for whoever has them all to check.
   */
  fetchBlob(
    reference: ImageReference,
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    options?: Abortable & { readonly offset?: number },
  ): AsyncIterable<Buffer>;
  /** Sends a blob, unless the repository has it or may take it over from another one of the registry. */
  pushBlob(
    reference: ImageReference,
    source: BlobSource,
    options?: Abortable & {
      readonly mountFrom?: readonly string[];
      readonly onProgress?: (sentBytes: number) => void;
    },
  ): Promise<Pushed>;
  /** Stores a manifest or an index under the tag of the reference, else under its digest. */
  pushManifest(
    reference: ImageReference,
    mediaType: string,
    bytes: Uint8Array,
    options?: Abortable,
  ): Promise<Descriptor>;
}

export interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** A client that remembers how each registry wants to be addressed, until it is disposed of. */
export function openRegistryClient(options: RegistryOptions): RegistryClient {
  const { environment = {}, settings = noRegistrySettings, timeoutMs = 30_000 } = options;
  const directories = certificateDirectories(environment);
  const transport = openTransport({
    environment,
    timeoutMs,
    tls: ({ host }) => ({ ...readCertificates(host, directories), isVerified: !settings.isInsecure(host) }),
  });
  const endpointOptions = { ...options, transport, backoffMs: options.backoffMs ?? 500, now: options.now ?? Date.now };
  const homes = new Map<string, Promise<Endpoint>>();
  const homeOf = (domain: string): Promise<Endpoint> => {
    const home = homes.get(domain) ?? findHome(domain, endpointOptions, settings);
    homes.set(domain, home);
    return home;
  };
  const mirrors = new Map<string, Endpoint[]>();
  const mirrorsOf = (domain: string): Endpoint[] => {
    const found =
      mirrors.get(domain) ?? settings.mirrors(domain).map((url) => new Endpoint(url, url.host, endpointOptions));
    mirrors.set(domain, found);
    return found;
  };

  /** Asks the mirrors first; what they do not have, or do not say, the registry itself is asked for. */
  const fromNearest = async <T>(domain: string, read: (endpoint: Endpoint) => Promise<T>): Promise<T> => {
    for (const mirror of mirrorsOf(domain)) {
      try {
        return await read(mirror);
      } catch (error) {
        if (!(error instanceof ComposeError)) throw error;
        // One that is not there is not waited for again.
        if (error.cause !== undefined)
          mirrors.set(
            domain,
            mirrorsOf(domain).filter((other) => other !== mirror),
          );
      }
    }
    return await read(await homeOf(domain));
  };

  return {
    resolveDigest: (reference, { signal } = {}) =>
      fromNearest(reference.domain, (endpoint) => resolveDigest(endpoint, withDefaultTag(reference), signal)),
    fetchManifest: (reference, { signal, accept = manifestMediaTypes } = {}) =>
      fromNearest(reference.domain, (endpoint) =>
        fetchManifest(endpoint, withDefaultTag(reference), accept, 'pull', signal),
      ),
    async *fetchBlob(reference, descriptor, { signal, offset = 0 } = {}) {
      const patience = { backoffMs: endpointOptions.backoffMs, signal: joined(options.signal, signal) };
      const opened = await fromNearest(reference.domain, async (endpoint) => {
        const bytes = fetchBlob(endpoint, reference, descriptor, offset, patience);
        // The first piece tells whether this one has the blob.
        return { bytes, first: await bytes.next() };
      });
      if (opened.first.done) return;
      try {
        yield opened.first.value;
        yield* opened.bytes;
      } finally {
        await opened.bytes.return(undefined);
      }
    },
    async pushBlob(reference, source, { signal, mountFrom = [], onProgress = () => {} } = {}) {
      const patience = { backoffMs: endpointOptions.backoffMs, signal: joined(options.signal, signal) };
      return await pushBlob(await homeOf(reference.domain), reference, source, { mountFrom, onProgress, patience });
    },
    async pushManifest(reference, mediaType, bytes, { signal } = {}) {
      return await pushManifest(await homeOf(reference.domain), reference, mediaType, bytes, signal);
    },
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  };
}

/**
 * How a registry is reached: with TLS, or without where that is allowed and it has none. On this machine nobody listens in:
 * there plain HTTP is tried first, which needs no authorities. Throws REGISTRY.
 */
export async function findHome(
  domain: string,
  options: EndpointOptions & { readonly transport: Transport },
  settings: RegistrySettings,
): Promise<Endpoint> {
  const { transport, signal } = options;
  const host = domain === 'docker.io' ? 'registry-1.docker.io' : domain;
  const at = (protocol: 'http' | 'https') => new Endpoint(new URL(`${protocol}://${host}`), domain, options);
  if (!isLoopback(domain) && !settings.isInsecure(domain)) return at('https');
  const knock = async (protocol: 'http' | 'https'): Promise<HttpAnswer> => {
    const answer = await transport.send({ url: new URL(`${protocol}://${host}/v2/`), method: 'GET', signal });
    answer.discard();
    return answer;
  };
  if (isLoopback(domain)) {
    try {
      const { status } = await knock('http');
      // A server that wants TLS says that this is no request, or sends us there.
      if (status !== 400 && (status < 300 || status >= 400)) return at('http');
    } catch (error) {
      signal.throwIfAborted();
      if (codeOf(error) === 'ECONNREFUSED') return at('http');
    }
  }
  try {
    await knock('https');
    return at('https');
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ComposeError) throw error;
    // A certificate is proof of TLS; whatever else went wrong, plain HTTP will tell.
    if (isCertificateProblem(codeOf(error))) throw unreachable(domain, error);
    return at('http');
  }
}

function joined(own: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  return other === undefined ? own : AbortSignal.any([own, other]);
}

async function resolveDigest(endpoint: Endpoint, image: ImageReference, signal?: AbortSignal): Promise<string> {
  const name = image.digest ?? image.tag ?? 'latest';
  const attempt: Attempt = 'look up';
  const head = await endpoint.ask({
    attempt,
    image,
    method: 'HEAD',
    at: `${image.repository}/manifests/${name}`,
    headers: { accept: manifestMediaTypes.join(', ') },
    scopes: pullScope(image),
    signal,
  });
  head.discard();
  const isAnswered = head.status === 200;
  const announced = head.header('docker-content-digest');
  if (isAnswered && announced !== null && isDigest(announced)) return announced;
  if (!isAnswered && head.status !== 405 && head.status !== 501) throw await endpoint.refuse(head, { attempt, image });
  return (await fetchManifest(endpoint, image, manifestMediaTypes, attempt, signal)).descriptor.digest;
}

async function fetchManifest(
  endpoint: Endpoint,
  image: ImageReference,
  accept: readonly string[],
  attempt: Attempt,
  signal?: AbortSignal,
): Promise<FetchedManifest> {
  const answer = await endpoint.ask({
    attempt,
    image,
    method: 'GET',
    at: `${image.repository}/manifests/${image.digest ?? image.tag ?? 'latest'}`,
    headers: { accept: accept.join(', ') },
    scopes: pullScope(image),
    signal,
  });
  if (answer.status !== 200) throw await endpoint.refuse(answer, { attempt, image });
  const bytes = await endpoint.readBytes(answer);
  const claimed = image.digest ?? answer.header('docker-content-digest');
  const digest = claimed !== null && isDigest(claimed) ? claimed : digestOf(bytes, 'sha256');
  if (digest !== digestOf(bytes, algorithmOf(digest))) {
    throw complaint(attempt, image, 'the manifest it sends is not what its digest says');
  }
  const mediaType = (answer.header('content-type') ?? '').split(';')[0]?.trim() ?? '';
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
}

async function pushManifest(
  endpoint: Endpoint,
  image: ImageReference,
  mediaType: string,
  bytes: Uint8Array,
  signal?: AbortSignal,
): Promise<Descriptor> {
  const digest = digestOf(bytes, 'sha256');
  const answer = await endpoint.ask({
    attempt: 'push',
    image,
    method: 'PUT',
    at: `${image.repository}/manifests/${image.tag ?? digest}`,
    headers: { 'content-type': mediaType },
    body: () => bytes,
    scopes: pushScope(image),
    signal,
  });
  if (answer.status !== 201) throw await endpoint.refuse(answer, { attempt: 'push', image });
  answer.discard();
  const stored = answer.header('docker-content-digest');
  if (stored?.startsWith('sha256:') && stored !== digest) {
    throw complaint('push', image, 'it has stored another manifest than it was sent');
  }
  return { mediaType, digest, size: bytes.length };
}

export function pullScope({ repository }: ImageReference): readonly string[] {
  return [`repository:${repository}:pull`];
}

export function pushScope({ repository }: ImageReference): readonly string[] {
  return [`repository:${repository}:pull,push`];
}

function digestOf(bytes: Uint8Array, algorithm: string): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

function algorithmOf(digest: string): string {
  return digest.slice(0, digest.indexOf(':'));
}
