/** What steps read: contexts, images and other stages, opened once for a build. */
import { readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredImage } from '../image/store/resolve.ts';
import { ComposeError } from '../util/errors.ts';
import type { BuildCache } from './cache.ts';
import { cacheKey } from './cache.ts';
import { excludeRules, type IgnoreRules, nothingIgnored } from './context/ignore.ts';
import { isPattern } from './context/pattern.ts';
import { type FileMemory, openFileMemory } from './file-memory.ts';
import type { Origin } from './graph/stages.ts';
import type { CopyStep } from './graph/steps.ts';
import { imageState } from './image-state.ts';
import type { BuildMachine } from './machine.ts';
import type { NewLayers } from './new-layers.ts';
import { fetchSource, isRemoteSource } from './remote-sources.ts';
import type { BuildRequest, DirectoryContext } from './request.ts';
import { chainOf, layerDirectories, type StageState } from './stage-state.ts';
import { describeEntries } from './tree/digest.ts';
import { type OpenTree, openTree } from './tree/root.ts';
import { plainTree, type ScannedSource, type SourceTree, scanSource } from './tree/scan.ts';
import type { Workspace } from './workspace.ts';

export interface SourceOptions {
  readonly machine: BuildMachine;
  readonly request: BuildRequest;
  readonly workspace: Workspace;
  readonly cache: BuildCache;
  readonly layers: NewLayers;
  readonly images: ReadonlyMap<string, StoredImage>;
  stageState(index: number): Promise<StageState>;
  readonly signal: AbortSignal;
}

export class Sources implements AsyncDisposable {
  readonly #options: SourceOptions;
  readonly #trees = new Map<string, Promise<OpenTree>>();
  readonly #memories = new Map<string, FileMemory>();

  constructor(options: SourceOptions) {
    this.#options = options;
  }

  /**
   * What a COPY reads, as one digest, and the files themselves when somebody wants them: of a stage that is as it was
   * they are not looked at again.
   */
  async content(step: CopyStep): Promise<{ readonly digest: string; find(): Promise<readonly ScannedSource[]> }> {
    const { cache } = this.#options;
    const names = step.sources.map(({ value }) => value);
    const isRemote = step.isAdd && names.some(isRemoteSource);
    // What has a checksum is known without being fetched.
    if (isRemote && step.checksum !== null && names.every(isRemoteSource)) {
      return { digest: cacheKey(['remote', names, step.checksum]), find: () => this.scan(step) };
    }
    const state = isRemote ? null : await this.#stateOf(step.from);
    const memoryKey = state && cacheKey(['copy', chainOf(state), names, step.excludes, step.hasParents]);
    const known = memoryKey === null ? null : cache.findText(memoryKey);
    if (known !== null) return { digest: known, find: () => this.scan(step) };
    const sources = await this.scan(step);
    const digest = await this.#digest(step.from, sources);
    if (memoryKey !== null) await cache.keepText(memoryKey, digest);
    return { digest, find: async () => sources };
  }

  /** What the sources of a COPY are. Throws FILE_NOT_FOUND for one that is not there, unless it is a pattern. */
  async scan(step: CopyStep): Promise<ScannedSource[]> {
    if (step.sources.length === 0) return [];
    const remote = step.isAdd ? step.sources.filter(({ value }) => isRemoteSource(value)) : [];
    const tree = await this.#treeOf(step.from);
    const excluded = excludeRules(step.excludes);
    if (excluded === null) throw new ComposeError('INVALID', '--exclude: a pattern cannot be read');
    const found: ScannedSource[] = [];
    const { workspace, signal } = this.#options;
    for (const source of step.sources) {
      const { value } = source;
      if (remote.includes(source)) {
        found.push(...(await fetchSource(value, step, { directory: workspace.step().directory, signal })));
        continue;
      }
      const matches = scanSource(tree, value, { excluded, hasParents: step.hasParents });
      if (matches.length === 0 && !isPattern(value)) throw this.#missing(step.from, value, tree.ignored);
      found.push(...matches);
    }
    return found;
  }

