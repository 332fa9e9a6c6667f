import { type Document, isAlias, isMap, isPair, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import type { Place } from './diagnostic.ts';
import { type ParsedDocument, placeOfNode } from './parse.ts';
import type { TreePath } from './tree-path.ts';

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
  readonly key: Node | undefined;
  readonly depth: number;
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

  /** The place of a value, or with `isKey` of the key it stands under. What is in no file is placed at what holds it. */
  place(path: TreePath, isKey = false): Place | undefined {
    const found = this.find(path);
    if (found === undefined) return undefined;
    const node = isKey && found.key !== undefined ? found.key : found.node;
    return placeOfNode(found.document.source, node) ?? (found.key && placeOfNode(found.document.source, found.key));
  }

  private find(path: TreePath): Found | undefined {
    let best: Found | undefined;
    // A list that several documents add to is counted through in their order.
    const skipped = new Map<number, number>();
    for (const layer of this.layers) {
      if (layer.from.length > path.length || layer.from.some((segment, i) => segment !== path[i])) continue;
      const root = layer.document.syntax.contents;
      if (root === null) continue;
      const rest = [...layer.to, ...path.slice(layer.from.length)];
      const found = descend(layer.document, root, rest, skipped);
      const depth = found.depth - layer.to.length + layer.from.length;
      if (best === undefined || depth >= best.depth) best = { ...found, depth };
    }
    return best;
  }
}

/** The node at a path of one document, or the deepest there is above it. */
export function findNode(document: ParsedDocument, path: TreePath): Node | undefined {
  const root = document.syntax.contents;
  return root === null ? undefined : descend(document, root, path, new Map()).node;
}

function descend(document: ParsedDocument, root: Node, path: TreePath, skipped: Map<number, number>): Found {
  let node = root;
  let key: Node | undefined;
  let depth = 0;
  for (const [level, segment] of path.entries()) {
    node = resolve(document.syntax, node);
    let next: { node: Node | null; key?: Node } | undefined;
    if (isMap(node)) next = inMap(document.syntax, node, String(segment));
    else if (isSeq(node)) {
      if (typeof segment === 'number') {
        const index = segment - (skipped.get(level) ?? 0);
        const item = node.items[index] as Node | undefined;
        if (item === undefined) skipped.set(level, (skipped.get(level) ?? 0) + node.items.length);
        else if (index >= 0) next = { node: item };
      } else next = inList(node.items as Node[], segment);
    }
    if (next === undefined) break;
    if (next.key !== undefined) key = next.key;
    depth += 1;
    if (next.node === null) {
      return { document, node: next.key ?? node, key, depth };
    }
    node = next.node;
  }
  return { document, node, key, depth };
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
function inList(items: readonly Node[], segment: string): { node: Node } | undefined {
  for (const item of items) {
    if (isScalar(item)) {
      const text = String(item.value ?? '');
      if (text === segment || text.startsWith(`${segment}=`) || text.startsWith(`${segment}:`)) return { node: item };
    }
  }
  return undefined;
}
