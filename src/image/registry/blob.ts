import { ComposeError } from '../../util/errors.ts';
import type { Descriptor } from '../oci.ts';
import type { ImageReference } from '../reference.ts';
import type { Endpoint } from './endpoint.ts';
import { complaint, isDroppedConnection, unreachable } from './errors.ts';
import { isPassing, maxAttempts, type Patience, pause } from './patience.ts';
import type { HttpAnswer } from './transport.ts';

/**
 * The bytes of a blob from `offset` on. Where the connection breaks they are gone on with; only attempts that bring
 * nothing are counted.
 */
export async function* fetchBlob(
  endpoint: Endpoint,
  image: ImageReference,
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
  offset: number,
  patience: Patience,
): AsyncGenerator<Buffer, void> {
  const { size } = descriptor;
  let position = offset;
  for (let attempt = 1; position < size; attempt += 1) {
    const before = position;
    let answer: HttpAnswer | undefined;
    try {
      answer = await request(endpoint, image, descriptor, position, patience.signal);
      for await (const chunk of from(answer, image, descriptor, position)) {
        position += chunk.length;
        if (position > size) throw lie(image, descriptor, 'it is longer than announced');
        yield chunk;
      }
    } catch (error) {
      patience.signal.throwIfAborted();
      if (error instanceof ComposeError) throw error;
      if (!isDroppedConnection(error) && !(error instanceof Busy)) throw unreachable(endpoint.base.host, error);
      answer = error instanceof Busy ? error.answer : undefined;
      if (position > before) attempt = 1;
      if (attempt >= maxAttempts) {
        throw error instanceof Busy
          ? await endpoint.refuse(error.answer, { attempt: 'pull', image })
          : unreachable(endpoint.base.host, error);
      }
      error instanceof Busy && error.answer.discard();
      await pause(attempt + 1, patience, answer);
      continue;
    }
    if (position < size) throw lie(image, descriptor, 'it is shorter than announced');
  }
}

/** The registry says it may work later. */
class Busy extends Error {
  readonly answer: HttpAnswer;
  constructor(answer: HttpAnswer) {
    super('busy');
    this.answer = answer;
  }
}

async function request(
  endpoint: Endpoint,
  image: ImageReference,
  { digest }: Pick<Descriptor, 'digest'>,
  position: number,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const answer = await endpoint.ask({
    attempt: 'pull',
    image,
    method: 'GET',
    at: `${image.repository}/blobs/${digest}`,
    headers: position > 0 ? { range: `bytes=${position}-` } : {},
    scopes: [`repository:${image.repository}:pull`],
    signal,
    isOnce: true,
  });
  if (answer.status === 200 || answer.status === 206) return answer;
  if (isPassing(answer.status)) throw new Busy(answer);
  if (answer.status === 404) {
    answer.discard();
    throw complaint('pull', image, `it does not have the blob ${digest}`);
  }
  throw await endpoint.refuse(answer, { attempt: 'pull', image });
}

/** What is asked for, of an answer that may begin at the beginning all the same. */
async function* from(
  answer: HttpAnswer,
  image: ImageReference,
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
  position: number,
): AsyncGenerator<Buffer> {
  const isPart = answer.status === 206;
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(answer.header('content-range') ?? '') ?? [];
  if (isPart && (Number(start) !== position || (total !== '*' && Number(total) !== descriptor.size))) {
    answer.discard();
    throw lie(image, descriptor, 'another part of it came than was asked for');
  }
  const length = answer.header('content-length');
  if (!isPart && length !== null && Number(length) !== descriptor.size) {
    answer.discard();
    throw lie(image, descriptor, `it has ${length} bytes and not ${descriptor.size}`);
  }
  let skipped = isPart ? position : 0;
  for await (const chunk of answer.body) {
    const surplus = Math.min(position - skipped, chunk.length);
    skipped += surplus;
    if (surplus < chunk.length) yield surplus === 0 ? chunk : chunk.subarray(surplus);
  }
}

function lie(image: ImageReference, { digest }: Pick<Descriptor, 'digest'>, reason: string): ComposeError {
  return complaint('pull', image, `blob ${digest} is not what it should be: ${reason}`);
}
