import { type Document, isAlias, isMap, isPair, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import type { Place } from '../util/diagnostic.ts';
import { identitiesOf } from './identity.ts';
import { type ParsedDocument, placeOfNode } from './parsed-document.ts';
import { plainScalar } from './scalar.ts';
import { type Lookup, substitute, TemplateError } from './template.ts';
import { isTree, own, type Tree, type TreePath, type Value } from './tree-path.ts';

interface Layer {
  readonly document: ParsedDocument;
  /** The part of the merged tree this document speaks about… */
  readonly from: TreePath;
  /** …and where that is in the document. */
  readonly to: TreePath;
}

interface Found {
  readonly document: ParsedDocument;
  readonly node: Node;
  /** The last key on the way. */
  readonly key: Node | undefined;
  /** Whether the node stands under that key, and not in a list below it. */
  readonly isBelowKey: boolean;
  readonly depth: number;
}

/** What is known about the tree that a path belongs to. */
export interface LocateOptions {
  /** The place is that of the key, not of the value; `map`: when the value is a map. */
  readonly isKey?: boolean | 'map';
  /** The merged tree: an item of a list is found by what it is, however files were merged and short forms expanded. */
  readonly tree?: Tree | undefined;
  /** What the variables in the files were replaced by. */
  readonly lookup?: Lookup | undefined;
}

/**
 * Finds the place in the files from which a part of the merged tree came. Only messages need it, so nothing is recorded while
 * loading: the syntax trees are searched when there is something to say.
 */
export class Locator {
  private readonly layers: Layer[] = [];

  /** Registers a document, later ones lie over earlier ones. */
  add(document: ParsedDocument, from: TreePath = [], to: TreePath = []): void {
    this.layers.push({ document, from, to });
  }

  /** Takes over the documents of an included project. */
  addAll(other: Locator): void {
    this.layers.unshift(...other.layers);
  }

  /** The place of a value or key. What is in no file is placed at what holds it. */
  place(path: TreePath, options: LocateOptions = {}): Place | undefined {
    const found = this.find(path, options);
    if (found === undefined) return undefined;
    // The text of a map over several lines begins with its first key, which says nothing about the map.
    const isWhole = isMap(found.node) && found.isBelowKey && (options.isKey === 'map' || found.node.flow !== true);
    const isKey = options.isKey === true || isWhole;
    const node = isKey && found.key !== undefined ? found.key : found.node;
    return placeOfNode(found.document.source, node) ?? (found.key && placeOfNode(found.document.source, found.key));
  }

  private find(path: TreePath, options: LocateOptions): Found | undefined {
    let best: Found | undefined;
    const items = new Items(path, options);
    for (const layer of this.layers) {
      if (layer.from.length > path.length || layer.from.some((segment, i) => segment !== path[i])) continue;
      const root = layer.document.syntax.contents;
      if (root === null) continue;
      const rest = [...layer.to, ...path.slice(layer.from.length)];
      const found = descend(layer.document, root, rest, items, layer.from.length - layer.to.length);
      const depth = found.depth - layer.to.length + layer.from.length;
      if (best === undefined || depth >= best.depth) best = { ...found, depth };
    }
    return best;
  }
}

/** The node at a path of one document, or the deepest there is above it. */
export function findNode(document: ParsedDocument, path: TreePath): Node | undefined {
  const root = document.syntax.contents;
  return root === null ? undefined : descend(document, root, path, new Items(path, {}), 0).node;
}

const MOST_COMPARED = 2000;

/** Finds the items of lists that a path leads through. */
class Items {
  private readonly path: TreePath;
  private readonly options: LocateOptions;
  /** A list that several documents add to is counted through in their order: without the tree all items, with it equal ones. */
  private readonly skipped = new Map<number, number>();

  constructor(path: TreePath, options: LocateOptions) {
    this.path = path;
    this.options = options;
  }

  /** The item that stands at `level` of the path. */
  find(syntax: Document.Parsed, items: readonly Node[], level: number): Node | undefined {
    const { tree } = this.options;
    const wanted = tree === undefined ? undefined : valueAt(tree, this.path.slice(0, level + 1));
    // In a list nobody wrote by hand each item is its own.
    if (wanted === undefined || items.length > MOST_COMPARED) return this.count(items, level);
    const key = String(this.path[level - 1] ?? '');
    const identity = identitiesOf(key, wanted)[0] ?? '';
    const found = items.filter((item) => identitiesOf(key, this.valueOf(syntax, item)).includes(identity));
    // Of equal ones it is the one with as many before it.
    const list = valueAt(tree as Tree, this.path.slice(0, level)) as readonly Value[];
    const before = list.slice(0, Number(this.path[level])).filter((item) => identitiesOf(key, item)[0] === identity);
    const nth = before.length - (this.skipped.get(level) ?? 0);
    if (nth >= found.length) this.skipped.set(level, (this.skipped.get(level) ?? 0) + found.length);
    return found[Math.min(nth, found.length - 1)];
  }

  private count(items: readonly Node[], level: number): Node | undefined {
    const passed = this.skipped.get(level) ?? 0;
    const item = items[Number(this.path[level]) - passed];
    if (item === undefined) this.skipped.set(level, passed + items.length);
    return item;
  }

  /** What a node became: its scalars read, its variables replaced. */
  private valueOf(syntax: Document.Parsed, node: Node | null): Value {
    const target = node === null ? null : resolve(syntax, node);
    if (isScalar(target)) {
      const text = this.replaced(String(target.value ?? ''));
      return target.type === 'PLAIN' ? plainScalar(text) : text;
    }
    if (isSeq(target)) return (target.items as Node[]).map((item) => this.valueOf(syntax, item));
    const tree: Tree = {};
    for (const pair of isMap(target) ? target.items : []) {
      if (isPair(pair) && isScalar(pair.key)) tree[String(pair.key.value)] = this.valueOf(syntax, pair.value as Node);
    }
    return tree;
  }

  private replaced(text: string): string {
    const { lookup } = this.options;
    try {
      return lookup === undefined ? text : substitute(text, { lookup });
    } catch (error) {
      if (error instanceof TemplateError) return text;
      throw error;
    }
  }
}

function valueAt(tree: Tree, path: TreePath): Value | undefined {
  let value: Value | undefined = tree;
  for (const segment of path) {
    if (Array.isArray(value)) value = value[Number(segment)];
    else value = isTree(value) ? own(value, String(segment)) : undefined;
  }
  return value;
}

/** `shift` is how much deeper a level of the document is in the merged tree. */
function descend(document: ParsedDocument, root: Node, path: TreePath, items: Items, shift: number): Found {
  let node = root;
  let key: Node | undefined;
  let isBelowKey = false;
  let depth = 0;
  for (const [level, segment] of path.entries()) {
    node = resolve(document.syntax, node);
    let next: { node: Node | null; key?: Node } | undefined;
    if (isMap(node)) next = inMap(document.syntax, node, String(segment));
    else if (isSeq(node)) {
      const list = node.items as Node[];
      const item =
        typeof segment === 'number' ? items.find(document.syntax, list, level + shift) : named(list, segment);
      if (item !== undefined) next = { node: item };
    }
    if (next === undefined) break;
    if (next.key !== undefined) key = next.key;
    isBelowKey = next.key !== undefined;
    depth += 1;
    if (next.node === null) {
      return { document, node: next.key ?? node, key, isBelowKey, depth };
    }
    node = next.node;
  }
  return { document, node, key, isBelowKey, depth };
}

function resolve(syntax: Document.Parsed, node: Node): Node {
  return isAlias(node) ? (node.resolve(syntax) ?? node) : node;
}

function inMap(syntax: Document.Parsed, map: YAMLMap, segment: string): { node: Node | null; key?: Node } | undefined {
  const merges: Node[] = [];
  for (const pair of map.items) {
    if (!isPair(pair) || !isScalar(pair.key)) continue;
    const name = String(pair.key.value ?? '');
    if (name === segment) return { node: pair.value as Node | null, key: pair.key as Node };
    if (name === '<<' && pair.value !== null) merges.push(pair.value as Node);
  }
  for (const merge of merges) {
    const target = resolve(syntax, merge);
    for (const part of isSeq(target) ? (target.items as Node[]) : [target]) {
      const resolved = resolve(syntax, part);
      if (!isMap(resolved)) continue;
      const found = inMap(syntax, resolved, segment);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** A map key of the long form is the beginning of an item of the short one. */
function named(items: readonly Node[], segment: string): Node | undefined {
  return items.find((item) => {
    const text = isScalar(item) ? String(item.value ?? '') : '';
    return text === segment || text.startsWith(`${segment}=`) || text.startsWith(`${segment}:`);
  });
}
