import { ComposeError } from '../util/errors.ts';
import { DotenvError, parseDotenv, parseRawEnv } from './dotenv.ts';
import { dotenvDiagnostic } from './files.ts';
import type { Sources } from './load.ts';
import type { ModelContext } from './model-context.ts';
import { fileProblem, reporter } from './report.ts';
import type { Lookup } from './template.ts';
import { isTree, own, type Tree } from './tree-path.ts';

/** Puts the variables of env_file below `environment`, and the labels of label_file below `labels`. */
export function readServiceFiles(service: Tree, name: string, context: ModelContext, sources: Sources): void {
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
