import type { ReadStream } from 'node:tty';

/** Puts a terminal in raw mode until it is disposed, or the process ends in whatever way. */
export function rawMode(stdin: ReadStream): Disposable {
  const wasRaw = stdin.isRaw;
  const restore = () => {
    stdin.setRawMode(wasRaw);
  };
  stdin.setRawMode(true);
  process.once('exit', restore);
  return {
    [Symbol.dispose]() {
      process.removeListener('exit', restore);
      restore();
    },
  };
}
