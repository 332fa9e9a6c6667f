import { Readable } from 'node:stream';
import { ComposeError } from '../../util/errors.ts';
import type { Descriptor } from '../oci.ts';
import type { ImageReference } from '../reference.ts';
import type { Ask, Endpoint } from './endpoint.ts';
import { complaint, isDroppedConnection, unreachable } from './errors.ts';
import { isPassing, maxAttempts, type Patience, pause } from './patience.ts';
import type { HttpAnswer } from './transport.ts';

/** A blob that can be read again from anywhere. */
export interface BlobSource {
  readonly descriptor: Pick<Descriptor, 'digest' | 'size'>;
  /** Bytes from `start` up to `end`. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

/** `present`: the repository had it; `mounted`: it was taken over from another one. */
export type Pushed = 'present' | 'mounted' | 'sent';

interface UploadOptions {
  readonly mountFrom: readonly string[];
  /** Bytes of the blob that the registry has been sent by now; less again where it must begin anew. */
  readonly onProgress: (sentBytes: number) => void;
  readonly patience: Patience;
}

/** Of an upload that has been broken off: what the registry has confirmed is not sent again. */
const chunkBytes = 16 * 1024 * 1024;

export async function pushBlob(
  endpoint: Endpoint,
  image: ImageReference,
  source: BlobSource,
  options: UploadOptions,
): Promise<Pushed> {
  return await new Upload(endpoint, image, source, options).run();
}

/** Where an upload goes on, and how much of it is there. */
interface Session {
  readonly url: URL;
  readonly offset: number;
  readonly minChunkBytes: number;
}

class Upload {
  readonly #endpoint: Endpoint;
  readonly #image: ImageReference;
  readonly #source: BlobSource;
  readonly #options: UploadOptions;

  constructor(endpoint: Endpoint, image: ImageReference, source: BlobSource, options: UploadOptions) {
    this.#endpoint = endpoint;
    this.#image = image;
    this.#source = source;
    this.#options = options;
  }

  async run(): Promise<Pushed> {
    const { digest } = this.#source.descriptor;
    const head = await this.#ask({ method: 'HEAD', at: `${this.#image.repository}/blobs/${digest}` });
    head.discard();
    if (head.status === 200) return 'present';
    // What it says of a blob that is not there differs; sending it will tell.
    if (head.status === 401 || head.status === 403) throw await this.#refuse(head);
    for (const from of this.#options.mountFrom) {
      const outcome = await this.#mount(from);
      if (outcome === 'mounted') return 'mounted';
      await this.#cancel(outcome);
    }
    await this.#send();
    return 'sent';
  }

