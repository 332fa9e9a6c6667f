import { version as packageVersion } from '../../util/version.ts';
import { defineCommand } from '../command.ts';
import { chosenForm } from '../format-option.ts';

export const version = defineCommand({
  name: 'version',
  summary: 'Show the version',
  options: {
    format: { type: 'string', short: 'f', value: 'FORMAT', words: ['pretty', 'json'], description: 'pretty or json' },
    short: { type: 'boolean', description: 'Only the number' },
  },
  settings: ({ format, short }) => ({ form: versionForm(format, short ?? false) }),
  async run({ form }, { stdout }) {
    stdout.write(`${formatVersion(form, packageVersion)}\n`);
    return 0;
  },
});

type VersionForm = 'pretty' | 'json' | 'short';

function versionForm(format: string | undefined, isShort: boolean): VersionForm {
  if (isShort) return 'short';
  return chosenForm(format, ['pretty', 'json']);
}

function formatVersion(form: VersionForm, number: string): string {
  if (form === 'short') return number;
  return form === 'json' ? JSON.stringify({ version: number }) : `tscompose version ${number}`;
}
