/** What SQLite says when the disk does not take what it writes, in our words. */
import { ComposeError } from './errors.ts';

/** sqlite.org/rescode.html */
const readOnly = 8;
const ioError = 10;
const diskFull = 13;

/** Whether the disk failed. The shared memory is a file too: a full disk shows there as an error of input and output. */
function isDiskError(error: unknown): boolean {
  return [ioError, diskFull].includes(primaryCode(error) ?? 0);
}

/** Whether it was input or output, which the shared memory is too. */
export function isIoError(error: unknown): boolean {
  return primaryCode(error) === ioError;
}

/** Does it. Throws NO_SPACE, NO_PERMISSION or KERNEL, `cannot use WHAT`, when the disk does not take it. */
export function toldOfDisk<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (primaryCode(error) === readOnly) {
      throw new ComposeError('NO_PERMISSION', `cannot use ${what}: ${(error as Error).message}`, {
        hint: 'run the command as the user who owns the project',
        cause: error,
      });
    }
    if (!isDiskError(error)) throw error;
    const code = primaryCode(error) === diskFull ? 'NO_SPACE' : 'KERNEL';
    throw new ComposeError(code, `cannot use ${what}: ${(error as Error).message}`, {
      hint: 'free some space on the disk, or inodes: df -h, df -i',
      cause: error,
    });
  }
}

function primaryCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
}
