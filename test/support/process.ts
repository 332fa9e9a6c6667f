import { readFileSync } from 'node:fs';

/** Whether a process runs: one that has ended and was not collected yet does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
