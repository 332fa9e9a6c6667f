/** What ADD takes from elsewhere: files by URL, and repositories of git. */
import { lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ComposeError } from '../util/errors.ts';
import { nothingIgnored } from './context/ignore.ts';
import { download, fileNameOf } from './download.ts';
import { cloneRepository, isGitSource, parseGitSource } from './git.ts';
import type { CopyStep } from './graph/steps.ts';
import { type ScannedSource, scanSource } from './tree/scan.ts';

export interface RemoteOptions {
  /** An empty directory of the step's own. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

/** Whether a source of ADD is one of these. */
export function isRemoteSource(source: string): boolean {
  return /^https?:\/\//i.test(source) || isGitSource(source);
}

/** Fetches a source. Throws BUILD_FAILED when it cannot be had, or is not what its checksum says. */
export async function fetchSource(source: string, step: CopyStep, options: RemoteOptions): Promise<ScannedSource[]> {
  mkdirSync(options.directory, { recursive: true });
  if (isGitSource(source)) return await cloned(source, step, options);
  return [await downloaded(source, step, options)];
}

async function downloaded(
  source: string,
  step: CopyStep,
  { directory, signal }: RemoteOptions,
): Promise<ScannedSource> {
  const { checksum } = step;
  const expected = checksum === null ? null : /^sha256:([0-9a-f]{64})$/.exec(checksum)?.[1];
  if (expected === undefined) {
    throw new ComposeError('INVALID', `--checksum: ${checksum} is none`, { hint: 'write sha256: and 64 digits' });
  }
  const name = fileNameOf(source);
  if (name === '' && step.destination.endsWith('/')) {
    throw new ComposeError('BUILD_FAILED', `${source} has no file name`, {
      hint: 'name the destination without a slash',
    });
  }
  const path = join(directory, 'file');
  const digest = await download(source, path, signal);
  if (expected !== null && digest !== expected) {
    throw new ComposeError('BUILD_FAILED', `${source} is not what --checksum says: its digest is sha256:${digest}`);
  }
  const stats = lstatSync(path);
  const entry = { target: name || 'file', path, stats, uid: 0, gid: 0, link: null, hasAttributes: false };
  return { name, isDirectory: false, self: null, entries: [entry] };
}

async function cloned(source: string, step: CopyStep, options: RemoteOptions): Promise<ScannedSource[]> {
  const { directory, signal } = options;
  const repository = parseGitSource(source);
  await cloneRepository(repository, { directory, signal, keepsGitDirectory: step.keepsGitDirectory });
  const tree = { root: directory, ignored: nothingIgnored, owner: { uid: 0, gid: 0 }, hasAttributes: false };
  const found = scanSource(tree, repository.subdirectory || '/', { excluded: nothingIgnored, hasParents: false });
  if (found.length > 0) return found;
  throw new ComposeError('BUILD_FAILED', `there is no ${repository.subdirectory} in ${repository.url}`);
}
