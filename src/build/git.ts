/** Repositories as sources of builds, by the program git. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ComposeError } from '../util/errors.ts';
import { OutputTail } from './output-tail.ts';

/** `URL#REFERENCE:DIRECTORY` */
export interface GitSource {
  readonly url: string;
  /** A branch, tag or commit; empty: what the repository shows first. */
  readonly reference: string;
  /** Within the repository; empty: all of it. */
  readonly subdirectory: string;
}

/** Whether a context or a source of ADD is a repository; what else begins with http:// is a file. */
export function isGitSource(source: string): boolean {
  return (
    /^(?:git|ssh):\/\//i.test(source) ||
    /^[\w.-]+@[\w.-]+:/.test(source) ||
    /^github\.com\//.test(source) ||
    (/^https?:\/\//i.test(source) && /\.git(?:#.*)?$/i.test(source))
  );
}

export function parseGitSource(source: string): GitSource {
  const [place = '', fragment = ''] = source.split(/#(.*)/s);
  const [reference = '', subdirectory = ''] = fragment.split(/:(.*)/s);
  return { url: /^github\.com\//.test(place) ? `https://${place}` : place, reference, subdirectory };
}

/**
 * Checks a repository out, submodules included, into `directory`, which is empty; with one commit of its history where the
 * server can do so. Throws BUILD_FAILED with git's own reason.
 */
export async function cloneRepository(
  { url, reference }: GitSource,
  options: { readonly directory: string; readonly keepsGitDirectory: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const { directory } = options;
  const git = (...args: string[]) => runGit(args, options);
  const wanted = reference || 'HEAD';
  await git('init', '--quiet');
  try {
    await git('fetch', '--quiet', '--depth', '1', '--', url, wanted);
    await git('checkout', '--quiet', '--detach', 'FETCH_HEAD');
  } catch (error) {
    // Not every server gives away a commit by its name, or part of a history.
    if (!(error instanceof ComposeError) || !/^[0-9a-f]{7,64}$/.test(wanted)) throw error;
    await git('fetch', '--quiet', '--tags', '--', url, '+refs/heads/*:refs/remotes/origin/*').catch(() => {
      throw error;
    });
    await git('checkout', '--quiet', '--detach', wanted);
  }
  if (existsSync(join(directory, '.gitmodules'))) {
    await git('remote', 'add', 'origin', url);
    await git('submodule', '--quiet', 'update', '--init', '--recursive', '--depth', '1');
  }
  if (!options.keepsGitDirectory) await rm(join(directory, '.git'), { recursive: true });
}

async function runGit(
  args: readonly string[],
  { directory, signal }: { readonly directory: string; readonly signal: AbortSignal },
): Promise<void> {
  const tail = new OutputTail();
  // A repository around the directory is not ours.
  const env = { ...process.env, GIT_TERMINAL_PROMPT: '0', GIT_CEILING_DIRECTORIES: join(directory, '..') };
  const child = spawn('git', args, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'], env, signal });
  child.stderr.on('data', (chunk: Buffer) => tail.add(chunk.toString('utf8')));
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('close', resolve);
  let code: number | null;
  try {
    code = await promise;
  } catch (error) {
    signal.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new ComposeError('BUILD_FAILED', 'a repository needs the program git, which is not here', {
      cause: error,
      hint: 'install git',
    });
  }
  if (code === 0) return;
  throw new ComposeError('BUILD_FAILED', `git ${args[0]} failed: ${tail.lines.at(-1) ?? `exit code ${code}`}`);
}
