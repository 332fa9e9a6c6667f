import { isAlias, isMap, isPair, isScalar, isSeq, type Node, type Scalar as ScalarNode, type YAMLMap } from 'yaml';
import { type Diagnostic, diagnosticAt, type SourceText } from '../util/diagnostic.ts';
import { nearest } from '../util/nearest.ts';
import { LIMITS } from './limits.ts';
import { placeOfNode } from './parsed-document.ts';
import { freeScalar, isNotFinite, plainScalar, readDate } from './scalar.ts';
import { copyValue, formatPath, isTree, type Scalar, type Tree, type TreePath, type Value } from './tree-path.ts';

/** Maps whose values become text, whatever they are. */
const TEXT_MAPS: ReadonlySet<string> = new Set([
  'annotations',
  'args',
  'aux_addresses',
  'driver_opts',
  'environment',
  'labels',
  'options',
  'sysctls',
]);

type Anchored = { readonly node: Node; isOpen: boolean };

/** Turns the syntax of one document into plain values: anchors, aliases, tags and `<<` are gone then. */
export class Converter {
  readonly resets: TreePath[] = [];
  private readonly source: SourceText;
  private readonly report: (diagnostic: Diagnostic) => void;
  private readonly anchors = new Map<string, Anchored>();
  private readonly path: (string | number)[] = [];
  private ownNodes = 0;
  private aliasNodes = 0;
  private aliasDepth = 0;
  /** Whether the conversion was given up, so that its result means nothing. */
  isOverLimit = false;

  constructor(source: SourceText, report: (diagnostic: Diagnostic) => void) {
    this.source = source;
    this.report = report;
  }

  convertRoot(contents: Node | null): Value {
    return contents === null ? null : this.convert(contents);
  }

  private convert(node: Node | null): Value {
    if (node === null) return null;
    if (this.isOverLimit) return null;
    this.countNode(node);
    if (this.path.length > LIMITS.depth) {
      this.stop(node, `values are nested more than ${LIMITS.depth} deep`);
      return null;
    }
    if (isAlias(node)) return this.convertAlias(node.source, node);
    const anchor = (node as { anchor?: string }).anchor;
    const anchored = anchor === undefined ? undefined : { node, isOpen: true };
    if (anchor !== undefined && anchored !== undefined && this.aliasDepth === 0) this.anchors.set(anchor, anchored);
    const tag = node.tag;
    if (tag === '!reset') {
      this.resets.push([...this.path]);
      // Anchors inside stay known.
      this.convertPlain(node);
      if (anchored !== undefined) anchored.isOpen = false;
      return null;
    }
    if (tag === '!override') this.resets.push([...this.path]);
    const value = this.convertPlain(node);
    if (anchored !== undefined) anchored.isOpen = false;
    return value;
  }

  private convertPlain(node: Node): Value {
    if (isScalar(node)) return this.convertScalar(node as ScalarNode);
    if (isSeq(node)) {
      const list: Value[] = [];
      for (const [index, item] of node.items.entries()) {
        this.path.push(index);
        const value = this.convert(item as Node | null);
        this.path.pop();
        // A reset item is left out; lists have no place to remember it.
        if (!this.isReset(item as Node | null)) list.push(value);
      }
      return list;
    }
    return isMap(node) ? this.convertMap(node) : null;
  }

  private convertMap(map: YAMLMap): Tree {
    const tree: Tree = {};
    const seen = new Map<string, Node>();
    const merged: Tree[] = [];
    for (const pair of map.items) {
      if (!isPair(pair)) continue;
      let keyNode = pair.key as Node;
      if (isAlias(keyNode)) keyNode = this.anchors.get(keyNode.source)?.node ?? keyNode;
      if (!isScalar(keyNode)) {
        this.fail(keyNode, 'a key must be a word');
        continue;
      }
      const key = String(keyNode.value ?? '');
      const anchor = (keyNode as { anchor?: string }).anchor;
      if (anchor !== undefined) this.anchors.set(anchor, { node: keyNode as Node, isOpen: false });
      const previous = seen.get(key);
      if (previous !== undefined) {
        this.fail(keyNode as Node, `key ${JSON.stringify(key)} is already there`, {
          hint: `it was first given on line ${this.lineOf(previous)}`,
        });
        continue;
      }
      seen.set(key, keyNode as Node);
      const isPlain = keyNode.type === 'PLAIN' && keyNode.tag === undefined;
      if (isPlain && key === '<<') {
        this.collectMerge(pair.value as Node | null, merged);
        continue;
      }
      if (isPlain && typeof plainScalar(key) !== 'string') {
        this.fail(keyNode as Node, `key ${key === '' ? '(nothing)' : key} is not text`, { hint: `quote it: "${key}"` });
        continue;
      }
      if (key === '__proto__') {
        this.fail(keyNode as Node, 'the key __proto__ cannot be used');
        continue;
      }
      this.path.push(key);
      const value = this.convert(pair.value as Node | null);
      this.path.pop();
      if (!this.isReset(pair.value as Node | null)) tree[key] = value;
    }
    for (const from of merged) {
      for (const key of Object.keys(from)) if (!Object.hasOwn(tree, key)) tree[key] = copyValue(from[key] as Value);
    }
    return tree;
  }

