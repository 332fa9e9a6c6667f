/** Contexts that are repositories: fetched before anything of them is read. */
import { join } from 'node:path';
import type { BuildEvent } from '../model/build.ts';
import type { Build } from '../model/service.ts';
import { monotonicMs } from '../util/elapsed.ts';
import { ComposeError } from '../util/errors.ts';
import { cloneRepository, isGitSource, parseGitSource } from './git.ts';
import { resolveInTree } from './tree/resolve.ts';
import type { Workspace } from './workspace.ts';

export interface ContextFetcher {
  /** What is a repository becomes a directory; other contexts are as they were. */
  fetch(context: string, keepsGitDirectory: boolean): Promise<string>;
  /** What people call a file of a directory that was fetched; null for any other file. */
  nameOf(path: string): string | null;
}

/** Fetches each repository once, into directories that go with the workspace. */
export function contextFetcher(options: {
  readonly workspace: Workspace;
  readonly nextId: () => number;
  readonly emit: (event: BuildEvent) => void;
  readonly signal: AbortSignal;
}): ContextFetcher {
  const { workspace, nextId, emit, signal } = options;
  const fetched = new Map<string, Promise<string>>();
  const names = new Map<string, string>();
  const clone = async (source: string, keepsGitDirectory: boolean): Promise<string> => {
    const { directory } = workspace.step();
    const repository = parseGitSource(source);
    const id = nextId();
    const began = monotonicMs();
    const tell = (status: 'started' | 'done' | 'failed') =>
      emit({ type: 'buildStep', id, title: `fetch ${source}`, status, durationMs: monotonicMs() - began });
    tell('started');
    try {
      await cloneRepository(repository, { directory, keepsGitDirectory, signal });
      const { path, stats } = resolveInTree(directory, repository.subdirectory);
      if (!stats?.isDirectory()) {
        const message = `there is no directory ${repository.subdirectory} in ${repository.url}`;
        throw new ComposeError('FILE_NOT_FOUND', message, { attribute: ['build', 'context'] });
      }
      const place = join(directory, path);
      names.set(place, source);
      tell('done');
      return place;
    } catch (error) {
      tell('failed');
      throw error;
    }
  };
  return {
    async fetch(context, keepsGitDirectory) {
      if (!isGitSource(context)) return context;
      const key = `${keepsGitDirectory} ${context}`;
      const place = fetched.get(key) ?? clone(context, keepsGitDirectory);
      fetched.set(key, place);
      return await place;
    },
    nameOf(path) {
      for (const [place, source] of names)
        if (path.startsWith(`${place}/`)) return `${source}/${path.slice(place.length + 1)}`;
      return null;
    },
  };
}

/** A build whose contexts are all on this machine. */
export async function withFetchedContexts(build: Build, fetcher: ContextFetcher): Promise<Build> {
  const keep = build.args?.BUILDKIT_CONTEXT_KEEP_GIT_DIR === '1';
  const contexts = Object.entries(build.additional_contexts ?? {});
  const others = await Promise.all(
    contexts.map(async ([name, written]) => [name, await fetcher.fetch(written, keep)] as const),
  );
  return {
    ...build,
    context: await fetcher.fetch(build.context, keep),
    ...(others.length === 0 ? {} : { additional_contexts: Object.fromEntries(others) }),
  };
}
