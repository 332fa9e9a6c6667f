import { type FileHandle, open, rename, stat, unlink } from 'node:fs/promises';
import { ComposeError, type ErrorCode } from '../util/errors.ts';

/**
 * Writes a file that the user named with --output. It takes the name only when it is whole; what is there and is no regular
 * file (/dev/null, a pipe) is written to. Throws FILE_NOT_FOUND, NO_PERMISSION, NO_SPACE or INVALID.
 */
export async function writeOutputFile(
  path: string,
  mode: number,
  write: (file: FileHandle) => Promise<unknown>,
): Promise<void> {
  const existing = await stat(path).catch(() => null);
  const isReplaced = existing === null || existing.isFile();
  const draft = isReplaced ? `${path}.${process.pid}.part` : path;
  let file: FileHandle | undefined;
  try {
    file = await open(draft, isReplaced ? 'wx' : 'w', mode);
    // One that is replaced keeps its mode.
    if (existing !== null && isReplaced) await file.chmod(existing.mode & 0o7777);
    await write(file);
    await file.close();
    if (isReplaced) await rename(draft, path);
  } catch (error) {
    await file?.close().catch(() => {});
    if (file !== undefined && isReplaced) await unlink(draft).catch(() => {});
    throw writeError(error, path);
  }
}

const reasons: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOENT: ['FILE_NOT_FOUND', 'its directory does not exist'],
  ENOTDIR: ['FILE_NOT_FOUND', 'its directory does not exist'],
  EISDIR: ['INVALID', 'it is a directory'],
  EACCES: ['NO_PERMISSION', 'permission denied'],
  EPERM: ['NO_PERMISSION', 'permission denied'],
  EROFS: ['NO_PERMISSION', 'the file system is read-only'],
  ENOSPC: ['NO_SPACE', 'no space is left'],
  EDQUOT: ['NO_SPACE', 'no space is left'],
};

/** What kept something from being written, in words. */
export function writeError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const [code, reason] = reasons[String(error.code)] ?? ['INVALID', error.message];
  if (error instanceof ComposeError) return error;
  return new ComposeError(code, `cannot write ${path}: ${reason}`, { cause: error, exitCode: 1 });
}
