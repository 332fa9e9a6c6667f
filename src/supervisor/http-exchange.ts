/**
 * As much of HTTP/1.1 (RFC 9112) as the API needs: one request a connection, a body of known length, an answer that ends
 * with the connection. node:http takes 10 ms to load and to answer its first request, a tenth of a whole small `up`.
 */
import type { Socket } from 'node:net';

/** What the paths of requests are relative to. */
const base = 'http://supervisor';
const headEnd = '\r\n\r\n';
const longestHead = 16 * 1024;
const longestBody = 256 * 1024 * 1024;

/** One request and its answer. */
export class HttpExchange {
  readonly method: string;
  readonly url: URL;
  readonly body: string;
  readonly #socket: Socket;
  #isBegun = false;
  #isEnded = false;

  constructor(socket: Socket, request: { readonly method: string; readonly url: string; readonly body: string }) {
    this.#socket = socket;
    this.method = request.method;
    this.url = new URL(request.url, base);
    this.body = request.body;
  }

  /** Whether the head of the answer was sent. */
  get isBegun(): boolean {
    return this.#isBegun;
  }

  begin(status: number, contentType: string): void {
    this.#isBegun = true;
    this.#socket.write(answerHead(status, contentType));
  }

  write(text: string): void {
    this.#socket.write(text);
  }

  end(text: string): void {
    this.#isEnded = true;
    this.#socket.end(text);
  }

  /** Calls back once the connection is closed; `isGone`: by the client, before the answer was whole. */
  onClose(listener: (isGone: boolean) => void): void {
    if (this.#socket.closed) setImmediate(() => listener(!this.#isEnded));
    else this.#socket.once('close', () => listener(!this.#isEnded));
  }
}

function answerHead(status: number, contentType: string): string {
  const reason = reasons[status] ?? 'Error';
  return `HTTP/1.1 ${status} ${reason}\r\ncontent-type: ${contentType}\r\nconnection: close${headEnd}`;
}

const reasons: Readonly<Record<number, string>> = { 200: 'OK', 404: 'Not Found', 500: 'Internal Server Error' };

interface RequestHead {
  readonly method: string;
  readonly url: string;
  readonly bodyLength: number;
  readonly wantsContinue: boolean;
}

/** Calls `answer` with the request once it came whole; what is none is refused here. The socket is read until it closes. */
export function receive(socket: Socket, answer: (exchange: HttpExchange) => void): void {
  const chunks: Buffer[] = [];
  let received = 0;
  let head: RequestHead | null = null;
  let bodyStart = 0;
  const refuse = (status: number, reason: string): void => {
    socket.off('data', onData).resume();
    socket.end(`HTTP/1.1 ${status} ${reason}\r\nconnection: close${headEnd}`);
  };
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk);
    received += chunk.length;
    if (head === null) {
      const text = Buffer.concat(chunks).toString('latin1');
      const end = text.indexOf(headEnd);
      if (end < 0) {
        if (received > longestHead) refuse(431, 'Request Header Fields Too Large');
        return;
      }
      const parsed = parseHead(text.slice(0, end));
      if (typeof parsed === 'string') {
        refuse(Number(parsed.slice(0, 3)), parsed.slice(4));
        return;
      }
      head = parsed;
      bodyStart = end + headEnd.length;
      if (head.wantsContinue && received === bodyStart) socket.write(`HTTP/1.1 100 Continue${headEnd}`);
    }
    if (received < bodyStart + head.bodyLength) return;
    // From here on only its end is of interest.
    socket.off('data', onData).resume();
    const body = Buffer.concat(chunks).toString('utf8', bodyStart, bodyStart + head.bodyLength);
    answer(new HttpExchange(socket, { method: head.method, url: head.url, body }));
  };
  // Whoever breaks the connection is gone, which `close` tells.
  socket.on('error', () => {}).on('data', onData);
}

/** The request line and the two fields that matter; or the status that refuses it. */
function parseHead(text: string): RequestHead | string {
  const [requestLine = '', ...lines] = text.split('\r\n');
  const [, method, url] = /^([A-Z]+) (\/\S*) HTTP\/1\.[01]$/.exec(requestLine) ?? [];
  if (method === undefined || url === undefined || !URL.canParse(url, base)) return '400 Bad Request';
  const fields = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return '400 Bad Request';
    const key = name.toLowerCase();
    // Two lengths are how requests are smuggled (RFC 9112, section 6.3).
    if (key === 'content-length' && fields.has(key)) return '400 Bad Request';
    fields.set(key, value);
  }
  if (fields.has('transfer-encoding')) return '411 Length Required';
  const length = fields.get('content-length') ?? '0';
  if (!/^\d{1,15}$/.test(length)) return '400 Bad Request';
  if (Number(length) > longestBody) return '413 Content Too Large';
  const wantsContinue = fields.get('expect')?.toLowerCase() === '100-continue';
  return { method, url, bodyLength: Number(length), wantsContinue };
}
