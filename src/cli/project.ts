import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { checkProjectName, normalizeProjectName } from '../model/names.ts';
import type { GlobalSettings } from './globals.ts';

const fileNames = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];
const overrideNames = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
];

/** Where a command line stands: all that a guess of the project's name needs. */
export interface Standpoint {
  readonly globals: Pick<GlobalSettings, 'files' | 'projectName' | 'projectDirectory'>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
}

/**
 * The name that the project will very likely have, read without loading it, so that the supervisor starts meanwhile.
 * Undefined when that takes the loader: no file in reach, a name with variables, files that override each other.
 */
export function guessProjectName(standpoint: Standpoint): string | undefined {
  const { globals, workingDirectory } = standpoint;
  if (globals.projectName !== undefined) return checkProjectName(globals.projectName);
  const files = composeFiles(standpoint);
  const [first] = files;
  if (first === undefined) return undefined;
  const directory = globals.projectDirectory ?? dirname(first);
  let name = basename(resolve(workingDirectory, directory));
  for (const file of files) {
    const written = nameIn(file);
    if (written === null) return undefined;
    name = written ?? name;
  }
  return normalizeProjectName(name) || undefined;
}

function composeFiles({ globals, environment, workingDirectory }: Standpoint): string[] {
  const separator = environment.COMPOSE_PATH_SEPARATOR || ':';
  const named = globals.files.length > 0 ? globals.files : (environment.COMPOSE_FILE || '').split(separator);
  const files = named.filter((file) => file !== '').map((file) => resolve(workingDirectory, file));
  if (files.length > 0) return files.every((file) => existsSync(file)) ? files : [];
  for (let directory = resolve(globals.projectDirectory ?? workingDirectory); ; directory = dirname(directory)) {
    const first = (names: readonly string[]) =>
      names.map((name) => join(directory, name)).find((file) => existsSync(file));
    const found = first(fileNames);
    if (found !== undefined) return [found, first(overrideNames)].filter((file) => file !== undefined);
    if (directory === dirname(directory)) return [];
  }
}

/** The plain top-level `name:` of a file; undefined when there is none, null when it takes the loader to know. */
function nameIn(file: string): string | null | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return null;
  }
  // In flow style, in several documents or without services anything may be the name.
  if (!/^services[ \t]*:/m.test(text) || /^---/m.test(text.replace(/^---/, ''))) return null;
  const names = [...text.matchAll(/^['"]?name['"]?[ \t]*:(.*)$/gm)];
  if (names.length === 0) return undefined;
  const quoted = /^[ \t]*(?:"([^"$\\]*)"|'([^'$]*)'|([\w.-]+))[ \t]*(?:#.*)?\r?$/.exec(names[0]?.[1] ?? '');
  return names.length > 1 ? null : (quoted?.[1] ?? quoted?.[2] ?? quoted?.[3] ?? null);
}
