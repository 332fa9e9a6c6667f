import type { Command } from './command.ts';

/** Every command by name; a file is read only when its command is named. */
export const registry: Readonly<Record<string, () => Promise<Command>>> = {
  version: async () => (await import('./commands/version.ts')).version,
};

/** Other names of commands. */
export const aliases: Readonly<Record<string, string>> = { convert: 'config' };
