/** Files by URL. */
import { createHash, type Hash } from 'node:crypto';
import { createWriteStream, utimesSync } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { HttpAnswer, Transport } from '../image/registry/transport.ts';
import { ComposeError } from '../util/errors.ts';

const maxRedirects = 10;
const timeoutMs = 60_000;

/** Writes what a URL stands for to `path`; its digest, in hexadecimal. Throws BUILD_FAILED when it cannot be had. */
export async function download(url: string, path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  let modified: string | null;
  try {
    // TLS takes longer to load than a build takes that has nothing to do.
    const { openTransport } = await import('../image/registry/transport.ts');
    const tls = () => ({ authorities: [], certificates: [], isVerified: true });
    using transport = openTransport({ tls, environment: process.env, timeoutMs });
    const answer = await follow(transport, url, signal);
    modified = answer.header('last-modified');
    const file = createWriteStream(path, { mode: 0o600 });
    await pipeline(answer.body, hashing(hash), file, { signal });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ComposeError) throw error;
    throw new ComposeError('BUILD_FAILED', `cannot fetch ${url}: ${(error as Error).message}`, { cause: error });
  }
  const time = modified === null ? Number.NaN : Date.parse(modified);
  // As Docker has it: what came at no known time is from the beginning of time.
  const seconds = Number.isNaN(time) ? 0 : time / 1000;
  utimesSync(path, seconds, seconds);
  return hash.digest('hex');
}

/** The answer to which the redirects lead. */
async function follow(transport: Transport, first: string, signal: AbortSignal): Promise<HttpAnswer> {
  let url = new URL(first);
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    const answer = await transport.send({ url, method: 'GET', signal });
    const { status } = answer;
    if (status === 200) return answer;
    answer.discard();
    const location = status >= 300 && status < 400 ? answer.header('location') : null;
    if (location === null || !URL.canParse(location, url.href)) {
      throw new ComposeError('BUILD_FAILED', `cannot fetch ${first}: the server answers ${status}`);
    }
    url = new URL(location, url);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw new ComposeError('BUILD_FAILED', `cannot fetch ${first}: it redirects to ${url.protocol}`);
    }
  }
  throw new ComposeError('BUILD_FAILED', `cannot fetch ${first}: it redirects without end`);
}

function hashing(hash: Hash) {
  return async function* (pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of pieces) {
      hash.update(piece);
      yield piece;
    }
  };
}

/** The last part of a URL's path; empty where it ends with a slash. */
export function fileNameOf(url: string): string {
  return basename(decodeURIComponent(new URL(url).pathname));
}
