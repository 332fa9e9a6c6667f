import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { formatJson } from '../../../src/compose/config-output.ts';
import { type LoadedProject, type LoadOptions, loadProject } from '../../../src/compose/load.ts';
import type { Service } from '../../../src/model/service.ts';
import { SourceError } from '../../../src/util/diagnostic.ts';

/** Files in a directory of their own, which goes when the scope ends. */
export class Files implements Disposable {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'tscompose-compose-')));

  constructor(files: Readonly<Record<string, string>>) {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.root, path)), { recursive: true });
      writeFileSync(join(this.root, path), text);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

export type LoadWishes = Partial<LoadOptions> & { readonly cwd?: string };

/** Loads files that are given as text; `compose.yaml` is found by itself. */
export async function load(
  files: Readonly<Record<string, string>> | string,
  wishes: LoadWishes = {},
): Promise<LoadedProject> {
  using directory = new Files(typeof files === 'string' ? { 'compose.yaml': files } : files);
  const { cwd, ...options } = wishes;
  const loaded = await loadProject({
    environment: { HOME: '/home/me' },
    projectName: 'demo',
    ...options,
    workingDirectory: join(directory.root, cwd ?? ''),
  });
  return JSON.parse(JSON.stringify(loaded).replaceAll(directory.root, '$ROOT')) as LoadedProject;
}

/** One service of a file. */
export async function loadService(text: string, name = 'a', wishes: LoadWishes = {}): Promise<Service> {
  const service = (await load(text, wishes)).project.services[name];
  if (service === undefined) throw new Error(`there is no service ${name}`);
  return service;
}

/** What is wrong with files, one line for each: place and sentence. */
export async function problems(
  files: Readonly<Record<string, string>> | string,
  wishes: LoadWishes = {},
): Promise<string[]> {
  try {
    await load(files, wishes);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return error.diagnostics.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);
  }
  return [];
}

/** A project as it is printed. */
export function printed(loaded: LoadedProject): unknown {
  return JSON.parse(formatJson(loaded.project));
}
