import { native } from '../../native/binding.ts';

/**
 * Waits until everything written below `root` is on the disk. Who comes while a wait goes on shares the next one: ten
 * layers that are ready together wait for the disk once or twice, not ten times.
 */
export function diskWaiter(root: string): () => Promise<void> {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  const begin = (): Promise<void> => {
    const wait = native()
      .syncFilesystem(root)
      .finally(() => {
        running = null;
      });
    running = wait;
    return wait;
  };
  const afterRunning = async (wait: Promise<void>): Promise<void> => {
    // Its failure is told to those who wait for it.
    await wait.catch(() => {});
    next = null;
    await begin();
  };
  return () => {
    if (running === null) return begin();
    next ??= afterRunning(running);
    return next;
  };
}
