import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { expandService } from '../compose/canonical.ts';
import { parseDotenv } from '../compose/dotenv.ts';
import { resolveServicePaths } from '../compose/paths.ts';
import { splitWords } from '../compose/short-forms.ts';
import type { Tree } from '../compose/tree-path.ts';
import { ComposeError } from '../util/errors.ts';
import type { Context } from './context.ts';

/** `-v` in the long form that the project has; relative to `directory`. */
export function canonicalMounts(volumes: readonly string[], directory: string): readonly unknown[] {
  const service = expand({ volumes: [...volumes] });
  resolveServicePaths(service, { directory, home: homedir() });
  return (service.volumes ?? []) as unknown[];
}

/** `-p` in the long form that the project has. */
export function canonicalPorts(ports: readonly string[]): readonly unknown[] {
  return (expand({ ports: [...ports] }).ports ?? []) as unknown[];
}

function expand(service: Tree): Tree {
  const report = (_path: unknown, message: string): never => {
    throw new ComposeError('USAGE', message);
  };
  expandService(service, [], { report, hasVariables: false });
  return service;
}

/** A command line cut into words, as in `entrypoint:`. */
export function words(line: string): string[] {
  const split = splitWords(line);
  if (split === undefined)
    throw new ComposeError('USAGE', `cannot read ${JSON.stringify(line)}: a quote is not closed`);
  return [...split.words];
}

/** `--env-from-file`. */
export async function readVariables(
  files: readonly string[],
  { environment, workingDirectory }: Context,
): Promise<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const file of files) {
    let text: string;
    try {
      text = readFileSync(resolve(workingDirectory, file), 'utf8');
    } catch (error) {
      throw new ComposeError('FILE_NOT_FOUND', `env file ${file} not found`, { cause: error });
    }
    for (const [name, value] of parseDotenv(text, { lookup: (key) => environment[key] })) variables[name] = value;
  }
  return variables;
}
