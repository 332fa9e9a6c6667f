import { ComposeError } from '../util/errors.ts';

export type TemplateData = Readonly<Record<string, unknown>>;

const functions: Readonly<Record<string, (value: unknown) => string>> = {
  json: (value) => JSON.stringify(value),
  upper: (value) => String(value).toUpperCase(),
  lower: (value) => String(value).toLowerCase(),
  println: (value) => `${String(value)}\n`,
};

/**
 * The part of Go's templates that `--format` is used with: `{{.Name}}`, `{{json .}}`, `{{upper .State}}`, and the text
 * around. Throws USAGE for the rest.
 */
export function compileTemplate(template: string): { render(data: TemplateData): string; readonly fields: string[] } {
  const parts = template
    .replaceAll('\\t', '\t')
    .replaceAll('\\n', '\n')
    .split(/\{\{-?\s*(.*?)\s*-?\}\}/);
  const fields: string[] = [];
  const pieces = parts.map((part, index) => {
    if (index % 2 === 0) return () => part;
    const [, name = '', field = ''] = /^(?:(\w+)\s+)?\.(\w*)$/.exec(part) ?? refuse(part);
    if (name !== '' && !Object.hasOwn(functions, name)) refuse(part);
    const apply = functions[name] ?? String;
    fields.push(field);
    return (data: TemplateData) => {
      if (field !== '' && !Object.hasOwn(data, field)) {
        throw new ComposeError('USAGE', `--format: there is no field ${field}`, {
          hint: `the fields are ${Object.keys(data).join(', ')}`,
        });
      }
      return apply(field === '' ? data : data[field]);
    };
  });
  return { fields, render: (data) => pieces.map((piece) => piece(data)).join('') };
}

function refuse(part: string): never {
  throw new ComposeError('USAGE', `--format: cannot read {{${part}}}`, {
    hint: 'write {{.Name}}, {{json .}} or {{upper .Name}}, or use --format json',
  });
}
