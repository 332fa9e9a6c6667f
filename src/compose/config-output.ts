import type { Project } from '../model/project.ts';
import type { Tree, Value } from './tree-path.ts';

/** The project as `config --format json` prints it: keys sorted, each `$` doubled, extensions at the top level only. */
export function formatJson(project: Project): string {
  return JSON.stringify(printable(project as unknown as Tree, { keepExtensions: false, keepNulls: true }), null, 2);
}

interface Printing {
  readonly keepExtensions: boolean;
  readonly keepNulls: boolean;
}

function printable(project: Tree, printing: Printing): Tree {
  const out: Tree = {};
  for (const key of Object.keys(project).sort()) {
    const value = project[key] as Value;
    out[key] = key.startsWith('x-') ? sorted(value, { ...printing, keepExtensions: true }) : sorted(value, printing);
  }
  return out;
}

function sorted(value: Value, printing: Printing): Value {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$');
  if (Array.isArray(value)) return value.map((item) => sorted(item, printing));
  if (typeof value !== 'object' || value === null) return value;
  const out: Tree = {};
  for (const key of Object.keys(value).sort()) {
    if (!printing.keepExtensions && key.startsWith('x-')) continue;
    out[key.replaceAll('$', '$$$$')] = sorted(value[key] as Value, printing);
  }
  return out;
}
