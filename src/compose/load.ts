import type { Project } from '../model/project.ts';
import { type Diagnostic, diagnosticAt, Findings } from '../util/diagnostic.ts';
import { ComposeError } from '../util/errors.ts';
import type { Machine } from './attributes.ts';
import { checkTree } from './consistency.ts';
import { decodeProject } from './decode-project.ts';
import { decodeService } from './decode-service.ts';
import { FileReader } from './files.ts';
import { findInputs, projectName } from './inputs.ts';
import { Locator } from './locate.ts';
import type { ModelContext } from './model-context.ts';
import { loadTree, resolveTreePaths } from './model-loader.ts';
import { normalize } from './normalize.ts';
import { disabledServices, profilesOf } from './profiles.ts';
import { failOnErrors, isWarning, reporter, warningsOf } from './report.ts';
import type { Lookup } from './template.ts';
import { formatPath, isTree, own, type Tree, type TreePath, type Value } from './tree-path.ts';

const MAX_SERVICES = 20_000;

export interface LoadOptions {
  /** `-f`, in order; undefined or empty: COMPOSE_FILE, else the search in the working directory and its parents. */
  readonly files?: readonly string[] | undefined;
  readonly projectDirectory?: string | undefined;
  readonly projectName?: string | undefined;
  /** `--profile`; empty: COMPOSE_PROFILES. */
  readonly profiles?: readonly string[];
  /** The variables of the process. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `--env-file`, in order; empty: COMPOSE_ENV_FILES, else `.env`. */
  readonly envFiles?: readonly string[];
  /** Absolute. */
  readonly workingDirectory: string;
  /** What `-f -` reads; undefined: standard input. */
  readonly stdin?: string | undefined;
  /** Services named on the command line: their own profiles become active. */
  readonly services?: readonly string[];
  /** Where the project is to run: what there is only on some machines is told by it. */
  readonly machine?: Machine;
  /** Keeps resources that no enabled service uses. */
  readonly allResources?: boolean;
  readonly skip?: {
    readonly interpolation?: boolean;
    readonly normalization?: boolean;
    readonly pathResolution?: boolean;
    readonly consistency?: boolean;
    /** Leaves env_file unread. */
    readonly environmentFiles?: boolean;
  };
}

export interface LoadedProject {
  readonly project: Project;
  readonly warnings: readonly Diagnostic[];
  readonly sources: Sources;
  /** Puts the place in the files to which a path of the project belongs before a message about it. */
  locate(path: TreePath, message: string): Diagnostic;
}

/** Where a project came from. */
export interface Sources {
  /** The files of `-f`, or those found; absolute, `-` for standard input. */
  readonly files: readonly string[];
  /** Every file that was read: those, included and extended ones, env files. */
  readonly readFiles: readonly string[];
  readonly projectDirectory: string;
  readonly envFiles: readonly string[];
  /** Variables the files could use: the process's over those of env files. */
  readonly environment: Readonly<Record<string, string>>;
  readonly activeProfiles: readonly string[];
  /** Services the active profiles leave out, each with its profiles. */
  readonly disabledServices: Readonly<Record<string, readonly string[]>>;
  /** Names on this machine of all networks and volumes in the files, those included that no enabled service uses. */
  readonly networkNames: readonly string[];
  readonly volumeNames: readonly string[];
}

/** A merged file in long form, with what is known about it: what the canonical project is made from. */
export interface LoadedModel {
  readonly name: string;
  readonly tree: Tree;
  readonly context: ModelContext;
  readonly sources: Sources;
}

/**
 * Loads a project from its Compose files. Throws SourceError with everything that is wrong in them, ComposeError when a file
 * or name cannot be used at all.
 */
export async function loadProject(options: LoadOptions): Promise<LoadedProject> {
  const model = await loadModel(options);
  const { context, sources } = model;
  const project = decodeProject(model, options);
  failOnErrors(context.findings);
  const { tree } = model;
  const locate = (path: TreePath, message: string): Diagnostic => {
    const place = context.locator.place(path, { tree, lookup: context.lookup, isKey: 'map' });
    return diagnosticAt(place, { severity: 'error', message, path: formatPath(path) });
  };
  return { project, warnings: warningsOf(context.findings), sources, locate };
}

/** Loads as far as the merged tree: what `config --no-interpolate` prints. Throws as loadProject does. */
export async function loadModel(options: LoadOptions): Promise<LoadedModel> {
  const findings = new Findings();
  const reader = new FileReader(options.workingDirectory, options.stdin);
  const inputs = findInputs(options, reader, findings.add);
  const { environment } = inputs;
  const name = projectName(options, inputs, reader);
  environment.COMPOSE_PROJECT_NAME = name;
  const lookup: Lookup = (variable) => own(environment, variable);
  const context: ModelContext = {
    reader,
    locator: new Locator(),
    findings,
    lookup: options.skip?.interpolation ? undefined : lookup,
    directory: inputs.directory,
    home: own(environment, 'HOME'),
    resolvePaths: options.skip?.pathResolution !== true,
    including: [],
    counter: { includes: 0 },
  };
  const tree = await loadTree(inputs.files, context);
  if (findings.hasErrors && context.lookup !== undefined) findFurtherErrors(tree, context);
  failOnErrors(findings);
  if (Object.keys(tree).length === 0)
    throw new ComposeError(
      'SYNTAX',
      `empty compose file: ${inputs.files.map((path) => reader.read(path).name).join(', ')}`,
      { hint: 'it begins with services:' },
    );
  const services = isTree(tree.services) ? Object.keys(tree.services).length : 0;
  if (services > MAX_SERVICES) throw new ComposeError('LIMIT', `${services} services are more than ${MAX_SERVICES}`);
  // With variables left in them values cannot be checked.
  if (options.skip?.consistency !== true && options.skip?.interpolation !== true)
    checkTree(tree, reporter(context, { tree }));
  resolveTreePaths(tree, context);
  if (options.skip?.normalization !== true) {
    tree.name = name;
    normalize(tree, name, lookup);
  }
  failOnErrors(findings);
  const activeProfiles = profilesOf(options, environment);
  const sources: Sources = {
    files: inputs.files,
    readFiles: reader.files,
    projectDirectory: inputs.directory,
    envFiles: inputs.envFiles,
    environment,
    activeProfiles,
    disabledServices: disabledServices(tree, activeProfiles, options.services ?? []),
    networkNames: namesIn(tree.networks),
    volumeNames: namesIn(tree.volumes),
  };
  return { name, tree, context, sources };
}

function namesIn(resources: Value | undefined): string[] {
  if (!isTree(resources)) return [];
  return Object.values(resources).flatMap((one) => (isTree(one) && typeof one.name === 'string' ? one.name : []));
}

/** Where the files are wrong already, what else is wrong with single values is told as well. */
function findFurtherErrors(tree: Tree, context: ModelContext): void {
  const known = new Set(context.findings.all.map(({ path }) => path));
  const report = reporter(context, { tree });
  // What is told of a value, or of what it stands in, needs no second word.
  const isKnown = (path: TreePath): boolean => path.some((_, depth) => known.has(formatPath(path.slice(0, depth + 1))));
  const services = isTree(tree.services) ? tree.services : {};
  for (const [name, service] of Object.entries(services)) {
    if (!isTree(service)) continue;
    decodeService(service, name, (path, message, extra) => {
      if (!isKnown(path) && !isWarning(extra?.code)) report(path, message, extra);
    });
  }
}
