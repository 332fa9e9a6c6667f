/** `FROM rootfs:DIR`: an extracted root file system as an image of one layer. */
import { lstatSync, readdirSync } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Descriptor, describe, mediaTypes, type Platform } from '../image/oci.ts';
import { resolveRootfs } from '../image/rootfs.ts';
import type { Lease } from '../image/store/lease.ts';
import type { StoredImage } from '../image/store/resolve.ts';
import type { ImageStore } from '../image/store/store.ts';
import { writeLayer } from '../native/archive.ts';
import { ComposeError } from '../util/errors.ts';
import { type BuildCache, cacheKey } from './cache.ts';
import type { Workspace } from './workspace.ts';

export interface RootfsOptions {
  readonly store: ImageStore;
  readonly cache: BuildCache;
  readonly workspace: Workspace;
  readonly lease: Lease;
  readonly platform: Platform;
  readonly workingDirectory: string;
  readonly signal: AbortSignal;
}

/** Takes the directory into the store, unless it is there as it is now. Throws IMAGE_NOT_FOUND, UNSUPPORTED. */
export async function importRootfs(reference: string, options: RootfsOptions): Promise<StoredImage> {
  const { store, cache, lease, platform } = options;
  const resolved = await resolveRootfs(reference, options);
  const [directory] = resolved.layers;
  if (directory === undefined || resolved.origin === 'host') {
    throw new ComposeError('UNSUPPORTED', 'images cannot begin with this machine’s own root, rootfs:/', {
      hint: 'what is private on it would be in the image; name an extracted root',
    });
  }
  const key = cacheKey(['rootfs', directory, stampOf(directory), platform]);
  const known = cache.findText(key);
  if (known !== null) {
    const target = JSON.parse(known) as Descriptor;
    lease.protect(target.digest);
    if (store.blobs.has(target.digest)) {
      try {
        return { ...(await store.addImage(target, platform)), reference };
      } catch (error) {
        if (!(error instanceof ComposeError && error.code === 'IMAGE_NOT_FOUND')) throw error;
      }
    }
  }
  const target = await takeIn(directory, options);
  await cache.keepText(key, JSON.stringify(target));
  return { ...(await store.addImage(target, platform)), reference };
}

async function takeIn(
  directory: string,
  { store, workspace, lease, platform, signal }: RootfsOptions,
): Promise<Descriptor> {
  const archive = join(workspace.step().directory, 'layer.tar');
  const file = await open(archive, 'w', 0o600);
  let summary: Awaited<ReturnType<typeof writeLayer>>;
  try {
    summary = await writeLayer([directory], file.fd, {
      form: 'tree',
      compression: 'zstd',
      sourceDateEpoch: null,
      signal,
    });
  } finally {
    await file.close();
  }
  const { diffId, digest, sizeBytes } = summary;
  lease.protect(diffId, digest);
  await store.disk.wait();
  if (store.blobs.has(digest)) await unlink(archive);
  else await rename(archive, store.blobs.path(digest));
  await store.layers.unpack(diffId, { path: store.blobs.path(digest), sizeBytes }, { signal });
  const document = {
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    config: {},
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created_by: 'rootfs' }],
  };
  const config = await store.blobs.put(mediaTypes.ociConfig, Buffer.from(JSON.stringify(document)));
  const layer = { mediaType: mediaTypes.ociLayerZstd, digest, size: sizeBytes };
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [layer] };
  const bytes = Buffer.from(JSON.stringify(manifest));
  lease.protect(config.digest, describe(mediaTypes.ociManifest, bytes).digest);
  return await store.blobs.put(mediaTypes.ociManifest, bytes);
}

/** Changes whenever anything in the tree does. */
function stampOf(directory: string): string {
  const lines: string[] = [];
  const visit = (path: string): void => {
    for (const name of readdirSync(path).sort()) {
      const place = `${path}/${name}`;
      const { mode, uid, gid, size, mtimeMs, ctimeMs, ino, nlink } = lstatSync(place);
      lines.push([place, mode, uid, gid, size, mtimeMs, ctimeMs, ino, nlink].join(' '));
      if ((mode & 0o170000) === 0o040000) visit(place);
    }
  };
  visit(directory);
  return cacheKey(lines);
}
