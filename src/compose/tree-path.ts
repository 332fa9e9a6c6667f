/** Where something stands in a file: keys and list positions from the root. */
export type TreePath = readonly (string | number)[];

/** `services.web.ports[0]`; keys that are no plain words are quoted. */
export function formatPath(path: TreePath): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else if (/^[\w-]+$/.test(segment)) text += text === '' ? segment : `.${segment}`;
    else text += `[${JSON.stringify(segment)}]`;
  }
  return text;
}

export type Scalar = string | number | boolean | null;
export type Value = Scalar | Value[] | Tree;
export interface Tree {
  [key: string]: Value;
}

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A key's own value: never what every object inherits. */
export function own<T>(map: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined;
}

/** A deep copy of plain data. */
export function copyValue<T extends Value>(value: T): T {
  if (Array.isArray(value)) return value.map((item) => copyValue(item)) as T;
  if (!isTree(value)) return value;
  const copy: Tree = {};
  for (const key of Object.keys(value)) copy[key] = copyValue(value[key] as Value);
  return copy as T;
}
