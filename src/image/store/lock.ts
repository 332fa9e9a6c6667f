import { fstatSync, statSync } from 'node:fs';
import { type FileLock, native } from '../../native/binding.ts';

/**
 * Takes the lock that `path` is, waiting for it. The file may be renamed or removed by whoever held it, so it is looked
 * at again once the lock is had. Rejects with the signal's reason.
 */
export async function lockPath(path: string, signal: AbortSignal): Promise<FileLock> {
  for (;;) {
    signal.throwIfAborted();
    const lock = await untilAborted(native().flock(path, { exclusive: true, nonblocking: false }), signal);
    if (lock === null) throw new Error('a lock that is waited for is had');
    if (isAt(path, lock.fd)) return lock;
    lock.release();
  }
}

/** Takes the lock if nobody has it, else null. */
export async function tryLockPath(path: string): Promise<FileLock | null> {
  for (;;) {
    const lock = await native().flock(path, { exclusive: true, nonblocking: true });
    if (lock === null || isAt(path, lock.fd)) return lock;
    lock.release();
  }
}

function isAt(path: string, fd: number): boolean {
  const held = fstatSync(fd);
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && found.ino === held.ino && found.dev === held.dev;
}

/** A lock that comes when nobody wants it any more is given back. */
async function untilAborted(pending: Promise<FileLock | null>, signal: AbortSignal): Promise<FileLock | null> {
  const { promise, resolve, reject } = Promise.withResolvers<FileLock | null>();
  const leave = (): void => {
    reject(signal.reason);
    void pending.then(
      (lock) => lock?.release(),
      () => {},
    );
  };
  signal.addEventListener('abort', leave, { once: true });
  try {
    pending.then(resolve, reject);
    return await promise;
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
