import { diagnosticAt } from '../util/diagnostic.ts';
import { expandShortForms } from './canonical.ts';
import { applyExtends } from './extends.ts';
import { dropDuplicates } from './identity.ts';
import { loadIncludes } from './include.ts';
import { interpolateDocument } from './interpolate.ts';
import { Locator } from './locate.ts';
import { applyResets, MergeConflict, mergeFiles } from './merge.ts';
import type { ModelContext } from './model-context.ts';
import { parseYaml } from './parse.ts';
import type { ParsedDocument } from './parsed-document.ts';
import { resolveResourcePaths, resolveServicePaths } from './paths.ts';
import { reporter } from './report.ts';
import { formatPath, isTree, type Tree, type Value } from './tree-path.ts';
import { checkSchema } from './validate.ts';

/** Reads and merges files into one tree in long form, before paths are made absolute and anything implicit is added. */
export async function loadTree(files: readonly string[], context: ModelContext): Promise<Tree> {
  let merged: Tree = {};
  for (const path of files) {
    const parsed = parseYaml(context.reader.read(path), context.findings.add);
    for (const document of parsed) merged = await addDocument(merged, document, path, context);
  }
  return merged;
}

/** Makes the paths of a merged tree absolute, where that is wanted. */
export function resolveTreePaths(tree: Tree, context: ModelContext): void {
  if (!context.resolvePaths) return;
  const base = { directory: context.directory, home: context.home };
  if (isTree(tree.services)) {
    for (const service of Object.values(tree.services)) {
      if (!isTree(service)) continue;
      if (isTree(service.build) && service.build.context === undefined) service.build.context = '.';
      resolveServicePaths(service, base);
    }
  }
  resolveResourcePaths(tree, base);
}

async function addDocument(base: Tree, document: ParsedDocument, path: string, context: ModelContext): Promise<Tree> {
  const { findings } = context;
  const local = new Locator();
  local.add(document);
  const root = interpolateDocument(document, { lookup: context.lookup, findings });
  if (!isTree(root)) {
    const place = local.place([]);
    const message =
      root === null ? 'the file must be a map, and this is nothing' : 'the file must be a map of attributes';
    findings.add(diagnosticAt(place, { severity: 'error', message }));
    context.locator.add(document);
    return base;
  }
  const included = await loadIncludes(root, document, path, context, loadIncluded);
  context.locator.add(document);
  const report = reporter(context);
  if (root.services === null && isTree(base.services)) report(['services'], 'services: expected a map, got nothing');
  applyExtends(root, included, document, path, context);
  applyResets(base, document.resets);
  let merged = base;
  try {
    if (included !== undefined) {
      applyResets(included, document.resets);
      merged = mergeFiles(merged, included);
    }
    merged = mergeFiles(merged, root);
  } catch (error) {
    if (!(error instanceof MergeConflict)) throw error;
    report(error.path, `${formatPath(error.path)}: ${error.message}`, {
      hint: 'give it in the same form, or put !override before it',
    });
    return base;
  }
  const touched = partOf(merged, root, included);
  dropEmptyNames(touched);
  readPrinted(touched);
  dropDuplicates(touched);
  await checkSchema(touched, merged, context);
  if (merged.version !== undefined) {
    report(['version'], 'version has no meaning any more', { code: 'obsolete', hint: 'remove it' });
    delete merged.version;
  }
  expandShortForms(touched, { report, hasVariables: context.lookup === undefined });
  dropDuplicates(touched);
  return merged;
}

async function loadIncluded(files: readonly string[], context: ModelContext): Promise<Tree> {
  const tree = await loadTree(files, context);
  resolveTreePaths(tree, context);
  return tree;
}

/** What a document says something about; the rest of the merged tree has been looked at before. */
function partOf(merged: Tree, ...documents: readonly (Tree | undefined)[]): Tree {
  const part: Tree = {};
  for (const document of documents) {
    if (document === undefined) continue;
    for (const [key, value] of Object.entries(document)) {
      const whole = merged[key];
      if (whole === undefined) continue;
      if (!isTree(whole) || !isTree(value) || !NAMED.has(key)) {
        part[key] = whole;
        continue;
      }
      if (!isTree(part[key])) part[key] = {};
      const named = part[key] as Tree;
      for (const name of Object.keys(value)) if (Object.hasOwn(whole, name)) named[name] = whole[name] as Value;
    }
  }
  return part;
}

const NAMED: ReadonlySet<string> = new Set(['services', 'networks', 'volumes', 'secrets', 'configs', 'models']);

/** The reference prints the keys of blkio_config's lists with capitals and a limit of zero as `{}`; that must load again. */
function readPrinted(tree: Tree): void {
  if (!isTree(tree.services)) return;
  for (const service of Object.values(tree.services)) {
    if (!isTree(service)) continue;
    for (const holder of [service, service.build]) {
      const ulimits = isTree(holder) ? holder.ulimits : undefined;
      if (!isTree(ulimits)) continue;
      for (const [name, limit] of Object.entries(ulimits)) {
        if (isTree(limit) && Object.keys(limit).length === 0) ulimits[name] = 0;
      }
    }
    const settings = service.blkio_config;
    if (!isTree(settings)) continue;
    for (const list of Object.values(settings)) {
      if (!Array.isArray(list)) continue;
      for (const item of list) {
        if (!isTree(item)) continue;
        for (const key of ['Path', 'Rate', 'Weight']) {
          if (item[key] === undefined || item[key.toLowerCase()] !== undefined) continue;
          item[key.toLowerCase()] = item[key] as Value;
          delete item[key];
        }
      }
    }
  }
}

/** `dns: ""` is no server. */
function dropEmptyNames(tree: Tree): void {
  if (!isTree(tree.services)) return;
  for (const service of Object.values(tree.services)) {
    if (!isTree(service)) continue;
    if (service.dns === '') delete service.dns;
    else if (Array.isArray(service.dns)) service.dns = service.dns.filter((server) => server !== '' && server !== null);
  }
}
