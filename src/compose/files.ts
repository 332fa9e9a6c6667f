import { isUtf8 } from 'node:buffer';
import { readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { type Diagnostic, diagnosticAt, placeOfLine, SourceError, type SourceText } from '../util/diagnostic.ts';
import { ComposeError } from '../util/errors.ts';
import { DotenvError, parseDotenv } from './dotenv.ts';
import { LIMITS } from './limits.ts';
import type { Lookup } from './template.ts';

const MAIN_FILES = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];
const OVERRIDE_FILES = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
];

/** Reads files and remembers which; the one place of the loader that touches the disk. */
export class FileReader {
  readonly files: string[] = [];
  private readonly workingDirectory: string;
  private readonly stdin: string | undefined;
  private readonly cache = new Map<string, SourceText>();

  constructor(workingDirectory: string, stdin: string | undefined) {
    this.workingDirectory = workingDirectory;
    this.stdin = stdin;
  }

  /** Reads a file, or standard input for `-`. Throws FILE_NOT_FOUND, NO_PERMISSION or LIMIT. */
  read(path: string, what = 'file'): SourceText & { readonly isUtf8: boolean } {
    const cached = this.cache.get(path);
    if (cached !== undefined) return cached as SourceText & { readonly isUtf8: boolean };
    if (path === '-') {
      const bytes = this.stdin === undefined ? readFileSync(0) : Buffer.from(this.stdin);
      const source = { name: 'stdin', path, ...decode(bytes) };
      this.cache.set(path, source);
      return source;
    }
    const name = this.shortName(path);
    let bytes: Buffer;
    try {
      const stat = statSync(path);
      if (stat.size > LIMITS.fileBytes) {
        throw new ComposeError('LIMIT', `${name} is larger than ${LIMITS.fileBytes / 1024 / 1024} MiB`);
      }
      bytes = readFileSync(path);
    } catch (error) {
      throw readError(error, what, name);
    }
    const source = { name, path, ...decode(bytes) };
    this.cache.set(path, source);
    this.files.push(path);
    return source;
  }

  exists(path: string): boolean {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  }

  /** How a path is named in messages. */
  shortName(path: string): string {
    const short = relative(this.workingDirectory, path);
    return short === '' || short.startsWith('..') ? path : short;
  }
}

function decode(bytes: Buffer): { text: string; isUtf8: boolean } {
  const decoded = bytes.toString('utf8');
  const text = decoded.charCodeAt(0) === 0xfeff ? decoded.slice(1) : decoded;
  // A carriage return alone ends a line too; one of a pair stays, so that offsets do.
  return { text: text.includes('\r') ? text.replace(/\r(?!\n)/g, '\n') : text, isUtf8: isUtf8(bytes) };
}

function readError(error: unknown, what: string, name: string): unknown {
  if (error instanceof ComposeError) return error;
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new ComposeError('FILE_NOT_FOUND', `${what} ${name} not found`, { cause: error });
    case 'EISDIR':
      return new ComposeError('FILE_NOT_FOUND', `${what} ${name} is a directory`, { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new ComposeError('NO_PERMISSION', `cannot read ${what} ${name}: permission denied`, { cause: error });
    case undefined:
      return error;
    default:
      return new ComposeError('INVALID', `cannot read ${what} ${name}: ${(error as Error).message}`, { cause: error });
  }
}

/** The Compose files of a directory or of the nearest parent that has one. Throws FILE_NOT_FOUND when there is none. */
export function findFiles(directory: string, reader: FileReader, report: (diagnostic: Diagnostic) => void): string[] {
  for (let at = resolve(directory); ; at = dirname(at)) {
    const found = MAIN_FILES.map((name) => join(at, name)).filter((path) => reader.exists(path));
    const [first] = found;
    if (first !== undefined) {
      if (found.length > 1) {
        report({
          severity: 'warning',
          code: 'several-files',
          message: `${found.map((path) => reader.shortName(path)).join(', ')}: only ${reader.shortName(first)} is used`,
        });
      }
      const override = OVERRIDE_FILES.map((name) => join(at, name)).filter((path) => reader.exists(path));
      if (override.length > 1) {
        report({
          severity: 'warning',
          code: 'several-files',
          message: `${override.map((path) => reader.shortName(path)).join(', ')}: only the first is used`,
        });
      }
      return override[0] === undefined ? [first] : [first, override[0]];
    }
    if (dirname(at) === at) break;
  }
  throw new ComposeError('FILE_NOT_FOUND', 'no configuration file provided: not found', {
    hint: `make a ${MAIN_FILES[0]}, or name a file with -f`,
  });
}

/** Variables from files of KEY=VALUE; later files win, and `lookup` wins in expansions. Throws for what cannot be read. */
export function readVariables(
  paths: readonly string[],
  reader: FileReader,
  lookup: Lookup,
  report: (diagnostic: Diagnostic) => void,
): Map<string, string> {
  const all = new Map<string, string>();
  for (const path of paths) {
    const source = reader.read(path, 'env file');
    try {
      const variables = parseDotenv(source.text, {
        lookup,
        fallback: (name) => all.get(name),
        onUnset: (name, line) =>
          report({
            severity: 'warning',
            code: 'unset-variable',
            file: source.name,
            line,
            message: `The "${name}" variable is not set. Defaulting to a blank string.`,
          }),
      });
      for (const [name, value] of variables) all.set(name, value);
    } catch (error) {
      if (!(error instanceof DotenvError)) throw error;
      throw new SourceError('SYNTAX', [dotenvDiagnostic(source, error)]);
    }
  }
  return all;
}

/** What is wrong with an env file, at its line. */
export function dotenvDiagnostic(source: SourceText, error: DotenvError): Diagnostic {
  return diagnosticAt(placeOfLine(source, error.line), { severity: 'error', code: 'yaml', message: error.message });
}

/** An absolute path from one given on the command line or in a variable. */
export function fromDirectory(directory: string, path: string): string {
  return path === '-' || isAbsolute(path) ? path : join(directory, path);
}

/** Refuses what lies on another machine, which is not fetched yet. */
export function refuseRemote(path: string, what: string): void {
  if (/^(?:oci|https?|git|ssh):\/\//.test(path) || /^git@/.test(path) || /\.git(?:#|$)/.test(path)) {
    throw new ComposeError('UNSUPPORTED', `${what} ${path} is on another machine, and remote files are not supported`, {
      hint: 'fetch it first, and name the local copy',
    });
  }
}
