/** The one place that knows chokidar, which looks at files from time to time: a bundle of its own, for who cannot have inotify. */
import { watch } from 'chokidar';
import type { Notifier, NotifierOptions } from './notifier.ts';

/** Looks at files and trees, those included that come and go, every so many milliseconds. */
export function openPollingNotifier(options: NotifierOptions, intervalMs: number): Notifier {
  const { roots, ignores, links, onPath, onError } = options;
  const watcher = watch([...roots], {
    ignored: (path, stats) => ignores(path, stats?.isDirectory()),
    followSymlinks: links === 'followed',
    ignorePermissionErrors: true,
    // Who looks at a path later sees what became of it: there is no need to wait for the other half of a rename.
    atomic: false,
    backend: 'polling',
    pollingInterval: intervalMs,
    pollingBinaryInterval: intervalMs,
  });
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  watcher.on('all', (_event, path, stats) => onPath(path, stats?.ctimeMs ?? 0));
  watcher.on('error', (error) => onError(error instanceof Error ? error : new Error(String(error))));
  watcher.once('ready', () => resolve());
  return { ready, close: () => watcher.close() };
}
