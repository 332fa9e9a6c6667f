import { defineCommand } from '../command.ts';
import { type Check, machineChecks } from '../doctor/checks.ts';
import { readMachineFacts } from '../doctor/facts.ts';
import { projectChecks } from '../doctor/project.ts';
import { isColored } from '../progress.ts';

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Check what this machine offers, and what the project needs',
  options: {
    format: { type: 'string', value: 'FORMAT', choices: ['text', 'json'], description: 'text or json' },
  },
  settings: ({ format }) => ({ form: format === 'json' ? ('json' as const) : ('text' as const) }),
  async run({ form }, context) {
    const { stdout, paths } = context;
    const checks = [...machineChecks(await readMachineFacts(paths)), ...(await projectChecks(context))];
    if (form === 'json') stdout.write(`${JSON.stringify(checks, null, 2)}\n`);
    else stdout.write(checks.map((check) => formatCheck(check, isColored(context, stdout))).join(''));
    return checks.some(({ status }) => status === 'missing') ? 1 : 0;
  },
});

const colors = { ok: 32, missing: 31, advice: 33 } as const;

function formatCheck({ name, status, detail, fix }: Check, isPainted: boolean): string {
  const word = status.padEnd(8);
  const mark = isPainted ? `\x1b[${colors[status]}m${word}\x1b[0m` : word;
  const line = `${mark} ${name.padEnd(16)} ${detail}\n`;
  return fix === null ? line : `${line}${' '.repeat(26)}fix: ${fix}\n`;
}
