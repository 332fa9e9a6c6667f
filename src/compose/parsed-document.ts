import type { Document, Node } from 'yaml';
import type { Place, SourceText } from '../util/diagnostic.ts';
import type { TreePath, Value } from './tree-path.ts';

/** One YAML document of a file. */
export interface ParsedDocument {
  readonly source: SourceText;
  readonly value: Value;
  /** Where `!reset` and `!override` stand: what earlier files say there is dropped. */
  readonly resets: readonly TreePath[];
  /** Kept to place messages; nothing else looks at it. */
  readonly syntax: Document.Parsed;
}

/** The stretch of text a node was read from, without what follows it. */
export function placeOfNode(source: SourceText, node: Node): Place | undefined {
  const range = node.range;
  if (range === undefined || range === null) return undefined;
  return { source, offset: range[0], length: Math.max(1, range[1] - range[0]) };
}
