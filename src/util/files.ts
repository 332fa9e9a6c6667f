import { open, rename, unlink } from 'node:fs/promises';

let drafts = 0;

/** Replaces a file in one step: readers see the old content or the new, never half of it. `mode` applies to a new file. */
export async function replaceFile(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const draft = `${path}.${process.pid}.${++drafts}.tmp`;
  try {
    const file = await open(draft, 'wx', mode);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await unlink(draft).catch(() => {});
    throw error;
  }
}
