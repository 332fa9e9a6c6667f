/** `--format` of commands that show one thing in several forms. */
import { ComposeError } from '../util/errors.ts';
import type { OptionSpec } from './options.ts';

export const tableFormat = {
  type: 'string',
  value: 'FORMAT',
  default: 'table',
  words: ['table', 'json'],
  description: 'table or json',
} as const satisfies OptionSpec;

/** The form that was asked for, the first of `forms` when none was. Throws USAGE. */
export function chosenForm<const Form extends string>(
  given: string | undefined,
  forms: readonly [Form, ...Form[]],
): Form {
  const found = given ? forms.find((form) => form === given) : forms[0];
  if (found !== undefined) return found;
  throw new ComposeError('USAGE', `unsupported --format value ${JSON.stringify(given)}`, {
    hint: `it is ${forms.join(' or ')}`,
  });
}
