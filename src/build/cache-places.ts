/** Where else steps of builds are kept: `cache_from` and `cache_to`, as BuildKit writes them. */
import { resolve } from 'node:path';
import { ComposeError } from '../util/errors.ts';

export type CacheSource =
  | { readonly kind: 'registry'; readonly reference: string }
  | { readonly kind: 'local'; readonly directory: string };

/** `inline`: in the image itself. `max`: steps of all stages, and not only those that the image is made of. */
export type CacheTarget = CacheSource & { readonly mode: 'min' | 'max' };

export interface CacheTargets {
  readonly isInline: boolean;
  readonly places: readonly CacheTarget[];
}

/** Null: a kind that is not for this program. Throws INVALID. */
export function parseCacheSource(text: string, workingDirectory: string): CacheSource | null {
  const fields = fieldsOf(text);
  if (fields === null) return { kind: 'registry', reference: text };
  return placeOf(fields, 'src', text, workingDirectory);
}

/** Throws INVALID, UNSUPPORTED. */
export function parseCacheTargets(texts: readonly string[], workingDirectory: string): CacheTargets {
  const places: CacheTarget[] = [];
  let isInline = false;
  for (const [index, text] of texts.entries()) {
    const fields =
      fieldsOf(text) ??
      new Map([
        ['type', 'registry'],
        ['ref', text],
      ]);
    if (fields.get('type') === 'inline') {
      isInline = true;
      continue;
    }
    const place = placeOf(fields, 'dest', text, workingDirectory);
    if (place === null) {
      throw new ComposeError('UNSUPPORTED', `the cache cannot be written to ${text}`, {
        attribute: ['build', 'cache_to', index],
        hint: 'there are type=registry,ref=NAME, type=local,dest=DIRECTORY and type=inline',
      });
    }
    const mode = fields.get('mode') ?? 'min';
    if (mode !== 'min' && mode !== 'max') {
      const attribute = ['build', 'cache_to', index];
      throw new ComposeError('INVALID', `${text}: mode is min or max`, { attribute });
    }
    places.push({ ...place, mode });
  }
  return { isInline, places };
}

/** Null: it is a name alone. */
function fieldsOf(text: string): Map<string, string> | null {
  if (!text.includes('=')) return null;
  return new Map(text.split(',').map((field) => field.split(/=(.*)/s, 2) as [string, string]));
}

function placeOf(
  fields: ReadonlyMap<string, string>,
  directoryKey: 'src' | 'dest',
  text: string,
  workingDirectory: string,
): CacheSource | null {
  const need = (key: string): string => {
    const value = fields.get(key);
    if (value) return value;
    throw new ComposeError('INVALID', `the cache ${text} has no ${key}`);
  };
  switch (fields.get('type') ?? 'registry') {
    case 'registry':
      return { kind: 'registry', reference: need('ref') };
    case 'local':
      return { kind: 'local', directory: resolve(workingDirectory, need(directoryKey)) };
    default:
      return null;
  }
}
