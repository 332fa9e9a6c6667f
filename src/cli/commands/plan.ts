import { defaultSettings } from '../../model/settings.ts';
import { defineCommand } from '../command.ts';
import { chosenForm } from '../format-option.ts';
import { parseScale } from '../services.ts';
import { showPlan } from '../show-plan.ts';

export const plan = defineCommand({
  name: 'plan',
  summary: 'Show what up would do, and why',
  operands: { usage: '[SERVICE...]' },
  options: {
    format: { type: 'string', value: 'FORMAT', description: 'text or json' },
    down: { type: 'boolean', description: 'What down would do instead' },
    forceRecreate: { type: 'boolean', description: 'As up --force-recreate' },
    noDeps: { type: 'boolean', description: 'As up --no-deps' },
    removeOrphans: { type: 'boolean', description: 'As up --remove-orphans' },
    scale: { type: 'strings', value: 'SERVICE=N', description: 'As up --scale; repeatable' },
  },
  settings: (values, services) => ({
    form: planForm(values.format),
    settings: {
      ...defaultSettings(values.down ? 'down' : 'up'),
      services,
      dependencies: values.noDeps ? ('exclude' as const) : ('include' as const),
      recreate: values.forceRecreate ? ('force' as const) : ('diverged' as const),
      orphans: values.removeOrphans ? ('remove' as const) : ('warn' as const),
      scale: parseScale(values.scale),
    },
  }),
  run: async (settings, context) => await showPlan(settings, context),
});

function planForm(format: string | undefined): 'text' | 'json' {
  return format === 'pretty' ? 'text' : chosenForm(format, ['text', 'json']);
}
