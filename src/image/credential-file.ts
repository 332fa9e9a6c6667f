/** Docker's `config.json`, of which we know a few keys and keep all. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, realpath, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ComposeError } from '../util/errors.ts';

type Json = Readonly<Record<string, unknown>>;

/** The file's object; empty when there is no file. Throws INVALID. */
export async function readConfig(path: string): Promise<Json> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return {};
    throw new ComposeError('INVALID', `cannot read the credentials in ${path}: ${code}`, { cause: error });
  }
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Without the parser's message, which quotes the file.
    throw new ComposeError('INVALID', `cannot read the credentials in ${path}: it is not JSON`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new ComposeError('INVALID', `cannot read the credentials in ${path}: it is no object`);
}

/**
 * Replaces the file by what `change` makes of it, in one step and for the owner's eyes only; what is written. A link stays
 * one. Throws INVALID.
 */
export async function updateConfig(path: string, change: (config: Json) => Json): Promise<Json> {
  const config = change(await readConfig(path));
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const target = await realpath(path).catch(() => path);
    await replace(target, `${JSON.stringify(config, null, '\t')}\n`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ComposeError('INVALID', `cannot write the credentials to ${path}: ${code}`, { cause: error });
  }
  return config;
}

async function replace(path: string, text: string): Promise<void> {
  const beside = `${path}.${randomUUID()}`;
  const file = await open(beside, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
    await file.close();
    await rename(beside, path);
  } catch (error) {
    await file.close().catch(() => {});
    await unlink(beside).catch(() => {});
    throw error;
  }
}
