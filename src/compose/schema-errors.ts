import { nearest } from '../util/nearest.ts';
import type { SchemaError } from './generated/validate.js';
import { castAt } from './interpolate.ts';
import { formatPath, isTree, type Tree, type TreePath, type Value } from './tree-path.ts';

/** What the schema found, in words. */
export interface SchemaFinding {
  readonly path: TreePath;
  /** The message is about the key, not about its value. */
  readonly isKey: boolean;
  readonly message: string;
  readonly hint?: string;
}

interface SchemaNode {
  readonly $ref?: string;
  /** The definition it was taken from. */
  readonly definition?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly items?: SchemaNode;
  readonly definitions?: Readonly<Record<string, SchemaNode>>;
}

/** Puts the validator's findings into words, with the schema's own descriptions. */
export function explainSchemaErrors(errors: readonly SchemaError[], data: Tree, root: unknown): SchemaFinding[] {
  const findings: SchemaFinding[] = [];
  for (const error of errors) {
    // What is wrong with a name is said by propertyNames.
    if (error.keyword === 'minLength') continue;
    const path = pointerPath(error.instancePath, data);
    findings.push(explain(error, path, valueAt(data, path), root as SchemaNode));
  }
  return findings;
}

function explain(error: SchemaError, path: TreePath, value: Value | undefined, root: SchemaNode): SchemaFinding {
  const where = path.length === 0 ? '' : formatPath(path);
  const prefix = where === '' ? '' : `${where}: `;
  const node = nodeAt(root, path);
  const about = node?.description;
  const hint = about === undefined ? {} : { hint: `${lastWord(path)} is ${about}` };
  const isResources = path.length === 1 && node?.patternProperties !== undefined;
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(error.params.additionalProperty);
      const full = [...path, key];
      return { path: full, isKey: true, ...unknownKey(key, full, path, value, node) };
    }
    case 'required': {
      const missing = String(error.params.missingProperty);
      const child = own(node?.properties, missing);
      const said = child === undefined ? undefined : follow(root, child)?.description;
      return {
        path,
        isKey: false,
        message: `${prefix}${missing} is missing`,
        ...(said === undefined ? {} : { hint: `${missing} is ${said}` }),
      };
    }
    case 'type': {
      const types = error.params.type;
      const isCast = castAt(path) !== undefined;
      const expected = (Array.isArray(types) ? types : [types])
        // Text stands for a number or boolean there, and for nothing else.
        .filter((type) => !isCast || type !== 'string')
        .map((type) => TYPE_WORDS[String(type)] ?? String(type));
      const quoted = expected.includes('text') && (typeof value === 'number' || typeof value === 'boolean');
      return {
        path,
        isKey: false,
        message: `${prefix}expected ${orList(expected)}, got ${describe(value)}`,
        ...(quoted && !expected.includes('a number')
          ? { hint: node?.definition === 'duration' ? `write it with a unit: ${value}s` : `quote it: "${value}"` }
          : (formHint(path, value, isResources) ?? (isResources ? {} : hint))),
      };
    }
    case 'enum': {
      const allowed = (error.params.allowedValues as string[]) ?? [];
      const near = typeof value === 'string' ? nearest(value, allowed) : undefined;
      return {
        path,
        isKey: false,
        message: `${prefix}expected ${orList(allowed)}, got ${describe(value)}`,
        ...(near === undefined ? {} : { hint: `did you mean ${near}?` }),
      };
    }
    case 'uniqueItems': {
      const item = Array.isArray(value) ? value[Number(error.params.i)] : undefined;
      const index = Math.max(Number(error.params.i), Number(error.params.j));
      return { path: [...path, index], isKey: false, message: `${prefix}${describe(item)} is there twice` };
    }
    case 'propertyNames':
      return {
        path: [...path, String(error.params.propertyName)],
        isKey: true,
        message: `${prefix}a name is empty`,
        ...hint,
      };
    case 'minimum':
      return {
        path,
        isKey: false,
        message: `${prefix}expected at least ${error.params.limit}, got ${describe(value)}`,
        ...hint,
      };
    case 'maximum':
      return {
        path,
        isKey: false,
        message: `${prefix}expected at most ${error.params.limit}, got ${describe(value)}`,
        ...hint,
      };
    default:
      return { path, isKey: false, message: `${prefix}${describe(value)} is not right here`, ...hint };
  }
}

