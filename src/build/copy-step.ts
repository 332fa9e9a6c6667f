/** COPY, ADD and WORKDIR: files put into a stage. */
import { posix } from 'node:path';
import type { TreeEntry } from '../native/binding.ts';
import { ComposeError } from '../util/errors.ts';
import type { CopyStep } from './graph/steps.ts';
import type { BuildMachine } from './machine.ts';
import { isNumericOwner, type ModeChange, type Owner, parseMode, parseOwner } from './tree/owner.ts';
import { resolveInTree } from './tree/resolve.ts';
import { type OpenTree, openTree } from './tree/root.ts';
import type { ScannedEntry, ScannedSource } from './tree/scan.ts';

export interface CopyInput {
  readonly machine: BuildMachine;
  /** The step's own; `upper` in it is what is new. */
  readonly directory: string;
  /** Top first; none for a layer that does not depend on what is below it. */
  readonly lower: readonly string[];
  /** Where owners are looked up. */
  readonly stage: readonly string[];
  readonly signal: AbortSignal;
}

/** Makes entries for what was found of the sources and for files of the Dockerfile itself, and copies them. */
export async function copyInto(
  input: CopyInput,
  step: CopyStep,
  sources: readonly ScannedSource[],
  modified: number | null,
): Promise<void> {
  await using tree = await openTree(input.machine.native, { ...input, isWritable: true });
  const owner = step.chown === null ? null : await ownerOf(step.chown, input, tree);
  const change = step.chmod === null ? null : modeChange(step.chmod);
  const plan = new CopyPlan(tree.path, owner, change);
  for (const source of sources) plan.addSource(step.destination, source, step.hasParents);
  for (const { name, content } of step.files) plan.addFile(step.destination, name, content, modified);
  await copy(input, tree.fd, plan.entries);
}

/** By name as the stage knows it, also where the copy lies on nothing of it. */
async function ownerOf(chown: string, { machine, lower, stage, directory }: CopyInput, tree: OpenTree): Promise<Owner> {
  if (lower.length === stage.length || isNumericOwner(chown)) return parseOwner(chown, tree.path);
  await using whole = await openTree(machine.native, {
    lower: stage,
    directory: posix.join(directory, 'owners'),
    isWritable: false,
  });
  return parseOwner(chown, whole.path);
}

/** Makes a directory, with those above it, when it is missing. */
export async function makeDirectory(input: CopyInput, path: string, user: string): Promise<void> {
  await using tree = await openTree(input.machine.native, { ...input, isWritable: true });
  if (resolveInTree(tree.path, path).stats?.isDirectory()) return;
  const plan = new CopyPlan(tree.path, user === '' ? null : parseOwner(user, tree.path), null);
  plan.enter(path);
  await copy(input, tree.fd, plan.entries);
}

