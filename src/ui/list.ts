import { formatTable } from './table.ts';
import { compileTemplate, type TemplateData } from './template.ts';

export interface ListOptions {
  /** The columns of the table without a template: heading and field. */
  readonly columns: readonly (readonly [heading: string, field: string])[];
  readonly minWidth?: number;
}

/**
 * Rows in the form that `--format` asks for: `table` (or nothing), `json` (an object a line), `table TEMPLATE`, or a
 * template for each row.
 */
export function formatList(format: string | undefined, rows: readonly TemplateData[], options: ListOptions): string {
  const { columns, minWidth = 10 } = options;
  if (format === undefined || format === '' || format === 'table') {
    const cells = rows.map((row) => columns.map(([, field]) => String(row[field] ?? '')));
    const header = columns.map(([heading]) => heading);
    return formatTable(header, cells, { minWidth });
  }
  if (format === 'json') return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  if (!format.startsWith('table ')) {
    const template = compileTemplate(format);
    return rows.map((row) => `${template.render(row)}\n`).join('');
  }
  const template = compileTemplate(format.slice('table '.length).trim());
  const headings = Object.fromEntries(template.fields.map((field) => [field, headingOf(field, columns)]));
  const lines = [compileTemplate(unwrapFunctions(format.slice('table '.length).trim())).render(headings)];
  for (const row of rows) lines.push(template.render(row));
  return formatTable(
    null,
    lines.map((line) => line.split('\t')),
    { minWidth },
  );
}

function headingOf(field: string, columns: ListOptions['columns']): string {
  const named = columns.find(([, name]) => name === field)?.[0];
  return named ?? field.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toUpperCase();
}

function unwrapFunctions(template: string): string {
  return template.replaceAll(/\{\{-?\s*\w+\s+(\.\w+)\s*-?\}\}/g, '{{$1}}');
}