  /** What `<<` takes over: a map, an alias of one, or a list of those, the first of which wins. */
  private collectMerge(node: Node | null, merged: Tree[]): void {
    const value = this.convert(node);
    // What is wrong with an alias has been said.
    if (value === null && isAlias(node)) return;
    const parts = Array.isArray(value) ? value : [value];
    for (const part of parts) {
      if (isTree(part)) merged.push(part);
      else if (node !== null) this.fail(node, '<< takes a map or a list of maps');
    }
  }

  private isReset(node: Node | null): boolean {
    const target = isAlias(node) ? (this.anchors.get(node.source)?.node ?? node) : node;
    return target?.tag === '!reset';
  }

  private convertAlias(name: string, node: Node): Value {
    const anchored = this.anchors.get(name);
    if (anchored === undefined) {
      const near = nearest(name, [...this.anchors.keys()]);
      const hint = near === undefined ? 'an anchor stands before its aliases' : `did you mean *${near}?`;
      this.fail(node, `no anchor &${name} before this`, { hint });
      return null;
    }
    if (anchored.isOpen) {
      this.fail(node, `&${name} contains itself`);
      return null;
    }
    this.aliasDepth += 1;
    anchored.isOpen = true;
    const value = this.convert(anchored.node);
    anchored.isOpen = false;
    this.aliasDepth -= 1;
    return value;
  }

  private convertScalar(node: ScalarNode): Value {
    if (node.value instanceof Uint8Array) return Buffer.from(node.value).toString('utf8');
    const { value } = node;
    const text = typeof value === 'string' ? value : value instanceof Date ? (node.source ?? '') : String(value ?? '');
    switch (node.tag) {
      case undefined:
      case '!reset':
      case '!override':
        break;
      case '!':
      case 'tag:yaml.org,2002:str':
        return text;
      case 'tag:yaml.org,2002:binary':
        return Buffer.from(text, 'base64').toString('utf8');
      case 'tag:yaml.org,2002:int':
      case 'tag:yaml.org,2002:float':
      case 'tag:yaml.org,2002:bool':
      case 'tag:yaml.org,2002:null':
      case 'tag:yaml.org,2002:timestamp':
        return this.read(node, text);
      default:
        // An unknown tag says nothing about the value, so it is text.
        return text;
    }
    if (node.type !== undefined && node.type !== 'PLAIN') return text;
    if (isNotFinite(text)) {
      this.fail(node, `${text} is not a finite number`, { hint: 'quote it if it is text' });
      return null;
    }
    return this.read(node, text);
  }

  private read(node: ScalarNode, text: string): Scalar {
    if (String(this.path[0]).startsWith('x-')) return freeScalar(text);
    const value = plainScalar(text);
    if (typeof value !== 'string' || value === text || this.path.length < 2 || readDate(text) === undefined)
      return value;
    // What is a date in YAML becomes text where any value does, and where nobody reads it.
    const isText = typeof this.path.at(-1) === 'string' && TEXT_MAPS.has(String(this.path.at(-2)));
    if (!isText && !this.path.some((segment) => String(segment).startsWith('x-')))
      this.fail(node, `${text} is a date`, { hint: `quote it if it is text: "${text}"` });
    return value;
  }

  private countNode(node: Node): void {
    if (this.aliasDepth === 0) {
      this.ownNodes += 1;
      return;
    }
    this.aliasNodes += 1;
    const most = Math.max(LIMITS.aliasNodes, LIMITS.aliasFactor * this.ownNodes);
    if (this.aliasNodes > Math.min(most, LIMITS.mostAliasNodes)) {
      this.stop(node, 'aliases repeat too much: the file would grow beyond any use');
    }
  }

  private stop(node: Node, message: string): void {
    if (!this.isOverLimit) this.fail(node, message, { code: 'limit' });
    this.isOverLimit = true;
  }

  private fail(node: Node, message: string, extra: { hint?: string; code?: string } = {}): void {
    const path = formatPath(this.path);
    this.report(
      diagnosticAt(placeOfNode(this.source, node), {
        severity: 'error',
        message: path === '' ? message : `${path}: ${message}`,
        path,
        ...extra,
      }),
    );
  }

  private lineOf(node: Node): number {
    const offset = node.range?.[0] ?? 0;
    return this.source.text.slice(0, offset).split('\n').length;
  }
}