  /** One digest for what the sources hold. */
  async #digest(origin: Origin, sources: readonly ScannedSource[]): Promise<string> {
    const { signal, request, workspace, machine } = this.#options;
    const directory = origin.kind === 'context' ? request.context : this.#directoryOf(origin);
    // What was fetched for this build lies nowhere else in the next one.
    const isKept = directory !== null && !directory.path.startsWith(`${workspace.directory}/`);
    const memory = isKept ? this.#memoryOf(directory.path) : null;
    // Of a directory's files none are taken over.
    const capabilityOf =
      directory === null ? (path: string) => machine.native.getXattr(path, 'security.capability') : null;
    const lines: string[] = [];
    for (const { name, isDirectory, entries } of sources) {
      lines.push(
        `${isDirectory} ${isDirectory ? '' : name}`,
        ...(await describeEntries(entries, { memory, capabilityOf, signal })),
      );
    }
    return cacheKey(lines);
  }

  /** The digest of all below a path, for a mount: from memory where the layers are the same as before. */
  async digestBelow(origin: Origin, path: string): Promise<string> {
    if (origin.kind === 'scratch') return 'scratch';
    const state = await this.#stateOf(origin);
    const memoryKey = state === null ? null : cacheKey(['below', chainOf(state), path]);
    const known = memoryKey === null ? null : this.#options.cache.findText(memoryKey);
    if (known !== null) return known;
    const tree = await this.#treeOf(origin);
    const scanned = scanSource(tree, path, { excluded: nothingIgnored, hasParents: false });
    const digest = await this.#digest(origin, scanned);
    if (memoryKey !== null) await this.#options.cache.keepText(memoryKey, digest);
    return digest;
  }

  /** Directories whose merged view is the source, top first. */
  async layersOf(origin: Origin): Promise<readonly string[]> {
    const { machine, workspace, layers } = this.#options;
    const state = await this.#stateOf(origin);
    if (state !== null) return layerDirectories(state, layers.pathOf);
    const directory = this.#directoryOf(origin);
    if (directory === null) return [];
    if (directory.ignored.isEmpty) return [directory.path];
    // What is ignored is covered by whiteouts.
    const mask = join(workspace.step().directory, 'mask');
    await maskIgnored(directory, mask, machine);
    return [mask, directory.path];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const tree of this.#trees.values()) await (await tree)[Symbol.asyncDispose]();
    for (const memory of this.#memories.values()) await memory.save();
  }

  #memoryOf(path: string): FileMemory {
    let memory = this.#memories.get(path);
    if (memory === undefined) {
      memory = openFileMemory(this.#options.machine.paths, path);
      this.#memories.set(path, memory);
    }
    return memory;
  }

  /** Layers of a stage or image; null for a directory. */
  async #stateOf(origin: Origin): Promise<StageState | null> {
    const { images, request } = this.#options;
    if (origin.kind === 'stage') return await this.#options.stageState(origin.stage);
    const named = origin.kind === 'named' ? request.contexts.get(origin.name) : undefined;
    const reference = origin.kind === 'image' ? origin.reference : named?.kind === 'image' ? named.reference : null;
    if (reference === null) return null;
    const image = images.get(reference);
    if (image === undefined) throw new Error(`image ${reference} was not planned`);
    return imageState(image);
  }

  #directoryOf(origin: Origin): DirectoryContext | null {
    if (origin.kind === 'context') return this.#options.request.context;
    const named = origin.kind === 'named' ? this.#options.request.contexts.get(origin.name) : undefined;
    return named?.kind === 'directory' ? named : null;
  }

  async #treeOf(origin: Origin): Promise<SourceTree> {
    const directory = this.#directoryOf(origin);
    if (directory !== null) {
      const { path: root, ignored, keepsOwners } = directory;
      return { root, ignored, owner: keepsOwners ? null : { uid: 0, gid: 0 }, hasAttributes: false };
    }
    const state = await this.#stateOf(origin);
    const chain = state === null ? '' : chainOf(state).join(' ');
    let tree = this.#trees.get(chain);
    if (tree === undefined) {
      const { machine, workspace } = this.#options;
      const lower = state === null ? [] : layerDirectories(state, this.#options.layers.pathOf);
      tree = openTree(machine.native, { lower, directory: workspace.step().directory, isWritable: false });
      this.#trees.set(chain, tree);
    }
    return plainTree((await tree).path);
  }

  #missing(origin: Origin, path: string, ignored: IgnoreRules): ComposeError {
    const directory = this.#directoryOf(origin);
    const where = directory === null ? 'the stage or image it is copied from' : `the context ${directory.path}`;
    const isIgnored = ignored.ignores(path.replace(/^\/+/, '').replace(/\/+$/, ''));
    return new ComposeError('FILE_NOT_FOUND', `there is no ${path} in ${where}`, {
      ...(isIgnored ? { hint: '.dockerignore leaves it out' } : {}),
    });
  }
}

async function maskIgnored(context: DirectoryContext, mask: string, { native }: BuildMachine): Promise<void> {
  /** Whether anything is left of a directory. */
  const visit = async (directory: string): Promise<boolean> => {
    await mkdir(join(mask, directory), { recursive: true });
    let isUsed = false;
    for (const entry of readdirSync(join(context.path, directory), { withFileTypes: true })) {
      const place = directory === '' ? entry.name : `${directory}/${entry.name}`;
      const isOut = context.ignored.ignores(place);
      const isEntered = entry.isDirectory() && (!isOut || context.ignored.mayKeepBelow(place));
      const isKept = isEntered ? (await visit(place)) || !isOut : !isOut;
      isUsed ||= isKept;
      if (isKept) continue;
      if (isEntered) await native.removeTree(join(mask, place));
      await native.mknodWhiteout(join(mask, place));
    }
    return isUsed;
  };
  await visit('');
}
