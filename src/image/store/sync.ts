/** The file system of the store, as far as it must be waited for. */
export interface Disk {
  /** Waits until everything written by now is on the disk; who comes while a wait goes on shares the next one. */
  wait(): Promise<void>;
  /** Begins a piece of work that will wait for the disk when it is done. */
  begin(): DiskWork;
}

export interface DiskWork extends Disposable {
  /**
   * Waits until everything written by now is on the disk, with the others that are at work: one wait serves all that are
   * done when none is left, when much has gathered, or when somebody has waited for long enough. `bytes`: what was written.
   */
  settle(bytes: number): Promise<void>;
}

/** What a kill may take from work that is done: it is in memory, and not counted as there. */
const maxGatheredBytes = 256 * 1024 * 1024;
const maxPatienceMs = 1000;

interface Group {
  readonly done: PromiseWithResolvers<void>;
  readonly timer: NodeJS.Timeout;
  bytes: number;
}

/** `sync` waits for the file system. */
export function openDisk(sync: () => Promise<void>): Disk {
  const wait = sharedWaiter(sync);
  let working = 0;
  let group: Group | null = null;
  const close = (): void => {
    if (group === null) return;
    const { done, timer } = group;
    group = null;
    clearTimeout(timer);
    wait().then(done.resolve, done.reject);
  };
  const gather = (bytes: number): Promise<void> => {
    group ??= { done: Promise.withResolvers(), timer: setTimeout(close, maxPatienceMs), bytes: 0 };
    group.bytes += bytes;
    const { promise } = group.done;
    if (working === 0 || group.bytes >= maxGatheredBytes) close();
    return promise;
  };
  return {
    wait,
    begin() {
      working += 1;
      let isWorking = true;
      const end = (): void => {
        if (isWorking) working -= 1;
        isWorking = false;
      };
      return {
        settle(bytes) {
          end();
          return gather(bytes);
        },
        [Symbol.dispose]() {
          end();
          if (working === 0) close();
        },
      };
    },
  };
}

function sharedWaiter(sync: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  const begin = (): Promise<void> => {
    const wait = sync().finally(() => {
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