/** What to write instead, where people mix the ways in which lists, maps and texts are written. */
function formHint(path: TreePath, value: Value | undefined, isResources: boolean): { hint: string } | undefined {
  if (isResources && Array.isArray(value)) return { hint: 'leave out the hyphen: each name is a key' };
  if (path[0] === 'services' && path.length === 2 && typeof value === 'string') {
    return { hint: `write image: ${value} below it` };
  }
  const [pair, ...others] = isTree(value) ? Object.entries(value) : [];
  const isItem = typeof path.at(-1) === 'number';
  if (!isItem || pair === undefined || others.length > 0 || typeof pair[1] === 'object') return undefined;
  return { hint: `write ${pair[0]}=${pair[1]}, or leave the hyphen out` };
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'a map',
  array: 'a list',
  null: 'nothing',
};

function unknownKey(
  key: string,
  full: TreePath,
  path: TreePath,
  parent: Value | undefined,
  node: SchemaNode | undefined,
): { message: string; hint?: string } {
  const isNames = path.length === 1 && node?.patternProperties !== undefined && node.properties === undefined;
  if (isNames) {
    return {
      message: `${formatPath(path)}: ${JSON.stringify(key)} is not a name`,
      hint: 'names consist of letters, digits, dots, hyphens and underscores',
    };
  }
  const known = Object.keys(node?.properties ?? {});
  const near = nearest(key, known);
  const message =
    path.length === 0
      ? `${key}: not a top-level attribute`
      : `${formatPath(full)}: ${holder(path)} has no attribute ${JSON.stringify(key)}`;
  if (near !== undefined) return { message, hint: `did you mean ${near}?` };
  const value = isTree(parent) ? parent[key] : undefined;
  if (path.length === 0 && isTree(value) && (value.image !== undefined || value.build !== undefined)) {
    return { message, hint: 'a service goes below services:' };
  }
  if (known.length > 0 && known.length <= 12) return { message, hint: `it can have ${orList(known, 'and')}` };
  return { message, hint: 'a name of your own begins with x-' };
}

function holder(path: TreePath): string {
  const words: Readonly<Record<string, string>> = {
    services: 'a service',
    networks: 'a network',
    volumes: 'a volume',
    secrets: 'a secret',
    configs: 'a config',
    models: 'a model',
  };
  if (path.length === 2) return words[String(path[0])] ?? lastWord(path);
  return lastWord(path);
}

function lastWord(path: TreePath): string {
  for (const segment of [...path].reverse()) if (typeof segment === 'string') return segment;
  return 'the file';
}

function describe(value: Value | undefined): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (isTree(value)) return 'a map';
  const text = JSON.stringify(value);
  const short = text.length > 60 ? `${text.slice(0, 57)}…"` : text;
  if (typeof value === 'number') return `the number ${short}`;
  return typeof value === 'boolean' ? short : `the text ${short}`;
}

function orList(words: readonly string[], last = 'or'): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}

/** The schema of the value at a path. */
function nodeAt(root: SchemaNode, path: TreePath): SchemaNode | undefined {
  let node: SchemaNode | undefined = root;
  for (const segment of path) {
    if (node === undefined) return undefined;
    node = follow(root, typeof segment === 'number' ? node.items : childOf(node, segment));
  }
  return node;
}

function childOf(node: SchemaNode, key: string): SchemaNode | undefined {
  const direct = own(node.properties, key);
  if (direct !== undefined) return direct;
  for (const [pattern, child] of Object.entries(node.patternProperties ?? {})) {
    if (new RegExp(pattern).test(key)) return child;
  }
  return typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
}

/** A reference's target, with the description that stands beside the reference. */
function follow(root: SchemaNode, node: SchemaNode | undefined): SchemaNode | undefined {
  if (node?.$ref === undefined) return node;
  const definition = node.$ref.slice(node.$ref.lastIndexOf('/') + 1);
  const target = own(root.definitions, definition);
  if (target === undefined) return undefined;
  return { ...target, definition, ...(node.description === undefined ? {} : { description: node.description }) };
}

function own<T>(map: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined;
}

function pointerPath(pointer: string, data: Tree): TreePath {
  const path: (string | number)[] = [];
  let value: Value | undefined = data;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(value)) {
      path.push(Number(key));
      value = value[Number(key)];
    } else {
      path.push(key);
      value = isTree(value) ? value[key] : undefined;
    }
  }
  return path;
}

function valueAt(data: Tree, path: TreePath): Value | undefined {
  let value: Value | undefined = data;
  for (const segment of path) {
    if (Array.isArray(value)) value = value[Number(segment)];
    else value = isTree(value) ? value[String(segment)] : undefined;
  }
  return value;
}
