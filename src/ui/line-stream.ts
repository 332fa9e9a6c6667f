import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { printableLine } from './terminal-text.ts';

/** A stream whose lines go where something else is shown: whole ones, without anything that moves the cursor. */
export function lineStream(write: (lines: string) => Promise<void>): Writable {
  const decoder = new StringDecoder();
  let half = '';
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const lines = (half + decoder.write(chunk)).split('\n');
      half = lines.pop() ?? '';
      if (lines.length === 0) done();
      else write(lines.map((line) => `${printableLine(line)}\n`).join('')).then(() => done(), done);
    },
  });
}
