import { dirname, isAbsolute, join } from 'node:path';
import { diagnosticAt, type Findings, SourceError } from '../util/diagnostic.ts';
import { ComposeError } from '../util/errors.ts';
import { expandService, expandShortForms, type ReportAt } from './canonical.ts';
import { type FileReader, fromDirectory, readVariables, refuseRemote } from './files.ts';
import validate from './generated/validate.js';
import { interpolateDocument } from './interpolate.ts';
import { type LocateOptions, Locator } from './locate.ts';
import { applyResets, dropDuplicates, MergeConflict, mergeFiles, mergeServices } from './merge.ts';
import { type ParsedDocument, parseYaml } from './parse.ts';
import { resolveResourcePaths, resolveServicePaths } from './paths.ts';
import type { Lookup } from './template.ts';
import { copyValue, formatPath, isTree, own, type Tree, type TreePath, type Value } from './tree-path.ts';

/** Codes of reports that do not stop the loading. */
const WARNINGS: ReadonlySet<string> = new Set([
  'deprecated',
  'command-cut',
  'obsolete',
  'unsupported',
  'refused',
  'ignored',
]);
/** Told at once; who mends these sees the next. */
export const MOST_TOLD = 100;
const MOST_EXPLAINED = 1000;
const MAX_INCLUDES = 1000;
const MAX_INCLUDE_DEPTH = 100;

export interface ModelContext {
  readonly reader: FileReader;
  readonly locator: Locator;
  readonly findings: Findings;
  /** undefined: variables stay as they are. */
  readonly lookup: Lookup | undefined;
  /** Absolute; relative paths in the files start there. */
  readonly directory: string;
  readonly home: string | undefined;
  readonly resolvePaths: boolean;
  /** Files that lead here by include, to find circles. */
  readonly including: readonly string[];
  /** Shared by a project and all it includes. */
  readonly counter: { includes: number };
}

/** Reads and merges files into one tree in long form with absolute paths, before anything implicit is added. */
export async function loadTree(files: readonly string[], context: ModelContext): Promise<Tree> {
  let merged: Tree = {};
  for (const path of files) {
    const parsed = parseYaml(context.reader.read(path), context.findings.add);
    for (const document of parsed) merged = await addDocument(merged, document, path, context);
  }
  return merged;
}

export function isWarning(code: string | undefined): boolean {
  return code !== undefined && WARNINGS.has(code);
}

/** The code of a report about a file that cannot be read. */
export function fileProblem(error: ComposeError): { readonly code?: string } {
  return error.code === 'FILE_NOT_FOUND' ? { code: 'missing-file' } : {};
}

/** A reporter that finds the place of a path in the files. */
export function reporter(
  context: Pick<ModelContext, 'locator' | 'findings'> & { readonly lookup?: Lookup | undefined },
  options: Pick<LocateOptions, 'isKey' | 'tree'> = {},
): ReportAt {
  return (path, message, extra = {}) => {
    const severity = isWarning(extra.code) ? 'warning' : 'error';
    if (!context.findings.hasRoom(severity)) return;
    if (path.some((_, depth) => context.findings.isUnread(formatPath(path.slice(0, depth + 1))))) return;
    const place = context.locator.place(path, { lookup: context.lookup, ...options });
    context.findings.add(diagnosticAt(place, { severity, message, path: formatPath(path), ...extra }));
  };
}

