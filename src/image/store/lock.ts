import { fstatSync, statSync } from 'node:fs';
import { type FileLock, native } from '../../native/binding.ts';

/**
 * Takes the lock that `path` is, waiting for it; `exclusive` is meant unless it is said. The file may be renamed or removed by
 * whoever held it, so it is looked at again once the lock is had. Rejects with the signal's reason.
 */
export async function lockPath(path: string, signal: AbortSignal, exclusive = true): Promise<FileLock> {
  for (;;) {
    signal.throwIfAborted();
    // Most locks are free, and a thread that waits is dear.
    const lock = native().tryLock(path, { exclusive }) ?? (await untilAborted(path, signal, exclusive));
    if (isAt(path, lock.fd)) return lock;
    lock.release();
  }
}

/** Takes the lock if nobody has it, else null. */
export function tryLockPath(path: string): FileLock | null {
  for (;;) {
    const lock = native().tryLock(path, { exclusive: true });
    if (lock === null || isAt(path, lock.fd)) return lock;
    lock.release();
  }
}

function isAt(path: string, fd: number): boolean {
  const held = fstatSync(fd);
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && found.ino === held.ino && found.dev === held.dev;
}

async function untilAborted(path: string, signal: AbortSignal, exclusive: boolean): Promise<FileLock> {
  const waiting = native().waitForLock(path, { exclusive });
  const { promise, reject } = Promise.withResolvers<never>();
  const leave = (): void => {
    waiting.abandon();
    reject(signal.reason);
  };
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([waiting.lock, promise]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
