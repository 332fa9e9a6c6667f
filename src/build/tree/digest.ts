/** What is in files, as one digest: content, mode, owner and capabilities, never times. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { ScannedEntry } from './scan.ts';

/** Digests of files that have not changed since they were last read. */
export interface DigestMemory {
  find(entry: ScannedEntry): string | null;
  keep(entry: ScannedEntry, digest: string): void;
}

/** A file's capabilities (capabilities(7)), where copies keep them. */
export type CapabilityReader = (path: string) => Promise<Uint8Array | null>;

const atOnce = 16;
const largeBytes = 1 << 20;

export interface DescribeOptions {
  readonly memory: DigestMemory | null;
  readonly capabilityOf: CapabilityReader | null;
  readonly signal: AbortSignal;
}

/** One line for each entry; equal lines mean equal copies. */
export async function describeEntries(
  entries: readonly ScannedEntry[],
  { memory, capabilityOf, signal }: DescribeOptions,
): Promise<string[]> {
  const lines = new Array<string>(entries.length);
  const queue = entries.entries();
  const first = new Map<string, number>();
  const work = async (): Promise<void> => {
    for (const [index, entry] of queue) {
      signal.throwIfAborted();
      const { stats } = entry;
      const inode = `${stats.dev}:${stats.ino}`;
      const isLinked = stats.isFile() && stats.nlink > 1;
      const earlier = isLinked ? first.get(inode) : undefined;
      if (isLinked && earlier === undefined) first.set(inode, index);
      const content =
        earlier !== undefined ? `=${entries[earlier]?.target}` : await describeContent(entry, memory, signal);
      const capability = stats.isFile() ? ((await capabilityOf?.(entry.path)) ?? null) : null;
      const power = capability === null ? '' : ` ${Buffer.from(capability).toString('hex')}`;
      const mode = (stats.mode & 0o177777).toString(8);
      lines[index] = `${mode} ${entry.uid}:${entry.gid} ${JSON.stringify(entry.target)} ${content}${power}`;
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, entries.length) }, work));
  return lines;
}

async function describeContent(entry: ScannedEntry, memory: DigestMemory | null, signal: AbortSignal): Promise<string> {
  const { stats, link, path } = entry;
  if (link !== null) return `> ${JSON.stringify(link)}`;
  if (stats.isDirectory()) return '/';
  if (!stats.isFile()) return `# ${stats.rdev}`;
  const known = memory?.find(entry);
  if (known) return known;
  const digest = await fileDigest(path, stats.size, signal);
  memory?.keep(entry, digest);
  return digest;
}

async function fileDigest(path: string, sizeBytes: number, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  if (sizeBytes <= largeBytes) hash.update(await readFile(path, { signal }));
  else
    for await (const chunk of createReadStream(path, { highWaterMark: largeBytes, signal }))
      hash.update(chunk as Buffer);
  return hash.digest('hex');
}