async function copy({ machine, signal }: CopyInput, root: number, entries: readonly TreeEntry[]): Promise<void> {
  signal.throwIfAborted();
  if (entries.length === 0) return;
  const operation = machine.native.copyEntries(root, entries);
  const cancel = () => operation.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    await operation.result;
  } catch (error) {
    signal.throwIfAborted();
    throw asComposeError(error);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

function asComposeError(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'INVALID' ? new ComposeError('BUILD_FAILED', message, { cause: error }) : error;
}

function modeChange(text: string): ModeChange {
  const change = parseMode(text);
  if (change !== null) return change;
  throw new ComposeError('INVALID', `--chmod: ${JSON.stringify(text)} is no mode`, {
    hint: 'such as 0755 or u+x,go-w',
  });
}

class CopyPlan {
  readonly entries: TreeEntry[] = [];
  readonly #root: string;
  readonly #owner: Owner | null;
  readonly #change: ModeChange | null;
  readonly #made = new Set<string>();
  readonly #inodes = new Map<string, string>();

  constructor(root: string, owner: Owner | null, change: ModeChange | null) {
    this.#root = root;
    this.#owner = owner;
    this.#change = change;
  }

  /** The place of a directory, which is made with all above it when it is missing. */
  enter(path: string): string {
    const resolved = resolveInTree(this.#root, path);
    if (resolved.stats !== null && !resolved.stats.isDirectory()) {
      throw new ComposeError('BUILD_FAILED', `${path} is a file, and should be a directory`);
    }
    if (resolved.stats === null) {
      const parts = resolved.path.split('/');
      for (let depth = 1; depth <= parts.length; depth++) {
        const target = parts.slice(0, depth).join('/');
        if (this.#made.has(target) || resolveInTree(this.#root, target).stats !== null) continue;
        this.#made.add(target);
        this.entries.push({ kind: 'directory', target, mode: 0o755, ...(this.#owner ?? { uid: 0, gid: 0 }) });
      }
    }
    return resolved.path;
  }

  addSource(destination: string, source: ScannedSource, hasParents: boolean): void {
    const [first] = source.entries;
    // Names of one file are so again within what was copied as one (as in Docker).
    this.#inodes.clear();
    if (source.isDirectory || hasParents) {
      const place = this.enter(destination);
      if (source.self !== null && !hasParents) this.#date(place, source.self);
      const isOwn = source.isUnpacked ?? false;
      for (const entry of source.entries)
        this.#add(entry, posix.join(place, entry.target), { isOwn, isParent: hasParents });
      return;
    }
    if (first !== undefined) this.#add(first, this.#placeOfFile(destination, first.target));
  }

  /** A directory that was made for the content of another has its time. */
  #date(place: string, { stats }: ScannedEntry): void {
    const index = this.entries.findIndex(
      ({ kind, target, source }) => kind === 'directory' && target === place && !source,
    );
    const made = this.entries[index];
    if (made !== undefined) this.entries[index] = { ...made, modified: Math.floor(stats.mtimeMs / 1000) };
  }

  addFile(destination: string, name: string, content: string, modified: number | null): void {
    const target = this.#placeOfFile(destination, name);
    this.entries.push({
      kind: 'file',
      target,
      content: Buffer.from(content),
      mode: this.#change?.(0o644, false) ?? 0o644,
      ...(this.#owner ?? { uid: 0, gid: 0 }),
      ...(modified === null ? {} : { modified }),
    });
  }

  /** In a directory under its name, else under the name of the destination. */
  #placeOfFile(destination: string, name: string): string {
    const { path, stats } = resolveInTree(this.#root, destination);
    const isDirectory = destination.endsWith('/') || stats?.isDirectory() || this.#made.has(path);
    if (isDirectory) return posix.join(this.enter(destination), name);
    // Links are followed, also one to what is not there yet.
    return posix.join(this.enter(posix.dirname(path)), posix.basename(path));
  }

  #add(entry: ScannedEntry, target: string, { isOwn = false, isParent = false } = {}): void {
    const { stats, path, link } = entry;
    const isDirectory = stats.isDirectory();
    const { uid, gid } = isOwn ? entry : (this.#owner ?? entry);
    const change = isOwn ? null : this.#change;
    if (stats.isFile() && stats.nlink > 1) {
      const inode = `${stats.dev}:${stats.ino}`;
      const earlier = this.#inodes.get(inode);
      if (earlier !== undefined) {
        this.entries.push({ kind: 'link', target, source: earlier });
        return;
      }
      this.#inodes.set(inode, target);
    }
    const mode = link === null && change !== null ? { mode: change(stats.mode & 0o7777, isDirectory) } : {};
    const kind = isDirectory ? 'directory' : stats.isFile() ? 'file' : 'other';
    if (isDirectory) this.#made.add(target);
    const attributes = entry.hasAttributes ? {} : { attributes: false };
    // Of directories that are there already all but the destination itself become as their sources (as in Docker).
    const updated = isDirectory && !isParent && !isOnlyImplied(entry, isOwn) ? { updated: true } : {};
    this.entries.push({ kind, target, source: path, uid, gid, ...mode, ...attributes, ...updated });
  }
}

/** A directory that an archive does not mention, of which it only has what lies below (addon/core/layer_tree.cc). */
function isOnlyImplied({ stats, uid, gid }: ScannedEntry, isUnpacked: boolean): boolean {
  return isUnpacked && stats.mtimeMs === 0 && (stats.mode & 0o7777) === 0o755 && uid === 0 && gid === 0;
}
