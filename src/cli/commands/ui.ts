import { ComposeError } from '../../util/errors.ts';
import { defineCommand } from '../command.ts';

export const ui = defineCommand({
  name: 'ui',
  summary: 'See and steer the stack on the whole screen',
  options: {},
  examples: [
    ['ui', 'the stack of this directory; ? shows the keys'],
    ['-p shop ui', 'the stack of that name'],
  ],
  settings: () => ({}),
  async run(_settings, context) {
    const { stdin, stdout, environment } = context;
    const term = environment.TERM ?? '';
    if (stdin.isTTY !== true || stdout.isTTY !== true || term === '' || term === 'dumb') {
      const what = stdin.isTTY === true && stdout.isTTY === true ? 'a terminal that can move its cursor' : 'a terminal';
      throw new ComposeError('USAGE', `ui needs ${what}: ps, logs and stats do without`);
    }
    const { showFullScreen } = await import('../ui/full-screen.ts');
    await showFullScreen(context);
    return 0;
  },
});