  /** A registry that may not, or cannot, answers as if an upload had been asked for. */
  async #mount(from: string): Promise<'mounted' | Session | null> {
    const { digest } = this.#source.descriptor;
    const query = new URLSearchParams({ mount: digest, from });
    const answer = await this.#ask({
      method: 'POST',
      at: `${this.#image.repository}/blobs/uploads/?${query}`,
      scopes: [...this.#scopes(), `repository:${from}:pull`],
    });
    answer.discard();
    if (answer.status === 201) return 'mounted';
    return answer.status === 202 ? this.#sessionOf(answer, 0) : null;
  }

  async #cancel(session: Session | null): Promise<void> {
    if (session === null) return;
    (await this.#ask({ method: 'DELETE', at: session.url })).discard();
  }

  /** In one piece; what breaks off is gone on with in chunks, or from the beginning where the registry has lost it. */
  async #send(): Promise<void> {
    const { size } = this.#source.descriptor;
    const { patience } = this.#options;
    let session: Session | null = null;
    let confirmed = 0;
    let isWhole = true;
    for (let attempt = 1; ; attempt += 1) {
      let answer: HttpAnswer | undefined;
      try {
        session ??= await this.#begin();
        while (!isWhole && session.offset < size) session = await this.#patch(session);
        return await this.#finish(session);
      } catch (error) {
        patience.signal.throwIfAborted();
        if (error instanceof ComposeError) throw error;
        answer = error instanceof Interrupted ? error.answer : undefined;
        if (answer === undefined && !isDroppedConnection(error)) throw unreachable(this.#endpoint.base.host, error);
        const reached: Session | null = session === null ? null : await this.#status(session);
        if (reached !== null && reached.offset > confirmed) {
          confirmed = reached.offset;
          attempt = 1;
        }
        if (attempt >= maxAttempts) {
          throw answer === undefined ? unreachable(this.#endpoint.base.host, error) : await this.#refuse(answer);
        }
        session = reached;
        isWhole = false;
        answer?.discard();
        await pause(attempt + 1, patience, answer);
      }
    }
  }

  async #begin(): Promise<Session> {
    const answer = await this.#ask({ method: 'POST', at: `${this.#image.repository}/blobs/uploads/` });
    if (answer.status !== 202) throw await this.#refuse(answer);
    answer.discard();
    return this.#sessionOf(answer, 0);
  }

  /** One chunk. */
  async #patch({ url, offset, minChunkBytes }: Session): Promise<Session> {
    const { size } = this.#source.descriptor;
    const end = Math.min(size, offset + Math.max(chunkBytes, minChunkBytes));
    const answer = await this.#ask({
      method: 'PATCH',
      at: url,
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(end - offset),
        'content-range': `${offset}-${end - 1}`,
      },
      body: () => this.#bytes(offset, end),
      isOnce: true,
    });
    if (answer.status !== 202 && answer.status !== 204) throw await this.#interrupted(answer);
    answer.discard();
    return this.#sessionOf(answer, rangeEnd(answer) ?? end);
  }

  /** The rest of the blob, which may be nothing, and its digest. */
  async #finish({ url, offset }: Session): Promise<void> {
    const { digest, size } = this.#source.descriptor;
    const target = new URL(url);
    target.searchParams.set('digest', digest);
    const isRest = offset > 0 && offset < size;
    const answer = await this.#ask({
      method: 'PUT',
      at: target,
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(size - offset),
        ...(isRest ? { 'content-range': `${offset}-${size - 1}` } : {}),
      },
      body: () => this.#bytes(offset, size),
      isOnce: true,
    });
    if (answer.status !== 201 && answer.status !== 204) throw await this.#interrupted(answer);
    answer.discard();
    const stored = answer.header('docker-content-digest');
    if (stored !== null && stored !== digest) throw this.#complaint(`it has stored another blob than ${digest}`);
  }

  /** How far an upload has come; null: the registry does not say, or knows it no more. */
  async #status(session: Session): Promise<Session | null> {
    try {
      const answer = await this.#ask({ method: 'GET', at: session.url });
      answer.discard();
      const end = rangeEnd(answer);
      if ((answer.status !== 204 && answer.status !== 200) || end === null) return null;
      return this.#sessionOf(answer, end, session);
    } catch (error) {
      this.#options.patience.signal.throwIfAborted();
      if (error instanceof ComposeError) return null;
      throw error;
    }
  }

  #bytes(start: number, end: number): Readable {
    const { onProgress } = this.#options;
    const source = this.#source;
    onProgress(start);
    const counted = async function* () {
      let sent = start;
      for await (const chunk of source.read(start, end)) {
        yield chunk;
        sent += chunk.length;
        onProgress(sent);
      }
    };
    return Readable.from(counted(), { objectMode: false, highWaterMark: 1024 * 1024 });
  }

  #sessionOf(answer: HttpAnswer, offset: number, before?: Session): Session {
    const location = answer.header('location');
    if (location === null && before !== undefined) return { ...before, offset };
    const base = before?.url ?? this.#endpoint.base;
    if (location === null || !URL.canParse(location, base.href))
      throw this.#complaint('it does not say where to upload to');
    const url = new URL(location, base);
    if (url.protocol !== 'https:' && url.origin !== this.#endpoint.base.origin) {
      throw this.#complaint('it sends us to an address without TLS');
    }
    const minChunkBytes = Number(answer.header('oci-chunk-min-length')) || 0;
    return { url, offset, minChunkBytes };
  }

  #scopes(): readonly string[] {
    return [`repository:${this.#image.repository}:pull,push`];
  }

  #ask(ask: Pick<Ask, 'method' | 'at'> & Partial<Ask>): Promise<HttpAnswer> {
    const { signal } = this.#options.patience;
    return this.#endpoint.ask({ attempt: 'push', image: this.#image, scopes: this.#scopes(), signal, ...ask });
  }

  /** What may pass is tried again, and so is an upload that the registry has lost. */
  async #interrupted(answer: HttpAnswer): Promise<Error> {
    const mayPass = isPassing(answer.status) || answer.status === 404 || answer.status === 416;
    return mayPass ? new Interrupted(answer) : await this.#refuse(answer);
  }

  #refuse(answer: HttpAnswer): Promise<ComposeError> {
    return this.#endpoint.refuse(answer, { attempt: 'push', image: this.#image });
  }

  #complaint(reason: string): ComposeError {
    return complaint('push', this.#image, reason);
  }
}

class Interrupted extends Error {
  readonly answer: HttpAnswer;
  constructor(answer: HttpAnswer) {
    super('interrupted');
    this.answer = answer;
  }
}

/** How many bytes `Range: 0-N` means; an upload of which nothing is there says `0-0`. */
function rangeEnd(answer: HttpAnswer): number | null {
  const [, end] = /^(?:bytes=)?0-(\d+)$/.exec(answer.header('range') ?? '') ?? [];
  if (end === undefined) return null;
  return end === '0' ? 0 : Number(end) + 1;
}
