import { basename, dirname, join } from 'node:path';
import { checkProjectName, normalizeProjectName } from '../model/names.ts';
import type { Diagnostic } from '../util/diagnostic.ts';
import { ComposeError } from '../util/errors.ts';
import { type FileReader, findFiles, fromDirectory, readVariables, refuseRemote } from './files.ts';
import type { LoadOptions } from './load.ts';
import { parseYaml } from './parse.ts';
import { type Lookup, substitute, TemplateError } from './template.ts';
import { isTree, own, type Value } from './tree-path.ts';

/** What a project is loaded from. */
export interface Inputs {
  readonly files: readonly string[];
  readonly directory: string;
  readonly envFiles: readonly string[];
  readonly environment: Record<string, string>;
}

/** Decides which files, which directory and which variables. */
export function findInputs(options: LoadOptions, reader: FileReader, report: (diagnostic: Diagnostic) => void): Inputs {
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

/** The project's name: given, or that of the last file that has one, or that of the directory. */
export function projectName(options: LoadOptions, inputs: Inputs, reader: FileReader): string {
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
