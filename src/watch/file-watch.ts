/** Files and trees, watched by inotify, or looked at from time to time where the machine allows no more watches. */
import { readFileSync } from 'node:fs';
import { keepCompiledModules } from '../util/code-cache.ts';
import { ComposeError } from '../util/errors.ts';
import type { Notifier, NotifierOptions } from './notifier.ts';
import { openTreeNotifier } from './tree-notifier.ts';

export interface FileWatchOptions extends Pick<NotifierOptions, 'roots' | 'ignores' | 'links'> {
  /** Something became of a path: look at it. */
  readonly onChange: (path: string) => void;
  /** Something that the user should know; watching goes on. */
  readonly onTrouble: (error: ComposeError) => void;
}

export interface FileWatch extends AsyncDisposable {
  /** Paths that were there when the watch began, with the time of the last change. */
  readonly found: ReadonlyMap<string, number>;
}

const pollingMs = 500;
/** More than it takes to notice that there are no more watches. */
const slackMs = 1000;

/** The two ways to notice what changes. */
export interface Notifiers {
  readonly watch: (options: NotifierOptions) => Notifier;
  readonly poll: (options: NotifierOptions, intervalMs: number) => Notifier | Promise<Notifier>;
}

const ownNotifiers: Notifiers = {
  watch: openTreeNotifier,
  async poll(options, intervalMs) {
    keepCompiledModules();
    const { openPollingNotifier } = await import('./polling-notifier.ts');
    return openPollingNotifier(options, intervalMs);
  },
};

/** Watches until it is disposed of; when it resolves everything is watched. */
export async function watchFiles(options: FileWatchOptions, notifiers: Notifiers = ownNotifiers): Promise<FileWatch> {
  const found = new Map<string, number>();
  let notifier: Notifier;
  let isReady = false;
  let isPolling = false;
  let isClosed = false;
  let replacing: Promise<void> | undefined;
  /** Set when the limit is met: what has changed since then nobody has told. */
  let limitedMs = Number.POSITIVE_INFINITY;
  const limited = Promise.withResolvers<void>();
  const common: NotifierOptions = {
    ...options,
    onPath: (path, changedMs) => {
      if (!isReady) found.set(path, changedMs);
      if (isReady || changedMs >= limitedMs) options.onChange(path);
    },
    onError: (error) => {
      if (isClosed) return;
      if (!isLimit(error)) {
        options.onTrouble(asTrouble(error));
        return;
      }
      if (isPolling) return;
      isPolling = true;
      options.onTrouble(limitReached(error));
      if (isReady) limitedMs = Date.now() - slackMs;
      isReady = false;
      // It may fail before we have what is to be replaced.
      replacing = Promise.resolve().then(replace);
      limited.resolve();
    },
  };
  const replace = async (): Promise<void> => {
    await notifier.close();
    if (isClosed) return;
    notifier = await notifiers.poll(common, pollingMs);
    await notifier.ready;
    isReady = true;
  };
  notifier = notifiers.watch(common);
  // One that is closed is never ready.
  await Promise.race([notifier.ready, limited.promise]);
  if (isPolling) await replacing;
  isReady = true;
  return {
    found,
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await replacing;
      await notifier.close();
    },
  };
}

function isLimit(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ENOSPC' || error.code === 'EMFILE';
}

/** ENOSPC is about watches, EMFILE about instances, of which each process has one (inotify(7)). */
function limitReached(error: NodeJS.ErrnoException): ComposeError {
  const name = error.code === 'ENOSPC' ? 'max_user_watches' : 'max_user_instances';
  const limit = limitOf(name);
  const wanted = Math.max(limit * 4, name === 'max_user_watches' ? 524_288 : 1024);
  return new ComposeError(
    'LIMIT',
    `cannot watch all files: the limit fs.inotify.${name}${limit > 0 ? ` of ${limit}` : ''} is reached; they are looked at every ${pollingMs} ms instead`,
    { hint: `sysctl fs.inotify.${name}=${wanted}, or leave directories out with ignore:`, cause: error },
  );
}

function limitOf(name: string): number {
  try {
    return Number(readFileSync(`/proc/sys/fs/inotify/${name}`, 'utf8'));
  } catch {
    return 0;
  }
}

function asTrouble(error: Error): ComposeError {
  return new ComposeError('INVALID', `cannot watch: ${error.message}`, { cause: error });
}
