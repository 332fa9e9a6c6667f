import { defineCommand } from '../command.ts';
import { shellWords } from './line.ts';

/** What the scripts of `completion` ask: candidates with their purposes, and last what the shell should add itself. */
export const completeWords = defineCommand({
  name: '__complete',
  summary: 'What may follow on a command line',
  hidden: true,
  operands: { usage: 'words WORD... | line LINE', min: 1 },
  passesThrough: true,
  options: {},
  settings: (_values, [form, ...rest]) => ({
    words: form === 'line' ? shellWords(rest[0] ?? '').slice(1) : rest,
  }),
  async run({ words }, context) {
    const [{ complete }, { completionWorld }] = await Promise.all([import('./complete.ts'), import('./world.ts')]);
    const { candidates, paths } = await complete(words, completionWorld(words, context));
    const lines = candidates.map(({ value, purpose }) => `${value}\t${purpose}\n`);
    context.stdout.write(`${lines.join('')}:${paths}\n`);
    return 0;
  },
});
