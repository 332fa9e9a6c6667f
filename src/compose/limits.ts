/** How much a file may hold; past these a file is refused rather than half read. */
export const LIMITS = {
  fileBytes: 16 * 1024 * 1024,
  /** Nodes that aliases may add, or this many times the file's own nodes when that is more, up to a last limit. */
  aliasNodes: 100_000,
  aliasFactor: 50,
  mostAliasNodes: 5_000_000,
  depth: 200,
  /** Texts, numbers and keys in a file: each takes several hundred bytes while it is read. */
  values: 1_200_000,
  /** YAML documents in a file. */
  documents: 1000,
} as const;
