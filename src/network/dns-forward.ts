import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { native } from '../native/binding.ts';

export interface Upstream {
  readonly address: string;
  readonly port: number;
}

/** `192.0.2.1`, `192.0.2.1:5353`, `[fd00::1]:53`. */
export function parseUpstream(text: string): Upstream {
  const bracketed = /^\[(.+)\](?::(\d+))?$/.exec(text);
  if (bracketed !== null) return { address: bracketed[1] as string, port: Number(bracketed[2] ?? 53) };
  const [address = '', port, ...more] = text.split(':');
  return more.length > 0 ? { address: text, port: 53 } : { address, port: Number(port ?? 53) };
}

/**
 * Asks the servers one after the other, on the host's network, and gives the first useful answer, with the question's
 * own id. A server that refuses or fails is passed over; its answer stands when no other does better. Undefined when
 * none answered.
 */
export async function forward(
  question: Buffer,
  options: {
    readonly upstreams: readonly Upstream[];
    readonly protocol: 'udp' | 'tcp';
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
): Promise<Buffer | undefined> {
  let best: Buffer | undefined;
  for (const upstream of options.upstreams) {
    if (options.signal.aborted) return undefined;
    const asked = Buffer.from(question);
    asked.set(native().randomBytes(2));
    const exchange = options.protocol === 'tcp' ? exchangeTcp : exchangeUdp;
    const answer = await exchange(asked, upstream, options.timeoutMs, options.signal);
    if (answer === undefined) continue;
    answer.writeUInt16BE(question.readUInt16BE(0), 0);
    best = answer;
    const code = answer.readUInt8(3) & 0x0f;
    if (code !== serverFailure && code !== refused) break;
  }
  return best;
}

const serverFailure = 2;
const refused = 5;

type Exchange = (
  question: Buffer,
  upstream: Upstream,
  timeoutMs: number,
  signal: AbortSignal,
) => Promise<Buffer | undefined>;

/** A socket of its own, and so a port of its own: answers cannot be forged by guessing the id alone (RFC 5452). */
const exchangeUdp: Exchange = (question, upstream, timeoutMs, signal) =>
  new Promise((resolve) => {
    const socket = createSocket(isIPv6(upstream.address) ? 'udp6' : 'udp4');
    let isFinished = false;
    const finish = (answer?: Buffer) => {
      // Closing tells a question that is not on its way yet that it never will be; a second close throws.
      if (isFinished) return;
      isFinished = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.close();
      resolve(answer);
    };
    const onAbort = () => finish();
    const timer = setTimeout(finish, timeoutMs);
    signal.addEventListener('abort', onAbort);
    socket.on('error', () => finish());
    socket.on('message', (message) => {
      if (isAnswerTo(question, message)) finish(message);
    });
    // Connected: a port where nobody listens is an error at once, and so is an address to which there is no route.
    socket.once('connect', () => {
      socket.send(question, (error) => {
        if (error !== null) finish();
      });
    });
    socket.connect(upstream.port, upstream.address);
  });

const exchangeTcp: Exchange = (question, upstream, timeoutMs, signal) =>
  new Promise((resolve) => {
    const socket = connect({ host: upstream.address, port: upstream.port });
    const frames = new FrameReader();
    const finish = (answer?: Buffer) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(answer);
    };
    const onAbort = () => finish();
    const timer = setTimeout(finish, timeoutMs);
    signal.addEventListener('abort', onAbort);
    socket.on('error', () => finish());
    socket.on('close', () => finish());
    socket.on('data', (data) => {
      for (const message of frames.push(data)) if (isAnswerTo(question, message)) return finish(message);
    });
    socket.write(frame(question));
  });

/** The same id and the same question, whose name may differ in case. */
function isAnswerTo(question: Buffer, answer: Buffer): boolean {
  if (answer.length < 12 || (answer.readUInt8(2) & 0x80) === 0) return false;
  if (answer.readUInt16BE(0) !== question.readUInt16BE(0) || answer.readUInt16BE(4) !== 1) return false;
  const end = questionEnd(question);
  const text = (message: Buffer) => message.toString('latin1', 12, end).toLowerCase();
  return text(question) === text(answer);
}

/** Where the first question ends: labels, type, class. */
function questionEnd(message: Buffer): number {
  let at = 12;
  while (at < message.length && message.readUInt8(at) !== 0) at += message.readUInt8(at) + 1;
  return Math.min(at + 5, message.length);
}

/** A message as it travels over TCP: after its length (RFC 1035, 4.2.2). */
export function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** Puts the messages of a TCP stream together. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  push(data: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, data]);
    const messages: Buffer[] = [];
    while (this.#rest.length >= 2) {
      const end = 2 + this.#rest.readUInt16BE(0);
      if (this.#rest.length < end) break;
      messages.push(this.#rest.subarray(2, end));
      this.#rest = this.#rest.subarray(end);
    }
    return messages;
  }
}