/** Throws SourceError with all errors there are, each once. */
export function failOnErrors(findings: Findings): void {
  if (!findings.hasErrors) return;
  const seen = new Set<string>();
  const errors = findings.all.filter((diagnostic) => {
    const key = `${diagnostic.file}:${diagnostic.line}:${diagnostic.column}:${diagnostic.message}`;
    if (diagnostic.severity !== 'error' || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  const [first] = errors;
  const codes = {
    yaml: 'SYNTAX',
    interpolation: 'INTERPOLATION',
    cycle: 'CYCLE',
    limit: 'LIMIT',
    'missing-file': 'FILE_NOT_FOUND',
    remote: 'UNSUPPORTED',
  } as const;
  const code = own(codes as Record<string, (typeof codes)[keyof typeof codes]>, first?.code ?? '') ?? 'INVALID';
  const files = [...new Set(errors.map(({ file }) => file))];
  // As someone who goes through the files meets them.
  errors.sort(
    (a, b) =>
      files.indexOf(a.file) - files.indexOf(b.file) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0),
  );
  const told = errors.slice(0, MOST_TOLD);
  if (told.length < errors.length) told.push({ severity: 'error', message: 'there are more errors than these' });
  throw new SourceError(code, told);
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
  const included = await loadIncludes(root, document, path, context);
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

async function checkSchema(part: Tree, tree: Tree, context: ModelContext): Promise<void> {
  if (validate(part)) return;
  const { explainSchemaErrors } = await import('./schema-errors.ts');
  const { default: schema } = await import('../../schema/compose.json', { with: { type: 'json' } });
  for (const finding of explainSchemaErrors((validate.errors ?? []).slice(0, MOST_EXPLAINED), part, schema)) {
    reporter(context, { isKey: finding.isKey, tree })(finding.path, finding.message, {
      code: 'schema',
      ...(finding.hint === undefined ? {} : { hint: finding.hint }),
    });
  }
}

interface ExtendsScope {
  readonly services: Tree;
  readonly document: ParsedDocument | undefined;
  readonly file: string;
  readonly directory: string;
  /** Services that `include` brought, already in long form. */
  readonly included: Tree | undefined;
}

function applyExtends(
  root: Tree,
  included: Tree | undefined,
  document: ParsedDocument,
  file: string,
  context: ModelContext,
): void {
  if (!isTree(root.services)) return;
  const scope: ExtendsScope = {
    services: root.services,
    document,
    file,
    directory: context.directory,
    included: isTree(included?.services) ? included.services : undefined,
  };
  const resolver = new ExtendsResolver(context);
  for (const name of Object.keys(root.services)) {
    const resolved = resolver.resolve(name, scope, [], name);
    if (resolved !== undefined) root.services[name] = resolved;
  }
}

class ExtendsResolver {
  private readonly context: ModelContext;
  private readonly scopes = new Map<string, ExtendsScope | undefined>();

  constructor(context: ModelContext) {
    this.context = context;
  }

  /** A service with everything it extends merged below it. `target` is the service of the main file this is for. */
  resolve(name: string, scope: ExtendsScope, chain: readonly string[], target: string): Value | undefined {
    const service = own(scope.services, name) as Value | undefined;
    if (!isTree(service) || service.extends === undefined || service.extends === null) return service;
    const report = reporter(this.context);
    const place = ['services', target, 'extends'];
    const { extends: wish, ...rest } = service;
    const isText = typeof wish === 'string';
    const base = isText ? wish : isTree(wish) ? wish.service : undefined;
    if (typeof base !== 'string' || base === '') {
      report(place, `services.${name}.extends: service is missing`, { hint: 'name the service to extend' });
      return rest;
    }
    const file = isTree(wish) && typeof wish.file === 'string' ? wish.file : undefined;
    const link = `${scope.file}\0${name}`;
    if (chain.includes(link)) {
      const names = [...chain.slice(chain.indexOf(link)), link].map((entry) => entry.split('\0')[1]);
      report(place, `services extend each other in a circle: ${names.join(' -> ')}`, { code: 'cycle' });
      return rest;
    }
    if (chain.length > MAX_INCLUDE_DEPTH) {
      report(place, `services extend each other more than ${MAX_INCLUDE_DEPTH} deep`, { code: 'limit' });
      return rest;
    }
    const baseScope = file === undefined ? scope : this.open(file, scope, place);
    if (baseScope === undefined) return rest;
    let found = own(baseScope.services, base) as Value | undefined;
    if (found === undefined && file === undefined) found = own(scope.included, base) as Value | undefined;
    if (found === undefined) {
      const where = file === undefined ? '' : ` in ${this.context.reader.shortName(baseScope.file)}`;
      report(
        isText ? place : [...place, 'service'],
        `cannot extend service ${name}: there is no service ${base}${where}`,
      );
      return rest;
    }
    const resolved =
      own(baseScope.services, base) === undefined ? found : this.resolve(base, baseScope, [...chain, link], target);
    const below = isTree(resolved) ? copyValue(resolved) : {};
    if (baseScope !== scope) {
      if (baseScope.document !== undefined) {
        this.context.locator.add(baseScope.document, ['services', target], ['services', base]);
      }
      expandService(below, ['services', target], { report, hasVariables: this.context.lookup === undefined });
      if (this.context.resolvePaths)
        resolveServicePaths(below, { directory: baseScope.directory, home: this.context.home });
    }
    if (scope.document !== undefined) applyResets({ services: { [name]: below } }, scope.document.resets);
    try {
      return mergeServices(below, copyValue(rest), name);
    } catch (error) {
      if (!(error instanceof MergeConflict)) throw error;
      report(
        ['services', target, ...error.path.slice(2)],
        `${formatPath(error.path)}: cannot be merged with what service ${base} says`,
      );
      return rest;
    }
  }

  private open(file: string, from: ExtendsScope, place: TreePath): ExtendsScope | undefined {
    refuseRemote(file, 'extended file');
    const path = isAbsolute(file) ? file : join(from.directory, file);
    if (path === from.file) return from;
    if (this.scopes.has(path)) return this.scopes.get(path);
    const { context } = this;
    let documents: ParsedDocument[];
    try {
      documents = parseYaml(context.reader.read(path), context.findings.add);
    } catch (error) {
      if (!(error instanceof ComposeError)) throw error;
      reporter(context)([...place, 'file'], error.message, fileProblem(error));
      this.scopes.set(path, undefined);
      return undefined;
    }
    let tree: Tree = {};
    const locator = new Locator();
    for (const document of documents) {
      locator.add(document);
      const root = interpolateDocument(document, {
        lookup: context.lookup,
        findings: context.findings,
      });
      if (isTree(root)) tree = mergeFiles(tree, root);
    }
    // Also what is not extended must be right; what is merely old is the business of whoever runs that file.
    const report = reporter({ locator, findings: context.findings });
    expandShortForms(tree, {
      report: (at, message, extra) => isWarning(extra?.code) || report(at, message, extra),
      hasVariables: context.lookup === undefined,
    });
    const scope: ExtendsScope = {
      services: isTree(tree.services) ? tree.services : {},
      document: documents[0],
      file: path,
      directory: dirname(path),
      included: undefined,
    };
    this.scopes.set(path, scope);
    return scope;
  }
}

const RESOURCES = ['services', 'networks', 'volumes', 'secrets', 'configs', 'models'];

/** Loads what a document includes and takes the `include` attribute away. Earlier entries lie over later ones. */
async function loadIncludes(
  root: Tree,
  document: ParsedDocument,
  file: string,
  context: ModelContext,
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
      tree = await loadInclude(wish, file, context);
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

async function loadInclude(wish: IncludeWish, from: string, context: ModelContext): Promise<Tree> {
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
  const tree = await loadTree(paths, inner);
  finishTree(tree, inner);
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

/** Makes the paths of a merged tree absolute. */
export function finishTree(tree: Tree, context: ModelContext): void {
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
