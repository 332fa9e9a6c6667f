/** Contexts that are elsewhere, in repositories or at a URL: fetched before anything of them is read. */
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildEvent } from '../model/build.ts';
import type { Build } from '../model/service.ts';
import { monotonicMs } from '../util/elapsed.ts';
import { about, ComposeError } from '../util/errors.ts';
import { download, fileNameOf } from './download.ts';
import { cloneRepository, isGitSource, parseGitSource } from './git.ts';
import { resolveInTree } from './tree/resolve.ts';
import { unpackFile } from './unpack.ts';
import type { Workspace } from './workspace.ts';

/** Where a context comes from: of what is not `local`, no link leads out of its directory. */
export type ContextOrigin = 'local' | 'repository' | 'archive';

export interface FetchedContext {
  /** A directory of this machine; of a local context as it was written. */
  readonly path: string;
  readonly origin: ContextOrigin;
  /** The context is a Dockerfile itself: its place in the directory. */
  readonly dockerfile: string | null;
}

export interface ContextFetcher {
  /** What a build begins with: a repository, an archive by URL, a Dockerfile by URL, or what is on this machine. */
  fetch(context: string, keepsGitDirectory: boolean): Promise<FetchedContext>;
  /** A further context, which by URL is a file in a directory of its own, as it is (Docker). */
  fetchNamed(context: string, keepsGitDirectory: boolean): Promise<string>;
  /** What people call a file of a directory that was fetched; null for any other file. */
  nameOf(path: string): string | null;
}

/** Fetches each place once, into directories that go with the workspace. */
export function contextFetcher(options: {
  readonly workspace: Workspace;
  readonly nextId: () => number;
  readonly emit: (event: BuildEvent) => void;
  readonly signal: AbortSignal;
}): ContextFetcher {
  const { workspace, nextId, emit, signal } = options;
  const fetched = new Map<string, Promise<FetchedContext>>();
  const names = new Map<string, string>();

  /** Once for a key, with a line of its own; `get` fills a directory. */
  const once = async (
    key: string,
    source: string,
    get: (directory: string) => Promise<FetchedContext>,
  ): Promise<FetchedContext> => {
    const work = async (): Promise<FetchedContext> => {
      const id = nextId();
      const began = monotonicMs();
      const tell = (status: 'started' | 'done' | 'failed') =>
        emit({ type: 'buildStep', id, title: `fetch ${source}`, status, durationMs: monotonicMs() - began });
      tell('started');
      try {
        const context = await get(workspace.step().directory);
        names.set(context.dockerfile === null ? context.path : join(context.path, context.dockerfile), source);
        tell('done');
        return context;
      } catch (error) {
        tell('failed');
        throw error;
      }
    };
    const place = fetched.get(key) ?? work();
    fetched.set(key, place);
    return await place;
  };
  const clone = (source: string, keepsGitDirectory: boolean) =>
    once(`${keepsGitDirectory} ${source}`, source, async (directory) => {
      const repository = parseGitSource(source);
      await cloneRepository(repository, { directory, keepsGitDirectory, signal });
      const { path, stats } = resolveInTree(directory, repository.subdirectory);
      if (!stats?.isDirectory()) {
        const message = `there is no directory ${repository.subdirectory} in ${repository.url}`;
        throw new ComposeError('FILE_NOT_FOUND', message);
      }
      return { path: join(directory, path), origin: 'repository', dockerfile: null };
    });
  return {
    async fetch(context, keepsGitDirectory) {
      if (isGitSource(context)) return await clone(context, keepsGitDirectory);
      if (!isUrl(context)) return { path: context, origin: 'local', dockerfile: null };
      return await once(`url ${context}`, context, (directory) => fetchUrl(context, directory, signal));
    },
    async fetchNamed(context, keepsGitDirectory) {
      if (isGitSource(context)) return (await clone(context, keepsGitDirectory)).path;
      if (!isUrl(context)) return context;
      const found = await once(`file ${context}`, context, async (directory) => {
        await download(context, join(directory, fileNameOf(context) || 'download'), signal);
        return { path: directory, origin: 'archive', dockerfile: null };
      });
      return found.path;
    },
    nameOf(path) {
      for (const [place, source] of names)
        if (path.startsWith(`${place}/`)) return `${source}/${path.slice(place.length + 1)}`;
      return names.get(path) ?? null;
    },
  };
}

function isUrl(context: string): boolean {
  return /^https?:\/\//i.test(context);
}

/** An archive is unpacked; anything else is a Dockerfile, and all there is (Docker). */
async function fetchUrl(url: string, directory: string, signal: AbortSignal): Promise<FetchedContext> {
  const file = join(directory, 'file');
  const path = join(directory, 'context');
  await download(url, file, signal);
  if (await unpackFile(file, path, signal)) return { path, origin: 'archive', dockerfile: null };
  if (readFileSync(file).includes(0)) {
    throw new ComposeError('BUILD_FAILED', `${url} is neither an archive nor a Dockerfile`);
  }
  mkdirSync(path);
  renameSync(file, join(path, 'context'));
  return { path, origin: 'archive', dockerfile: 'context' };
}

/** A build whose contexts are all on this machine, and where the first of them comes from. */
export async function withFetchedContexts(
  build: Build,
  fetcher: ContextFetcher,
): Promise<{ readonly build: Build; readonly origin: ContextOrigin }> {
  const keep = build.args?.BUILDKIT_CONTEXT_KEEP_GIT_DIR === '1';
  const contexts = Object.entries(build.additional_contexts ?? {});
  const others = await Promise.all(
    contexts.map(async ([name, written]) => {
      const attribute = ['build', 'additional_contexts', name];
      return [name, await blamed(attribute, fetcher.fetchNamed(written, keep))] as const;
    }),
  );
  const first = blamed(['build', 'context'], fetcher.fetch(build.context, keep));
  const { path, origin, dockerfile } = await first;
  return {
    origin,
    build: {
      ...build,
      context: path,
      ...(dockerfile === null ? {} : { dockerfile }),
      ...(others.length === 0 ? {} : { additional_contexts: Object.fromEntries(others) }),
    },
  };
}

/** What cannot be fetched is the attribute's that names it. */
async function blamed<T>(attribute: readonly string[], work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof ComposeError && error.attribute === undefined ? about(error, { attribute }) : error;
  }
}
