/**
 * One request of HTTP/1.0 (RFC 1945) over a unix socket: the answer ends where the server closes, so there is nothing to
 * parse but its head. node:http takes 15 ms for its first request, which is a seventh of a whole small `up`.
 */
import { connect, type Socket } from 'node:net';

export interface ExchangeRequest {
  readonly socketPath: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** JSON. */
  readonly body: string | undefined;
  /** Aborting breaks the connection, also while the answer is read. */
  readonly signal: AbortSignal | undefined;
}

export interface ExchangeAnswer {
  readonly status: number;
  /** What comes after the head, to be read or destroyed. */
  readonly body: Socket;
}

const headEnd = '\r\n\r\n';
const longestHead = 16 * 1024;

/** Settles with the head of the answer. Throws the socket's error; ECONNRESET when there was no whole head. */
export async function exchange(request: ExchangeRequest): Promise<ExchangeAnswer> {
  const { signal } = request;
  signal?.throwIfAborted();
  const socket = connect(request.socketPath);
  const onAbort = () => socket.destroy(signal?.reason instanceof Error ? signal.reason : undefined);
  signal?.addEventListener('abort', onAbort, { once: true });
  socket.once('close', () => signal?.removeEventListener('abort', onAbort));
  const { promise, resolve, reject } = Promise.withResolvers<ExchangeAnswer>();
  let head = Buffer.alloc(0);
  const onReadable = (): void => {
    for (;;) {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf(headEnd);
      if (end < 0 && head.length < longestHead) continue;
      const [, status] = /^HTTP\/1\.\d (\d{3})[ \r]/.exec(head.toString('latin1', 0, longestHead)) ?? [];
      if (end < 0 || status === undefined) {
        socket.destroy(new Error('the answer is no HTTP'));
        return;
      }
      settle();
      const rest = head.subarray(end + headEnd.length);
      if (rest.length > 0) socket.unshift(rest);
      resolve({ status: Number(status), body: socket });
      return;
    }
  };
  const onEnd = () => onError(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }));
  const onError = (error: Error): void => {
    settle();
    socket.destroy();
    reject(error);
  };
  const settle = (): void => {
    socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', onError);
    // Whoever reads the body hears of it there.
    socket.on('error', () => {});
  };
  socket.on('readable', onReadable).on('end', onEnd).on('close', onEnd).on('error', onError);
  socket.write(headOf(request));
  return await promise;
}

function headOf({ method, path, body }: ExchangeRequest): string {
  if (body === undefined) return `${method} ${path} HTTP/1.0${headEnd}`;
  const length = Buffer.byteLength(body);
  return `${method} ${path} HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: ${length}${headEnd}${body}`;
}
