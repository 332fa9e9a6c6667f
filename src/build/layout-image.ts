/** Contexts that are images in a directory: `oci-layout://DIRECTORY[:TAG][@DIGEST]`, as buildx writes them. */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Platform } from '../image/oci.ts';
import type { Lease } from '../image/store/lease.ts';
import type { StoredImage } from '../image/store/resolve.ts';
import type { ImageStore } from '../image/store/store.ts';
import { ComposeError } from '../util/errors.ts';

const scheme = 'oci-layout://';

export function isLayoutReference(reference: string): boolean {
  return reference.startsWith(scheme);
}

/** The reference with an absolute path. Throws FILE_NOT_FOUND where no layout is. */
export function resolveLayout(
  written: string,
  attribute: readonly (string | number)[],
  workingDirectory: string,
): string {
  const { directory, rest } = partsOf(written);
  const path = resolve(workingDirectory, directory);
  if (statSync(join(path, 'index.json'), { throwIfNoEntry: false })?.isFile()) return `${scheme}${path}${rest}`;
  const reason = statSync(path, { throwIfNoEntry: false }) === undefined ? 'does not exist' : 'has no index.json';
  throw new ComposeError('FILE_NOT_FOUND', `the image layout ${path} ${reason}`, { attribute });
}

/** Takes the image into the store, which `lease` keeps there. Throws IMAGE_NOT_FOUND, INVALID, UNSUPPORTED. */
export async function importLayout(
  reference: string,
  options: {
    readonly store: ImageStore;
    readonly lease: Lease;
    readonly platform: Platform;
    readonly signal: AbortSignal;
  },
): Promise<StoredImage> {
  // Few builds read one.
  const [{ loadImage }, { openArchive }] = await Promise.all([
    import('../image/archive/load.ts'),
    import('../image/archive/source.ts'),
  ]);
  const { directory, tag, digest } = partsOf(reference);
  await using archive = await openArchive(directory);
  return { ...(await loadImage(archive, { tag, digest }, options)), reference };
}

function partsOf(reference: string) {
  const [, directory = '', rest = '', tag = null, digest = null] =
    /^(.*?)((?::([^:/@]+))?(?:@([^@/]+))?)$/s.exec(reference.slice(scheme.length)) ?? [];
  return { directory, rest, tag, digest };
}
