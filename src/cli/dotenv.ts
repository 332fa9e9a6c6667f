import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isTruthy } from './environment.ts';
import type { GlobalSettings } from './globals.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The process's variables and, below them, the COMPOSE_ ones of `.env` (or of `--env-file`), which stand for flags.
 * What is wrong with the file is told by the loader, which knows where.
 */
export async function withDotenv(
  environment: Environment,
  globals: Pick<GlobalSettings, 'files' | 'envFiles' | 'projectDirectory'>,
  workingDirectory: string,
): Promise<Environment> {
  const found = envFiles(environment, globals, workingDirectory).filter((path) => existsSync(path));
  if (found.length === 0) return environment;
  const { parseDotenv } = await import('../compose/dotenv.ts');
  const added: Record<string, string> = {};
  for (const path of found) {
    try {
      const text = readFileSync(path, 'utf8');
      if (!text.includes('COMPOSE_')) continue;
      for (const [name, value] of parseDotenv(text, { lookup: (key) => environment[key] })) {
        if (name.startsWith('COMPOSE_')) added[name] = value;
      }
    } catch {
      // Left to the loader.
    }
  }
  return { ...added, ...environment };
}

function envFiles(
  environment: Environment,
  { files, envFiles: given, projectDirectory }: Pick<GlobalSettings, 'files' | 'envFiles' | 'projectDirectory'>,
  workingDirectory: string,
): string[] {
  const named = given.length > 0 ? given : (environment.COMPOSE_ENV_FILES ?? '').split(',').filter(Boolean);
  if (named.length > 0) return named.map((path) => resolve(workingDirectory, path));
  if (isTruthy(environment.COMPOSE_DISABLE_ENV_FILE)) return [];
  const [first] = files;
  const directory = projectDirectory ?? (first === undefined || first === '-' ? workingDirectory : dirname(first));
  return [join(resolve(workingDirectory, directory), '.env')];
}
