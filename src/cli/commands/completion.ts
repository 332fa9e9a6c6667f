import { ComposeError } from '../../util/errors.ts';
import { defineCommand } from '../command.ts';
import { shells } from '../completion/scripts.ts';

export const completion = defineCommand({
  name: 'completion',
  summary: 'Print a script that completes commands in a shell',
  operands: { usage: 'bash|fish|zsh', min: 1, max: 1 },
  options: {},
  examples: [
    ['completion bash >/etc/bash_completion.d/tscompose', 'for every bash of this machine'],
    ['completion zsh >/usr/local/share/zsh/site-functions/_tscompose', 'for every zsh'],
    ['completion fish >~/.config/fish/completions/tscompose.fish', 'for my fish'],
  ],
  settings(_values, [shell = '']) {
    const script = Object.hasOwn(shells, shell) ? shells[shell] : undefined;
    if (script !== undefined) return { script };
    throw new ComposeError('USAGE', `there is no completion for ${JSON.stringify(shell)}`, {
      hint: `the shells are ${Object.keys(shells).join(', ')}`,
    });
  },
  async run({ script }, { stdout }) {
    stdout.write(script);
    return 0;
  },
});
