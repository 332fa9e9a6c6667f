/** The one place that knows chokidar: a bundle of its own, which only those load who watch. */
import { watch } from 'chokidar';

export interface NotifierOptions {
  readonly roots: readonly string[];
  /** `isDirectory` is undefined where that is not known yet. */
  readonly ignores: (path: string, isDirectory: boolean | undefined) => boolean;
  readonly links: 'followed' | 'watched';
  readonly polling: { readonly intervalMs: number } | null;
  /** Something happened to a path; before `ready` of each that is there, with the time of its last change where that is known. */
  readonly onPath: (path: string, changedMs: number) => void;
  readonly onError: (error: Error) => void;
}

export interface Notifier {
  /** Everything is watched. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

/** Watches files and trees, those included that come and go. */
export function openNotifier(options: NotifierOptions): Notifier {
  const { roots, ignores, links, polling, onPath, onError } = options;
  const watcher = watch([...roots], {
    ignored: (path, stats) => ignores(path, stats?.isDirectory()),
    followSymlinks: links === 'followed',
    ignorePermissionErrors: true,
    // Who looks at a path later sees what became of it: to wait for the other half of a rename takes 100 ms.
    atomic: false,
    ...(polling === null ? {} : { backend: 'polling', pollingInterval: polling.intervalMs }),
  });
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  watcher.on('all', (_event, path, stats) => onPath(path, stats?.ctimeMs ?? 0));
  watcher.on('error', (error) => onError(error instanceof Error ? error : new Error(String(error))));
  watcher.once('ready', () => resolve());
  return { ready, close: () => watcher.close() };
}
