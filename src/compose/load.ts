import { basename, dirname, join } from 'node:path';
import { checkProjectName, normalizeProjectName } from '../model/names.ts';
import type { Project } from '../model/project.ts';
import type { Service } from '../model/service.ts';
import { type Diagnostic, diagnosticAt, Findings } from '../util/diagnostic.ts';
import { ComposeError } from '../util/errors.ts';
import { type Machine, reportUnsupported } from './attributes.ts';
import { checkServices, checkTree } from './consistency.ts';
import { decodeConfig, decodeModel, decodeNetwork, decodeSecret, decodeService, decodeVolume } from './decode.ts';
import { DotenvError, parseDotenv, parseRawEnv } from './dotenv.ts';
import { dotenvDiagnostic, FileReader, findFiles, fromDirectory, readVariables, refuseRemote } from './files.ts';
import { Locator } from './locate.ts';
import {
  failOnErrors,
  fileProblem,
  finishTree,
  isWarning,
  loadTree,
  MOST_TOLD,
  type ModelContext,
  reporter,
} from './model-loader.ts';
import { normalize } from './normalize.ts';
import { parseYaml } from './parse.ts';
import { type Used, usedResources } from './resources.ts';
import { type Lookup, substitute, TemplateError } from './template.ts';
import { formatPath, isTree, own, type Tree, type TreePath, type Value } from './tree-path.ts';

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
  const project = buildProject(model, options);
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
  finishTree(tree, context);
  if (options.skip?.normalization !== true) {
    tree.name = name;
    normalize(tree, name, lookup);
  }
  failOnErrors(findings);
  const activeProfiles = profilesOf(options, environment);
  const enabled = enabledServices(tree, activeProfiles, options.services ?? []);
  const sources: Sources = {
    files: inputs.files,
    readFiles: reader.files,
    projectDirectory: inputs.directory,
    envFiles: inputs.envFiles,
    environment,
    activeProfiles,
    disabledServices: enabled.disabled,
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

const MAX_SERVICES = 20_000;
const USUAL_MACHINE: Machine = { platform: 'linux/amd64', cgroupVersion: 2 };

function warningsOf(findings: Findings): Diagnostic[] {
  const seen = new Set<string>();
  const warnings = findings.all.filter((diagnostic) => {
    const key = `${diagnostic.code === 'unset-variable' ? '' : `${diagnostic.file}:${diagnostic.line}`}${diagnostic.message}`;
    if (diagnostic.severity !== 'warning' || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  const told = warnings.slice(0, MOST_TOLD);
  if (told.length < warnings.length) told.push({ severity: 'warning', message: 'there are more warnings than these' });
  return told;
}

interface Inputs {
  readonly files: readonly string[];
  readonly directory: string;
  readonly envFiles: readonly string[];
  readonly environment: Record<string, string>;
}

/** Decides which files, which directory and which variables. */
function findInputs(options: LoadOptions, reader: FileReader, report: (diagnostic: Diagnostic) => void): Inputs {
  const { workingDirectory } = options;
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.environment)) if (value !== undefined) environment[name] = value;
  const process: Lookup = (name) => own(options.environment, name);
  const add = (variables: Map<string, string>): void => {
    for (const [name, value] of variables) if (!Object.hasOwn(environment, name)) environment[name] = value;
  };
  const given = options.files ?? [];
  const named = options.envFiles?.length ? options.envFiles : listOf(process('COMPOSE_ENV_FILES'), ',');
  const envFiles: string[] = named.map((path) => fromDirectory(workingDirectory, path));
  const usesDefault = envFiles.length === 0 && !isTrue(process('COMPOSE_DISABLE_ENV_FILE'));
  const addDefault = (directory: string): void => {
    const path = join(directory, '.env');
    if (!usesDefault || envFiles.includes(path) || !reader.exists(path)) return;
    envFiles.push(path);
    add(readVariables([path], reader, process, report));
  };
  if (envFiles.length > 0) add(readVariables(envFiles, reader, process, report));
  const fixed = options.projectDirectory ?? own(environment, 'COMPOSE_PROJECT_DIRECTORY');
  const ownDirectory = fixed === undefined ? undefined : fromDirectory(workingDirectory, fixed);
  if (ownDirectory !== undefined) addDefault(ownDirectory);
  else if (given[0] !== undefined && given[0] !== '-') addDefault(dirname(fromDirectory(workingDirectory, given[0])));
  else addDefault(workingDirectory);
  const separator = own(environment, 'COMPOSE_PATH_SEPARATOR') || ':';
  const wanted = given.length > 0 ? given : listOf(own(environment, 'COMPOSE_FILE'), separator);
  for (const path of wanted) refuseRemote(path, 'file');
  const files =
    wanted.length > 0
      ? wanted.map((path) => fromDirectory(workingDirectory, path))
      : findFiles(ownDirectory ?? workingDirectory, reader, report);
  const first = files[0] ?? '-';
  const directory = ownDirectory ?? (first === '-' ? workingDirectory : dirname(first));
  addDefault(directory);
  return { files, directory, envFiles, environment };
}

function listOf(text: string | undefined, separator: string): string[] {
  return text === undefined || text === ''
    ? []
    : text
        .split(separator)
        .map((part) => part.trim())
        .filter((part) => part !== '');
}

function isTrue(text: string | undefined): boolean {
  return text !== undefined && ['1', 't', 'true', 'y', 'yes', 'on'].includes(text.toLowerCase());
}

function projectName(options: LoadOptions, inputs: Inputs, reader: FileReader): string {
  const given = options.projectName || own(inputs.environment, 'COMPOSE_PROJECT_NAME');
  if (given !== undefined && given !== '') return checkProjectName(given);
  let name: string | undefined;
  for (const path of inputs.files) name = nameInFile(path, reader, inputs.environment) ?? name;
  const repaired = normalizeProjectName(name ?? basename(inputs.directory));
  if (repaired === '') {
    throw new ComposeError('INVALID', 'project name must not be empty', {
      hint: 'give one with -p, or with name: in the file',
    });
  }
  return repaired;
}

function nameInFile(
  path: string,
  reader: FileReader,
  environment: Readonly<Record<string, string>>,
): string | undefined {
  const { text } = reader.read(path);
  // Most files have none, and need not be read twice for it.
  if (!/(?:^|[\s{,'"])name['"]?\s*:/.test(text)) return undefined;
  const found = /^name[ \t]*:[ \t]*(?:"([^"\\\n]*)"|'([^'\n]*)'|([^\s#&*!|>'"%@`{[][^#\n]*))[ \t]*(?:#.*)?$/m.exec(
    text,
  );
  const isSimple = found !== null && !/^---/m.test(text) && /^services[ \t]*:/m.test(text);
  let name: Value | undefined = isSimple ? (found[1] ?? found[2] ?? found[3]?.trim()) : undefined;
  if (!isSimple) {
    for (const document of parseYaml({ name: path, path, text }, () => {})) {
      const { value } = document;
      if (isTree(value) && value.name !== undefined && value.name !== null) name = value.name;
    }
  }
  if (typeof name !== 'string' || name === '') return undefined;
  try {
    return substitute(name, { lookup: (variable) => own(environment, variable) });
  } catch (error) {
    if (error instanceof TemplateError) return undefined;
    throw error;
  }
}

function profilesOf(options: LoadOptions, environment: Readonly<Record<string, string>>): readonly string[] {
  if (options.profiles !== undefined && options.profiles.length > 0) return options.profiles;
  // Without any the empty one is active, so that `profiles: ["${UNSET}"]` is no profile.
  return (own(environment, 'COMPOSE_PROFILES') ?? '').split(',').map((profile) => profile.trim());
}

interface Enabled {
  readonly names: readonly string[];
  readonly disabled: Readonly<Record<string, readonly string[]>>;
}

function enabledServices(tree: Tree, active: readonly string[], selected: readonly string[]): Enabled {
  const names: string[] = [];
  const disabled: Record<string, readonly string[]> = {};
  const services = isTree(tree.services) ? tree.services : {};
  const profilesOfService = (service: Value | undefined): string[] =>
    isTree(service) && Array.isArray(service.profiles) ? service.profiles.map(String) : [];
  const isActive = new Set(active);
  for (const name of selected) for (const profile of profilesOfService(own(services, name))) isActive.add(profile);
  for (const [name, service] of Object.entries(services)) {
    const profiles = profilesOfService(service);
    if (profiles.length === 0 || isActive.has('*') || profiles.some((profile) => isActive.has(profile)))
      names.push(name);
    else disabled[name] = profiles;
  }
  return { names, disabled };
}

/** Makes the canonical project of a model. What is wrong goes to the model's diagnostics. */
export function buildProject(model: LoadedModel, options: LoadOptions): Project {
  const { tree, context, sources } = model;
  const report = reporter(context, { tree });
  const rawServices = isTree(tree.services) ? tree.services : {};
  const services: Record<string, Service> = {};
  for (const name of Object.keys(rawServices)) {
    const raw = rawServices[name];
    if (!isTree(raw)) continue;
    if (Object.hasOwn(sources.disabledServices, name)) {
      // Mistakes in it are told all the same.
      decodeService(raw, name, (path, message, extra) => isWarning(extra?.code) || report(path, message, extra));
      continue;
    }
    if (options.skip?.environmentFiles !== true) readServiceFiles(raw, name, context, sources);
    services[name] = decodeService(raw, name, report);
  }
  if (options.skip?.consistency !== true && !context.findings.hasErrors) {
    checkServices({ services, disabled: sources.disabledServices, tree }, report);
  }
  const used = usedResources(services);
  const isUsed = (kind: string, key: string): boolean =>
    kind === 'services' ? Object.hasOwn(services, key) : used[kind as keyof Used].has(key);
  reportUnsupported(tree, isUsed, options.machine ?? USUAL_MACHINE, report);
  const select = <T>(kind: keyof Used, decode: (value: Tree, key: string) => T): Record<string, T> | undefined => {
    const resources = tree[kind];
    if (!isTree(resources)) return undefined;
    const kept: Record<string, T> = {};
    for (const key of Object.keys(resources)) {
      const value = resources[key];
      if (options.allResources === true || used[kind].has(key)) kept[key] = decode(isTree(value) ? value : {}, key);
    }
    return Object.keys(kept).length === 0 ? undefined : kept;
  };
  const networks = select('networks', (value, key) => decodeNetwork(value, key, report));
  const volumes = select('volumes', (value, key) => decodeVolume(value, key, report));
  const secrets = select('secrets', (value, key) => decodeSecret(value, key, report));
  const configs = select('configs', (value, key) => decodeConfig(value, key, report));
  const models = select('models', (value, key) => decodeModel(value, key, report));
  for (const [kind, resources] of Object.entries({ networks, volumes, secrets, configs })) {
    for (const [key, { name }] of Object.entries(resources ?? {})) {
      // The reference accepts it, and then fails to make it.
      if (name === undefined && options.skip?.normalization !== true)
        report([kind, key, 'name'], `${kind}.${key}: name is empty`, { code: 'ignored' });
    }
  }
  const extensions: Record<`x-${string}`, unknown> = {};
  for (const key of Object.keys(tree)) if (key.startsWith('x-')) extensions[key as `x-${string}`] = tree[key];
  return {
    name: model.name,
    services,
    ...(networks === undefined ? {} : { networks }),
    ...(volumes === undefined ? {} : { volumes }),
    ...(secrets === undefined ? {} : { secrets }),
    ...(configs === undefined ? {} : { configs }),
    ...(models === undefined ? {} : { models }),
    ...extensions,
  };
}

/** Puts the variables of env_file below `environment`, and the labels of label_file below `labels`. */
function readServiceFiles(service: Tree, name: string, context: ModelContext, sources: Sources): void {
  const lookup: Lookup = (variable) => own(sources.environment, variable);
  const environment = isTree(service.environment) ? service.environment : {};
  const fromFiles = new Map<string, string>();
  const envFiles = Array.isArray(service.env_file) ? service.env_file : [];
  for (const [index, file] of envFiles.entries()) {
    if (!isTree(file) || typeof file.path !== 'string') continue;
    const isRequired = file.required !== false && file.required !== 'false';
    if (!isRequired && !context.reader.exists(file.path)) continue;
    const parse = (text: string): Map<string, string> =>
      file.format === 'raw'
        ? parseRawEnv(text, lookup)
        : // What earlier files say wins over this one, as if it came from outside.
          parseDotenv(text, {
            lookup: (variable) => lookup(variable) ?? fromFiles.get(variable),
            onUnset: unsetReporter(String(file.path), context),
          });
    readInto(fromFiles, file.path, 'env file', ['services', name, 'env_file', index], context, parse);
  }
  if (fromFiles.size > 0 || isTree(service.environment)) {
    service.environment = { ...Object.fromEntries(fromFiles), ...environment };
  }
  const labels = new Map<string, string>();
  // Only the labels of earlier files are known there, no variables.
  const label: Lookup = (key) => labels.get(key);
  const labelFiles = Array.isArray(service.label_file) ? service.label_file : [];
  for (const [index, path] of labelFiles.entries()) {
    const onUnset = unsetReporter(String(path), context);
    const parse = (text: string): Map<string, string> => parseDotenv(text, { lookup: label, onUnset });
    readInto(labels, String(path), 'label file', ['services', name, 'label_file', index], context, parse);
  }
  if (labels.size > 0) {
    service.labels = { ...Object.fromEntries(labels), ...(isTree(service.labels) ? service.labels : {}) };
  }
}

function unsetReporter(path: string, { reader, findings }: ModelContext): (name: string, line: number) => void {
  return (name, line) => {
    const message = `The "${name}" variable is not set. Defaulting to a blank string.`;
    findings.add({ severity: 'warning', code: 'unset-variable', file: reader.shortName(path), line, message });
  };
}

function readInto(
  into: Map<string, string>,
  path: string,
  what: string,
  place: readonly (string | number)[],
  context: ModelContext,
  parse: (text: string) => Map<string, string>,
): void {
  try {
    for (const [name, value] of parse(context.reader.read(path, what).text)) into.set(name, value);
  } catch (error) {
    if (error instanceof DotenvError) {
      context.findings.add(dotenvDiagnostic(context.reader.read(path, what), error));
    } else if (error instanceof ComposeError) reporter(context)(place, error.message, fileProblem(error));
    else throw error;
  }
}
