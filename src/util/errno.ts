/** Whether a failed system call (Node's or the addon's) has this code, such as ENOENT. */
export function hasErrno(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}

/** The number of EAGAIN on Linux (errno(3)): to look it up node:os would have to be loaded. */
export const tryAgain = 11;

/** What EAGAIN of clone(2) means. */
export const processLimitHint = 'this machine cannot hold more processes: see ulimit -u and kernel.pid_max';
