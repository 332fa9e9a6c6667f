import { dirname, isAbsolute, join } from 'node:path';
import { ComposeError } from '../util/errors.ts';
import { expandService, expandShortForms } from './canonical.ts';
import { refuseRemote } from './files.ts';
import { interpolateDocument } from './interpolate.ts';
import { Locator } from './locate.ts';
import { applyResets, MergeConflict, mergeFiles, mergeServices } from './merge.ts';
import type { ModelContext } from './model-context.ts';
import { parseYaml } from './parse.ts';
import type { ParsedDocument } from './parsed-document.ts';
import { resolveServicePaths } from './paths.ts';
import { fileProblem, isWarning, reporter } from './report.ts';
import { copyValue, formatPath, isTree, own, type Tree, type TreePath, type Value } from './tree-path.ts';

const MAX_DEPTH = 100;

interface ExtendsScope {
  readonly services: Tree;
  readonly document: ParsedDocument | undefined;
  readonly file: string;
  readonly directory: string;
  /** Services that `include` brought, already in long form. */
  readonly included: Tree | undefined;
}

/** Puts below each service of a document what it extends, in the document itself. */
export function applyExtends(
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
    if (chain.length > MAX_DEPTH) {
      report(place, `services extend each other more than ${MAX_DEPTH} deep`, { code: 'limit' });
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
