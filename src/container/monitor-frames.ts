/** The frames of a stream of the monitor (docs/architecture.md). */
import { ComposeError } from '../util/errors.ts';

/** Channels of a stream's frames. */
export const channels = { stdin: 0, stdout: 1, stderr: 2, control: 3 } as const;

/** A control frame to the monitor. */
export type ControlRequest =
  | { readonly resize: { readonly rows: number; readonly columns: number } }
  | { readonly signal: string };

/** A control frame from the monitor; either one is the stream's last. */
export type ControlNotice =
  | { readonly exit: { readonly exitCode: number } }
  /** We read too slowly and the monitor stopped waiting; `bytes` of output were thrown away. */
  | { readonly dropped: { readonly bytes: number } };

export interface Frame {
  readonly channel: number;
  readonly payload: Buffer;
}

const frameHeaderBytes = 8;
/** The monitor writes frames of at most 64 KiB; anything far beyond that is not a frame. */
const frameLimitBytes = 1 << 20;

/** One frame: channel, three zero bytes, length as 32-bit big-endian, payload. */
export function encodeFrame(channel: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderBytes + payload.length);
  frame.writeUInt32LE(channel, 0);
  frame.writeUInt32BE(payload.length, 4);
  frame.set(payload, frameHeaderBytes);
  return frame;
}

/** A control frame. */
export function encodeControl(request: ControlRequest): Buffer {
  return encodeFrame(channels.control, Buffer.from(JSON.stringify(request)));
}

/** Cuts a byte stream into frames, however it was split on its way. */
export class FrameDecoder {
  #chunks: Buffer[] = [];
  #bufferedBytes = 0;

  /** Adds `chunk` and gives the frames that are complete now. Throws when the bytes cannot be frames. */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#bufferedBytes += chunk.length;
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  /** Whether the stream may end here: no frame is half received. */
  get isAtBoundary(): boolean {
    return this.#bufferedBytes === 0;
  }

  #next(): Frame | undefined {
    if (this.#bufferedBytes < frameHeaderBytes) return undefined;
    const header = this.#peek(frameHeaderBytes);
    const channel = header.readUInt8(0);
    const length = header.readUInt32BE(4);
    if (channel > channels.control || length > frameLimitBytes) {
      throw new ComposeError('KERNEL', `the monitor sent a broken frame: channel ${channel}, ${length} bytes`);
    }
    if (this.#bufferedBytes < frameHeaderBytes + length) return undefined;
    const whole = this.#peek(frameHeaderBytes + length);
    this.#consume(frameHeaderBytes + length);
    return { channel, payload: whole.subarray(frameHeaderBytes) };
  }

  /** The first `length` bytes as one buffer; chunks are joined only where a frame spans them. */
  #peek(length: number): Buffer {
    const first = this.#chunks[0]!;
    if (first.length >= length) return first.subarray(0, length);
    let joinedChunks = 0;
    for (let bytes = 0; bytes < length; joinedChunks++) bytes += this.#chunks[joinedChunks]!.length;
    const joined = Buffer.concat(this.#chunks.slice(0, joinedChunks));
    this.#chunks.splice(0, joinedChunks, joined);
    return joined.subarray(0, length);
  }

  #consume(length: number): void {
    const first = this.#chunks[0]!;
    if (first.length === length) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(length);
    this.#bufferedBytes -= length;
  }
}
