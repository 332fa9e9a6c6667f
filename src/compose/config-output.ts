import { imageName, replicaCount } from '../model/names.ts';
import type { Project } from '../model/project.ts';
import type { Service } from '../model/service.ts';
import type { Tree, Value } from './tree-path.ts';

void replicaCount;
void imageName;

export type { Service };

/** The project as `config --format json` prints it: keys sorted, each `$` doubled, extensions at the top level only. */
export function formatJson(project: Project): string {
  const plain = printable(project as unknown as Tree, { keepExtensions: false, isTidy: false });
  // The reference's encoder writes these so, to be safe inside of HTML.
  return JSON.stringify(plain, null, 2).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

interface Printing {
  readonly keepExtensions: boolean;
  /** Without what says nothing: `command: null`, `ipam: {}`. */
  readonly isTidy: boolean;
}

/** Attributes whose keys are the user's: an `x-` there is a name like any other. */
const NAMED: ReadonlySet<string> = new Set([
  'additional_contexts',
  'annotations',
  'args',
  'aux_addresses',
  'configs',
  'depends_on',
  'driver_opts',
  'environment',
  'labels',
  'models',
  'networks',
  'options',
  'secrets',
  'services',
  'storage_opt',
  'sysctls',
  'ulimits',
  'volumes',
]);

function printable(project: Tree, printing: Printing): Tree {
  const out: Tree = {};
  for (const key of Object.keys(project).sort()) {
    const value = project[key] as Value;
    const isExtension = key.startsWith('x-');
    out[key] = isExtension ? doubled(value) : sorted(value, key, printing);
  }
  return out;
}

function doubled(value: Value): Value {
  return sorted(value, 'x-', { keepExtensions: true, isTidy: false });
}

function sorted(value: Value, parent: string, printing: Printing): Value {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$');
  if (Array.isArray(value)) return value.map((item) => sorted(item, '', printing));
  if (typeof value !== 'object' || value === null) return value;
  const out: Tree = {};
  for (const key of Object.keys(value).sort()) {
    const child = value[key] as Value;
    if (!printing.keepExtensions && key.startsWith('x-') && !NAMED.has(parent)) continue;
    if (printing.isTidy && !NAMED.has(parent) && isEmptyByConvention(key, child)) continue;
    out[key.replaceAll('$', '$$$$')] =
      key.startsWith('x-') && !NAMED.has(parent) ? doubled(child) : sorted(child, key, printing);
  }
  return out;
}

function isEmptyByConvention(key: string, value: Value): boolean {
  if (value === null) return key === 'command' || key === 'entrypoint';
  return key === 'ipam' && typeof value === 'object' && Object.keys(value).length === 0;
}
