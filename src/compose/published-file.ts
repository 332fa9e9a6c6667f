/** A Compose file as it is published: files of variables that its services name go with it, under names of their own. */
import { createHash } from 'node:crypto';
import { relative, resolve } from 'node:path';
import { isMap, isScalar, isSeq, type Scalar } from 'yaml';
import type { SourceText } from '../util/diagnostic.ts';
import { findNode } from './locate.ts';
import { parseYaml } from './parse.ts';
import type { ParsedDocument } from './parsed-document.ts';

export interface PublishedFile {
  readonly text: string;
  /** Where each of them is on this machine, and its name beside the Compose file. */
  readonly variableFiles: ReadonlyMap<string, string>;
}

/** Puts these names into the text, which stays as it is otherwise. What is not there, and what a variable names, stays too. */
export function publishedFile(
  source: SourceText,
  directory: string,
  isThere: (path: string) => boolean,
): PublishedFile {
  const variableFiles = new Map<string, string>();
  let text = source.text;
  const words = parseYaml(source, () => {}).flatMap(envFileWords);
  // From the end on: what stands before keeps its place.
  for (const { value, range } of words.sort((a, b) => (b.range?.[0] ?? 0) - (a.range?.[0] ?? 0))) {
    const path = resolve(directory, String(value));
    if (range === undefined || range === null || !isThere(path)) continue;
    const name = `${createHash('sha256').update(relative(directory, path)).digest('hex')}.env`;
    variableFiles.set(path, name);
    text = text.slice(0, range[0]) + name + text.slice(range[1]);
  }
  return { text, variableFiles };
}

/** The paths in `env_file` of the services of a document, as they are written there. */
function envFileWords(document: ParsedDocument): Scalar[] {
  const services = findNode(document, ['services']);
  if (!isMap(services)) return [];
  return services.items.flatMap(({ value: service }) => {
    if (!isMap(service)) return [];
    const files = service.get('env_file', true) as unknown;
    const entries = isSeq(files) ? files.items : [files];
    return entries.flatMap((entry) => {
      const word = isMap(entry) ? (entry.get('path', true) as unknown) : entry;
      return isScalar(word) && !String(word.type).startsWith('BLOCK') ? [word] : [];
    });
  });
}
