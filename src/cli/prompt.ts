import { createInterface } from 'node:readline/promises';
import type { Context } from './context.ts';

/** Asks on stderr; everything but yes is no, also the end of the input. */
export async function confirm(question: string, context: Context): Promise<boolean> {
  const { stdin, stderr, signal } = context;
  const lines = createInterface({ input: stdin, output: stderr, terminal: false });
  try {
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    const answer = await Promise.race([lines.question(`${question} [yN] `, { signal }), ended]);
    return /^\s*y(es)?\s*$/i.test(answer);
  } finally {
    lines.close();
  }
}
