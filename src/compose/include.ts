import { dirname, join } from 'node:path';
import { SourceError } from '../util/diagnostic.ts';
import { ComposeError } from '../util/errors.ts';
import { fromDirectory, readVariables, refuseRemote } from './files.ts';
import { Locator } from './locate.ts';
import { mergeFiles } from './merge.ts';
import type { ModelContext } from './model-context.ts';
import type { ParsedDocument } from './parsed-document.ts';
import { fileProblem, reporter } from './report.ts';
import type { Lookup } from './template.ts';
import { isTree, type Tree, type Value } from './tree-path.ts';

const MAX_INCLUDES = 1000;
const MAX_INCLUDE_DEPTH = 100;

/** Loads the files of an included project, with absolute paths: the loader, which reads this document. */
type LoadProject = (files: readonly string[], context: ModelContext) => Promise<Tree>;

const RESOURCES = ['services', 'networks', 'volumes', 'secrets', 'configs', 'models'];

/** Loads what a document includes and takes the `include` attribute away. Earlier entries lie over later ones. */
export async function loadIncludes(
  root: Tree,
  document: ParsedDocument,
  file: string,
  context: ModelContext,
  load: LoadProject,
): Promise<Tree | undefined> {
  const { include } = root;
  delete root.include;
  if (include === undefined || include === null) return undefined;
  const locator = new Locator();
  locator.add(document);
  const report = reporter({ locator, findings: context.findings });
  if (!Array.isArray(include)) {
    report(['include'], 'include: expected a list of files');
    return undefined;
  }
  let merged: Tree | undefined;
  for (const [index, entry] of include.entries()) {
    const place = ['include', index];
    const wish = includeOf(entry);
    if (typeof wish === 'string') {
      report(place, `include[${index}]: ${wish}`);
      continue;
    }
    let tree: Tree;
    try {
      tree = await loadInclude(wish, file, context, load);
    } catch (error) {
      if (!(error instanceof ComposeError) || error instanceof SourceError || error.code === 'LIMIT') throw error;
      report(place, error.message, {
        ...(error.hint === undefined ? {} : { hint: error.hint }),
        ...fileProblem(error),
        ...(error.code === 'CYCLE' ? { code: 'cycle' } : error.code === 'UNSUPPORTED' ? { code: 'remote' } : {}),
      });
      continue;
    }
    const kept: Tree = {};
    for (const kind of RESOURCES) if (isTree(tree[kind])) kept[kind] = tree[kind];
    merged = merged === undefined ? kept : layIncludes(kept, merged);
  }
  return merged;
}

/** One included project below another; what is the same on both sides stays as it is. */
function layIncludes(below: Tree, above: Tree): Tree {
  for (const kind of RESOURCES) {
    const [low, high] = [below[kind], above[kind]];
    if (!isTree(low) || !isTree(high)) continue;
    for (const key of Object.keys(low)) {
      if (Object.hasOwn(high, key) && JSON.stringify(low[key]) === JSON.stringify(high[key])) delete low[key];
    }
  }
  return mergeFiles(below, above);
}

interface IncludeWish {
  readonly paths: readonly string[];
  readonly directory: string | undefined;
  readonly envFiles: readonly string[] | undefined;
}

function includeOf(entry: Value): IncludeWish | string {
  const list = (value: Value | undefined): string[] | undefined => {
    if (value === undefined || value === null) return undefined;
    return (Array.isArray(value) ? value : [value]).map(String);
  };
  if (typeof entry === 'string') return { paths: [entry], directory: undefined, envFiles: undefined };
  if (!isTree(entry)) return 'expected a file, or a map with path';
  const paths = list(entry.path);
  if (paths === undefined || paths.length === 0) return 'path is missing';
  for (const key of Object.keys(entry)) {
    if (!['path', 'project_directory', 'env_file'].includes(key)) return `there is no attribute ${JSON.stringify(key)}`;
  }
  const directory = typeof entry.project_directory === 'string' ? entry.project_directory : undefined;
  return { paths, directory, envFiles: list(entry.env_file) };
}

async function loadInclude(wish: IncludeWish, from: string, context: ModelContext, load: LoadProject): Promise<Tree> {
  for (const path of wish.paths) refuseRemote(path, 'included file');
  const paths = wish.paths.map((path) => fromDirectory(context.directory, path));
  const including = [...context.including, from];
  const again = paths.find((path) => including.includes(path));
  if (again !== undefined) {
    const circle = [...including.slice(including.indexOf(again)), again].map((path) => context.reader.shortName(path));
    throw new ComposeError('CYCLE', `include cycle detected: ${circle.join(' -> ')}`);
  }
  context.counter.includes += 1;
  if (context.counter.includes > MAX_INCLUDES || including.length > MAX_INCLUDE_DEPTH) {
    throw new ComposeError(
      'LIMIT',
      `more than ${MAX_INCLUDES} files are included, or more than ${MAX_INCLUDE_DEPTH} deep`,
    );
  }
  const directory =
    wish.directory === undefined || wish.directory === ''
      ? dirname(paths[0] ?? context.directory)
      : fromDirectory(context.directory, wish.directory);
  const defaults = join(directory, '.env');
  const envFiles = wish.envFiles
    ?.map((path) => fromDirectory(context.directory, path))
    .filter((path) => path !== '/dev/null');
  const parent = context.lookup;
  const variables = readVariables(
    envFiles ?? (context.reader.exists(defaults) ? [defaults] : []),
    context.reader,
    parent ?? (() => undefined),
    context.findings.add,
  );
  const locator = new Locator();
  const inner: ModelContext = {
    ...context,
    locator,
    directory,
    including,
    lookup: parent === undefined ? undefined : (name) => parent(name) ?? variables.get(name),
  };
  const tree = await load(paths, inner);
  context.locator.addAll(locator);
  // Values of `environment` without one are the included project's own.
  resolveBareVariables(tree, inner.lookup);
  return tree;
}

function resolveBareVariables(tree: Tree, lookup: Lookup | undefined): void {
  if (lookup === undefined || !isTree(tree.services)) return;
  for (const service of Object.values(tree.services)) {
    const environment = isTree(service) ? service.environment : undefined;
    if (!isTree(environment)) continue;
    for (const key of Object.keys(environment)) {
      if (environment[key] === null) environment[key] = lookup(key) ?? null;
    }
  }
}
