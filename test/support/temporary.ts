import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const directories = new Set<string>();

/**
 * Makes a directory that goes with this process at the latest: a suite that makes it while it is being defined may never
 * come to its `after`, because --grep left all its tests out.
 */
export function temporaryDirectory(prefix: string): string {
  if (directories.size === 0) {
    process.once('exit', () => {
      for (const path of directories) rmSync(path, { recursive: true, force: true });
    });
  }
  const directory = mkdtempSync(join(tmpdir(), prefix));
  directories.add(directory);
  return directory;
}
