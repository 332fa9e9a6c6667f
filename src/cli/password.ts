import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { ComposeError } from '../util/errors.ts';
import type { Context } from './context.ts';
import { rawMode } from './raw-mode.ts';

/** Asks for a line on stderr; empty when there is none. */
export async function askLine(question: string, { stdin, stderr, signal }: Context): Promise<string> {
  const lines = createInterface({ input: stdin, output: stderr, terminal: stdin.isTTY });
  try {
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    return (await Promise.race([lines.question(question, { signal }), ended])).trim();
  } finally {
    lines.close();
  }
}

/** Asks for a password at the terminal, which does not show it. Throws USAGE where there is no terminal. */
export async function askPassword(question: string, { stdin, stderr, signal }: Context): Promise<string> {
  if (!stdin.isTTY) {
    throw new ComposeError('USAGE', 'cannot ask for a password: standard input is no terminal', {
      hint: 'give it with --password-stdin',
    });
  }
  using _ = rawMode(stdin);
  stderr.write(question);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let password = '';
  const read = (chunk: Buffer): void => {
    for (const letter of chunk.toString('utf8')) {
      if (letter === '\r' || letter === '\n' || letter === '\x04') {
        resolve(password);
        return;
      }
      if (letter === '\x03') process.kill(process.pid, 'SIGINT');
      else if (letter === '\x7f' || letter === '\b') password = [...password].slice(0, -1).join('');
      else if (letter === '\x15') password = '';
      else password += letter;
    }
  };
  const end = (): void => resolve(password);
  const leave = (): void => reject(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  stdin.on('data', read).once('end', end).resume();
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', leave);
    stdin.off('data', read).off('end', end).pause();
    stderr.write('\n');
  }
}

/** All of standard input, without the line's end. */
export async function readPassword({ stdin }: Context): Promise<string> {
  return (await text(stdin)).replace(/\r?\n$/, '');
}
