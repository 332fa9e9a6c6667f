import { native } from './binding.ts';

/** SHA-256 of a text's UTF-8 or of bytes: 64 hexadecimal digits. */
export function sha256(data: string | Uint8Array): string {
  return native().sha256(typeof data === 'string' ? Buffer.from(data) : data);
}

/** As hexadecimal digits, two a byte; at most 256 bytes. */
export function randomHex(bytes: number): string {
  return Buffer.from(native().randomBytes(bytes)).toString('hex');
}
