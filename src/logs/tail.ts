import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { hasErrno } from '../util/errno.ts';
import { parseLogLine } from './record.ts';

const tailBytes = 16 * 1024;

/** The last `count` lines of a container's log, without prefix or time; none when there is no log. For error messages. */
export function lastLogLines(path: string, count: number): string[] {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return [];
    throw error;
  }
  try {
    const size = fstatSync(fd).size;
    const start = Math.max(0, size - tailBytes);
    const buffer = Buffer.alloc(size - start);
    const length = readSync(fd, buffer, 0, buffer.length, start);
    const lines = buffer.toString('utf8', 0, length).split('\n');
    if (start > 0) lines.shift(); // cut in the middle
    return lines
      .flatMap((line) => parseLogLine(line)?.text ?? [])
      .slice(-count)
      .map((text) => text.replace(/\n$/, ''));
  } finally {
    closeSync(fd);
  }
}
