import { ComposeError } from '../util/errors.ts';
import type { Command } from './command.ts';

/** A command of Docker Compose that cannot be here: whatever follows it, it says why in one line. */
export function defineRefusal(name: string, reason: string): Command {
  return {
    name,
    aliases: [],
    summary: `Not here: ${reason}`,
    hidden: true,
    shape: { name: `tscompose ${name}`, summary: `Not here: ${reason}`, operands: '', options: {}, stopAt: 'end' },
    async execute() {
      throw new ComposeError('UNSUPPORTED', `${name} is not supported: ${reason}`);
    },
  };
}
