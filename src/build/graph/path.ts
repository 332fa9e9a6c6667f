/** Paths inside an image. */
import { posix } from 'node:path';

/** `path` seen from `directory`, absolute and without dots or a slash at its end. */
export function joinPath(directory: string, path: string): string {
  return posix.resolve('/', directory, path);
}
